import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chain, contractFleet, term1 } from '@coffer/ledger';
import { SqliteLedger } from '@coffer/ledger-sqlite';
import { realPorts, withFile } from './env.js';

test('the example of the README', () =>
  withFile(async (path) => {
    const [fleet, term] = [contractFleet, term1];
    const { clock, timers } = realPorts;
    const ledger = await SqliteLedger.open(path, fleet, { clock, timers });
    await ledger.raiseTerm(0, term);
    const tail = await ledger.tail(0);
    assert.equal(await ledger.append(0, term, tail, chain(tail, term, 1)), 'appended');
    await ledger.close();
  }));
