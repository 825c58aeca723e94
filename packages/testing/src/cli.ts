import { writeFileSync } from 'node:fs';
import { campaignScenario } from './campaign-scenario.js';
import { type CliOptions, parseCli, usage } from './cli-options.js';
import { SimulationError } from './errors.js';
import { persistPointsOf } from './every-write.js';
import { encodeHistory } from './linearizability/history-lines.js';
import { runTool } from './run-tool.js';
import { commandOf, shrink } from './shrink.js';
import { type Scenario, simulate } from './simulate.js';

/** @returns the process's exit code: 0 all good, 1 a violation, 2 bad arguments. */
async function main(args: readonly string[]): Promise<number> {
  const options = parseCli(args);
  if (options === undefined) {
    const isHelp = args.includes('--help');
    (isHelp ? console.log : console.error)(usage);
    return isHelp ? 0 : 2;
  }
  for await (const scenario of scenarios(options)) {
    if (!(await plays(scenario, options))) return 1;
  }
  return 0;
}

async function* scenarios({ scenario, schedules, everyWrite, campaign }: CliOptions): AsyncGenerator<Scenario> {
  const { seed } = scenario;
  for (let i = 0; i < schedules; i++) {
    const own = i === 0 ? seed : String(Number(seed) + i);
    const one = campaign ? { ...scenario, ...campaignScenario(own) } : { ...scenario, seed: own };
    if (!everyWrite) yield one;
    else for (const crashAt of await persistPointsOf(one)) yield { ...one, crashAt };
  }
}

async function plays(scenario: Scenario, { trace, shrinks, history }: CliOptions): Promise<boolean> {
  try {
    const report = await simulate({
      ...scenario,
      ...(history === undefined ? {} : { onHistory: (all) => writeFileSync(history, encodeHistory(all)) }),
      ...(trace ? { onLine: (line: string) => console.log(line) } : {}),
    });
    console.log(JSON.stringify(report));
    return true;
  } catch (error) {
    if (!(error instanceof SimulationError)) throw error;
    if (!trace) tell(error);
    console.error(`${error.code}: ${error.message}\nagain: ${commandOf(scenario)} --trace`);
    if (shrinks) await showSmallest(scenario, error);
    return false;
  }
}

async function showSmallest(scenario: Scenario, found: SimulationError): Promise<void> {
  const { scenario: smallest, error, tries } = await shrink(scenario, found);
  console.error(`\nthe smallest schedule found that still shows it, after ${tries} others:`);
  tell(error);
  console.error(`${error.code}: ${error.message}`);
  for (const { number, atMs, kind } of error.faults) console.error(`fault ${number} at ${atMs} ms: ${kind}`);
  console.error(`again: ${commandOf(smallest)} --trace`);
}

function tell({ code, trace, cause }: SimulationError): void {
  for (const line of trace) console.error(line);
  if (code === 'crashed') console.error(cause);
}

await runTool(main);
