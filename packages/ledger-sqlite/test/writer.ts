/**
 * A process of its own that appends to a ledger: `node writer.js PATH NAME COUNT`. Prints the index of each row once
 * the append has resolved, so that whoever kills it knows what must be there.
 */
import { chain, contractFleet, term1 } from '@coffer/ledger';
import { SqliteLedger } from '@coffer/ledger-sqlite';
import { realPorts } from './env.js';

const [path, name, count] = process.argv.slice(2) as [string, string, string];
const ledger = await SqliteLedger.open(path, contractFleet, realPorts);
await ledger.raiseTerm(0, term1);
for (let written = 0; written < Number(count); ) {
  const tail = await ledger.tail(0);
  const rows = chain(tail, term1, 2, name, 2_000);
  const outcome = await ledger.append(0, term1, tail, rows);
  if (outcome === 'conflict') continue;
  if (outcome === 'fenced') break;
  written += 1;
  process.stdout.write(`${tail.index + 2n}\n`);
}
await ledger.close();
