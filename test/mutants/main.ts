import { parseArgs } from 'node:util';
import { runTool } from '@coffer/testing';
import { allMutants } from './catalog.js';
import { judge, type Report } from './judge.js';
import { mutantTable } from './table.js';

const usage = `npm run mutants -- [--json] [--only TEXT] [--schedules N] [--table]

Applies one patch for each safety rule to the built code in memory or in a copy, and runs what should notice. --only takes mutants
whose name, rule or rule number contains TEXT. --schedules: of the hostile host, against each HSM that is a mutant (default 3). --table: no runs,
only the table of rules and mutants that docs/testing.md has.
Exit code 1 if a mutant survives everything that was run.`;

/** @returns the process's exit code: 0 all killed, 1 a survivor, 2 bad arguments. */
async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      json: { type: 'boolean', default: false },
      only: { type: 'string', default: '' },
      schedules: { type: 'string', default: '3' },
      table: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help || !/^\d{1,6}$/.test(values.schedules)) {
    console.error(usage);
    return values.help ? 0 : 2;
  }
  const mutants = (await allMutants(Number(values.schedules))).filter(({ name, rule, keeps }) =>
    [name, rule, ...keeps].some((text) => text.includes(values.only)),
  );
  if (mutants.length === 0) {
    console.error(`no mutant with: ${values.only}`);
    return 2;
  }
  if (values.table) {
    console.log(mutantTable(mutants));
    return 0;
  }
  const reports: Report[] = [];
  for (const mutant of mutants) {
    const report = await judge(mutant);
    reports.push(report);
    if (!values.json) console.log(line(report));
  }
  const survived = reports.filter(({ killedBy }) => killedBy.length === 0).length;
  if (values.json) console.log(JSON.stringify({ total: reports.length, survived, mutants: reports }));
  else console.log(`${reports.length} mutants, ${survived} survived`);
  return survived === 0 ? 0 : 1;
}

function line({ name, killedBy, tests, schedules }: Report): string {
  const seeds = schedules.of === 0 ? '' : `, ${schedules.killed} of ${schedules.of} schedules`;
  const how = killedBy.length === 0 ? 'SURVIVED' : `killed by ${tests.killed} of ${tests.of} tests${seeds}`;
  return `${name}: ${how}${killedBy.length === 0 ? '' : ` (${killedBy.join('; ')})`}`;
}

await runTool(main);
