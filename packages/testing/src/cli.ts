import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { SimulationError } from './errors.js';
import { allFaults, noFaults } from './faults.js';
import { encodeHistory } from './linearizability/history-lines.js';
import { type Scenario, simulate } from './simulate.js';

const usage = `npm run sim -- [--seed TEXT] [--sites N] [--groups N] [--schedules K] [--accounts N] [--calls N] [--guessers N] [--calm] [--trace] [--history FILE]

Plays K schedules with the seeds TEXT, TEXT+1 ... (TEXT must be a number for K over 1) and stops at the first violation.
--trace prints every line of the schedule; --history writes what the clients of the last one asked and heard. The same arguments give the same schedule.`;

/** @returns the process's exit code: 0 all good, 1 a violation, 2 bad arguments. */
async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seed: { type: 'string', default: '1' },
      sites: { type: 'string', default: '5' },
      groups: { type: 'string', default: '2' },
      schedules: { type: 'string', default: '1' },
      accounts: { type: 'string', default: '3' },
      calls: { type: 'string', default: '5' },
      guessers: { type: 'string', default: '0' },
      calm: { type: 'boolean', default: false },
      trace: { type: 'boolean', default: false },
      history: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(usage);
    return 0;
  }
  const numbers = [values.sites, values.groups, values.schedules, values.accounts, values.calls, values.guessers];
  if (numbers.some((text) => !/^\d{1,9}$/.test(text)) || (values.schedules !== '1' && !/^\d{1,9}$/.test(values.seed))) {
    console.error(usage);
    return 2;
  }
  const { history } = values;
  for (let i = 0; i < Number(values.schedules); i++) {
    const scenario: Scenario = {
      seed: i === 0 ? values.seed : String(Number(values.seed) + i),
      sites: Number(values.sites),
      groups: Number(values.groups),
      accounts: Number(values.accounts),
      calls: Number(values.calls),
      guessers: Number(values.guessers),
      faults: values.calm ? noFaults : allFaults,
      ...(history === undefined ? {} : { onHistory: (all) => writeFileSync(history, encodeHistory(all)) }),
      ...(values.trace ? { onLine: (line: string) => console.log(line) } : {}),
    };
    try {
      console.log(JSON.stringify(await simulate(scenario)));
    } catch (error) {
      if (!(error instanceof SimulationError)) throw error;
      if (!values.trace) for (const line of error.trace) console.error(line);
      console.error(`${error.code}: ${error.message}`);
      if (error.code === 'crashed') console.error(error.cause);
      return 1;
    }
  }
  return 0;
}

process.exitCode = await main(process.argv.slice(2));
