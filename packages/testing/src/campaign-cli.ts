import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { campaign } from './campaign.js';
import { branchCoverage } from './coverage/branch-coverage.js';
import { runTool } from './run-tool.js';

const usage = `npm run sim:campaign -- [--minutes M] [--seed N] [--workers N] [--real] [--json]

Plays schedules on every core for M minutes (default 1), with the seeds N, N+1 … (default 1): one in twenty is a whole fleet under faults
(npm run sim), the others are HSMs in the hands of a host that attacks them (npm run sim:hostile). A schedule counts with at least 50 operations of
clients and 10 faults or attacks. Goes on after a violation; prints how to play it again.

Signatures, key agreement, sealing, HMAC, SHA-3 and the group are ideal ones, which cost little (packages/testing/README.md, "Ideal primitives"); each
401st schedule is played a second time with the real ones and has to go the same way ("twins"). --real: all of them are real.
branchCoverage is what the twins alone reach of the packages hsm and protocol, in percent; with the tests it is npm run coverage.
Ends with 1 after a violation.`;

/** @returns the process's exit code: 0 all good, 1 a violation, 2 bad arguments. */
async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: 'string', default: '1' },
      seed: { type: 'string', default: '1' },
      workers: { type: 'string' },
      real: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const { minutes, seed, workers } = values;
  const isNumber = /^\d{1,4}(\.\d{1,3})?$/.test(minutes) && /^\d{1,12}$/.test(seed) && /^\d{1,3}$/.test(workers ?? '1');
  if (values.help || !isNumber || Number(workers) === 0) {
    (values.help ? console.log : console.error)(usage);
    return values.help ? 0 : 2;
  }
  const coverageFolder = mkdtempSync(join(tmpdir(), 'coffer-campaign-'));
  try {
    const tally = await campaign({
      minutes: Number(minutes),
      seed: Number(seed),
      ...(workers === undefined ? {} : { workers: Number(workers) }),
      real: values.real,
      coverageFolder,
      onNews: ({ schedules, violations }) => {
        if (!values.json) console.error(`${schedules} schedules, ${violations.length} violations`);
      },
    });
    const { percent } = branchCoverage([coverageFolder], ['hsm', 'protocol']);
    const primitives = values.real ? 'real' : 'ideal';
    const result = { ...tally, branchCoverage: percent, primitives, seed: Number(seed), minutes: Number(minutes) };
    console.log(values.json ? JSON.stringify(result) : JSON.stringify(result, undefined, 2));
    return tally.violations.length === 0 ? 0 : 1;
  } finally {
    rmSync(coverageFolder, { recursive: true });
  }
}

await runTool(main);
