import { appendFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { encodeEvent, encodeHead, historyEdn, runTool } from '@coffer/testing';
import type { OpenFleet } from '../../dist/fleet/open-fleet.js';
import { linearize } from './run.js';

const usage = `npm run linearize -- [--minutes M] [--seed TEXT] [--accounts N] [--callers N] [--json] [--out FILE.jsonl] [--edn FILE.edn]

A fleet of five sites in real processes on this machine; N callers on each of N accounts, while processes are killed
(SIGKILL) and frozen (SIGSTOP) and connections cut for M minutes; then all that the callers heard is checked.
The seed fixes the plan, not what the processes make of it: every run is another one. --out keeps the history.`;

/** @returns the process's exit code: 0 linearizable, 1 not, 2 bad arguments. */
async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: 'string', default: '1' },
      seed: { type: 'string', default: String(process.pid) },
      accounts: { type: 'string', default: '3' },
      callers: { type: 'string', default: '3' },
      json: { type: 'boolean', default: false },
      out: { type: 'string' },
      edn: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const { minutes, accounts, callers, out, edn, seed, json } = values;
  const isNumber = (text: string): boolean => /^\d{1,4}(\.\d+)?$/.test(text) && Number(text) > 0;
  if (values.help || ![minutes, accounts, callers].every(isNumber)) {
    (values.help ? console.log : console.error)(usage);
    return values.help ? 0 : 2;
  }

  let open: OpenFleet | undefined;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    // A frozen process would not notice that we are gone.
    process.once(signal, () => void (open?.fleet.kill() ?? Promise.resolve()).then(() => process.exit(130)));
  }
  const budgetLimit = 10;
  if (out !== undefined)
    writeFileSync(out, encodeHead({ v: 1, clock: 'monotonic', budgetLimit, origin: `seed ${seed}` }));
  const { report, history } = await linearize({
    seed,
    troubleMs: Number(minutes) * 60_000,
    accounts: Number(accounts),
    callersPerAccount: Number(callers),
    // At once, so that the history of a run that was broken off is there.
    onEvent: (event) => {
      if (out !== undefined) appendFileSync(out, encodeEvent(event));
    },
    onFleet: (fleet) => {
      open = fleet;
    },
  });
  if (edn !== undefined) writeFileSync(edn, historyEdn(history));
  if (json) console.log(JSON.stringify(report));
  else {
    const { ok, finding, calls, unknown, repeats, seconds, troubles } = report;
    const { killed, frozen, cut, deaf } = troubles;
    console.log(`seed ${seed}: ${calls} calls in ${seconds} s, ${unknown} of unknown outcome, ${repeats} repeats`);
    console.log(
      `${killed} processes killed, ${frozen} frozen; connections cut ${cut} times, answers lost ${deaf} times`,
    );
    console.log(ok ? 'linearizable' : `${finding?.code}\n${finding?.message}`);
  }
  return report.ok ? 0 : 1;
}

await runTool(main);
