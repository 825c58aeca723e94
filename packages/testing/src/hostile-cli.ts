import { parseArgs } from 'node:util';
import { SimulationError } from './errors.js';
import { type HostileReport, playHostile } from './hostile/play-hostile.js';
import { runTool } from './run-tool.js';

const usage = `npm run sim:hostile -- [--seed N] [--schedules M] [--moves K] [--operations O] [--sites N --tolerance S] [--restored R] [--json] [--trace]

A host attacks honest HSMs in M schedules with the seeds N, N+1 ... and stops at the first violation. The fleet is drawn unless
given. --restored: how many HSMs have old states put back; default as many as the fleet declares (--tolerance).
--operations: goes on after its moves, up to two and a half times as many, until HSMs were given O requests of people.
--trace prints every line of the schedule. The same arguments give the same schedule.`;

const numbers = ['seed', 'schedules', 'moves', 'operations', 'sites', 'tolerance', 'restored'] as const;

/** @returns the process's exit code: 0 all good, 1 a violation, 2 bad arguments. */
async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seed: { type: 'string', default: '1' },
      schedules: { type: 'string', default: '20' },
      moves: { type: 'string', default: '120' },
      operations: { type: 'string', default: '0' },
      sites: { type: 'string' },
      tolerance: { type: 'string' },
      restored: { type: 'string' },
      json: { type: 'boolean', default: false },
      trace: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(usage);
    return 0;
  }
  const isGood = numbers.every((name) => values[name] === undefined || /^\d{1,12}$/.test(values[name]));
  if (!isGood || (values.sites === undefined) !== (values.tolerance === undefined)) {
    console.error(usage);
    return 2;
  }
  const optional = (name: 'sites' | 'tolerance' | 'restored', as: string) =>
    values[name] === undefined ? {} : { [as]: Number(values[name]) };
  const startMs = performance.now();
  const reports: HostileReport[] = [];
  for (let i = 0; i < Number(values.schedules); i++) {
    try {
      const report = await playHostile({
        seed: String(Number(values.seed) + i),
        moves: Number(values.moves),
        operationsMin: Number(values.operations),
        ...optional('sites', 'sites'),
        ...optional('tolerance', 'rollbackTolerance'),
        ...optional('restored', 'restored'),
        ...(values.trace ? { onLine: (line: string) => console.log(line) } : {}),
      });
      reports.push(report);
      if (!values.json) console.log(JSON.stringify(report));
    } catch (error) {
      if (!(error instanceof SimulationError)) throw error;
      if (!values.trace) for (const line of error.trace) console.error(line);
      console.error(`${error.code}: ${error.message}`);
      if (error.code === 'crashed') console.error(error.cause);
      return 1;
    }
  }
  if (values.json) console.log(JSON.stringify(summary(reports, Math.round(performance.now() - startMs))));
  return 0;
}

function summary(reports: readonly HostileReport[], realMs: number): object {
  const sum = (of: (report: HostileReport) => number): number => reports.reduce((all, one) => all + of(one), 0);
  const made: Record<string, number> = {};
  for (const { moves } of reports)
    for (const [name, count] of Object.entries(moves)) made[name] = (made[name] ?? 0) + count;
  return {
    schedules: reports.length,
    violations: 0,
    realMs,
    frames: sum((report) => report.frames),
    refused: sum((report) => report.refused),
    restarts: sum((report) => report.restarts),
    released: sum((report) => report.released),
    heard: sum((report) => report.heard),
    proofs: sum((report) => report.proofs),
    moves: made,
  };
}

await runTool(main);
