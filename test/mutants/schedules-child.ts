import { type Scenario, SimulationError, simulate } from '@coffer/testing';

/** Plays the schedules it is given, and prints the code of each violation, or null, as JSON. */
const scenarios = JSON.parse(process.argv[2] ?? '[]') as Scenario[];
const codes: (string | null)[] = [];
for (const scenario of scenarios) {
  try {
    await simulate(scenario);
    codes.push(null);
  } catch (cause) {
    if (!(cause instanceof SimulationError)) throw cause;
    codes.push(cause.code);
  }
}
console.log(JSON.stringify(codes));
