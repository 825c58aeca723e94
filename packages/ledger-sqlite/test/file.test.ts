import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { chain, contractFleet, genesisOf, grow, LedgerError, type LedgerErrorCode, term1, term2 } from '@coffer/ledger';
import { SqliteLedger, triesMax } from '@coffer/ledger-sqlite';
import { Sqlite } from '@coffer/sqlite';
import { realPorts, VirtualTime, withFile } from './env.js';

const open = (path: string, fleet = contractFleet) => SqliteLedger.open(path, fleet, realPorts);

function hasCode(code: LedgerErrorCode): (error: unknown) => boolean {
  return (error) => error instanceof LedgerError && error.code === code;
}

/** Changes the file behind the ledger's back. */
function tamper(path: string, sql: string): void {
  const sqlite = Sqlite.open(path);
  sqlite.exec(sql);
  sqlite.close();
}

test('the file of another fleet is refused and left as it is', () =>
  withFile(async (path) => {
    await (await open(path)).close();
    const [first, second, third] = contractFleet.genesis;
    assert.ok(first && second && third);
    const others = [
      { ...contractFleet, configHash: new Uint8Array(32) },
      { ...contractFleet, genesis: [first, second] },
      { ...contractFleet, genesis: [first, third, second] },
      { ...contractFleet, genesis: [first, second, third, first] },
    ];
    for (const other of others) await assert.rejects(open(path, other), hasCode('other-fleet'));
    await (await open(path)).close();
  }));

test('what is not a ledger is refused', () =>
  withFile(async (path) => {
    const folder = dirname(path);
    const text = join(folder, 'text');
    writeFileSync(text, 'not a database, and long enough that nobody takes it for an empty one. '.repeat(20));
    await assert.rejects(open(text), hasCode('corrupt'));

    const database = join(folder, 'other.db');
    tamper(database, 'CREATE TABLE notes (text TEXT)');
    await assert.rejects(open(database), hasCode('corrupt'));

    const nowhere = join(folder, 'no', 'such', 'folder');
    await assert.rejects(open(nowhere), hasCode('unavailable'));
    mkdirSync(join(folder, 'folder'));
    await assert.rejects(open(join(folder, 'folder')), hasCode('unavailable'));

    await (await open(path)).close();
    tamper(path, 'PRAGMA user_version = 3');
    await assert.rejects(open(path), hasCode('corrupt'));
  }));

test('an empty file becomes a ledger', () =>
  withFile(async (path) => {
    writeFileSync(path, '');
    const ledger = await open(path);
    assert.equal((await ledger.tail(0)).index, 0n);
    await ledger.close();
  }));

const damages: readonly [string, string][] = [
  ['a missing row', 'DELETE FROM log_row WHERE row_index = 2'],
  ['a missing first row', 'DELETE FROM log_row WHERE row_index = 1'],
  ['a missing last row', 'DELETE FROM log_row WHERE row_index = 3'],
  ['a broken chain', 'UPDATE log_row SET prev_hash = zeroblob(32) WHERE row_index = 2'],
  ['another last hash', 'UPDATE log_row SET hash = zeroblob(32) WHERE row_index = 3'],
  ['a short hash', 'UPDATE log_row SET hash = zeroblob(31) WHERE row_index = 2'],
  ['a short term', 'UPDATE log_row SET term = zeroblob(9) WHERE row_index = 2'],
  ['a missing group', 'DELETE FROM log_group WHERE group_id = 0'],
  ['a missing table', 'DROP TABLE log_row'],
];

for (const [name, sql] of damages) {
  test(`${name} is noticed by a read`, () =>
    withFile(async (path) => {
      const ledger = await open(path);
      await grow(ledger, 0, term1, 3);
      tamper(path, sql);
      const readToTheEnd = async () => {
        for (let at = 1n; at <= 3n; ) at += BigInt((await ledger.read(0, at, 2)).length);
      };
      await assert.rejects(readToTheEnd, hasCode('corrupt'));
      await ledger.close();
    }));
}

test('a lock that is never released ends in unavailable, and nothing is written', () =>
  withFile(async (path) => {
    const time = new VirtualTime();
    const ledger = await SqliteLedger.open(path, contractFleet, { clock: time, timers: time });
    await ledger.raiseTerm(0, term1);
    const other = Sqlite.open(path);
    other.exec('BEGIN IMMEDIATE');
    const rows = chain(genesisOf(0), term1, 1);
    let settled = false;
    const outcome = ledger.append(0, term1, genesisOf(0), rows).finally(() => {
      settled = true;
    });
    outcome.catch(() => undefined);
    let pauses = 0;
    for (; !settled; pauses++) {
      assert.ok(pauses < 2 * triesMax, 'does not end');
      await new Promise(setImmediate);
      time.pass(100);
    }
    await assert.rejects(outcome, hasCode('unavailable'));
    assert.equal((await ledger.tail(0)).index, 0n, 'readers are not blocked');
    other.exec('ROLLBACK');
    other.close();
    assert.equal(await ledger.append(0, term1, genesisOf(0), rows), 'appended');
    await ledger.close();
  }));

test('a lock that is released in time is waited for', () =>
  withFile(async (path) => {
    const time = new VirtualTime();
    const ledger = await SqliteLedger.open(path, contractFleet, { clock: time, timers: time });
    const other = Sqlite.open(path);
    other.exec('BEGIN IMMEDIATE');
    const outcome = ledger.raiseTerm(0, term1);
    other.exec('ROLLBACK');
    other.close();
    await new Promise(setImmediate);
    time.pass(100);
    assert.equal(await outcome, 'raised');
    await ledger.close();
  }));

for (const backMs of [1, 1_000, 5_000_000_000]) {
  test(`a lease from before the clock was set back by ${backMs} ms does not hold`, () =>
    withFile(async (path) => {
      let nowMs = 10_000_000_000;
      const ledger = await SqliteLedger.open(path, contractFleet, {
        clock: { nowMs: () => nowMs },
        timers: realPorts.timers,
      });
      await ledger.lease.acquire(0, 1, 60_000);
      nowMs -= backMs;
      assert.equal((await ledger.lease.acquire(0, 2, 60_000)).holder, 2);
      await ledger.close();
    }));
}

test('a file of version 1 goes on, without its leases', () =>
  withFile(async (path) => {
    const before = await open(path);
    await grow(before, 0, term1, 2);
    await before.lease.acquire(0, 1, 60_000);
    await before.close();
    tamper(path, 'ALTER TABLE log_group DROP COLUMN lease_granted_ms; PRAGMA user_version = 1');
    const after = await open(path);
    assert.equal((await after.tail(0)).index, 2n);
    assert.equal((await after.lease.acquire(0, 2, 60_000)).holder, 2);
    await after.close();
  }));

test('the proof of the latest truncation is kept', () =>
  withFile(async (path) => {
    const ledger = await open(path);
    await grow(ledger, 0, term1, 3);
    await ledger.raiseTerm(0, term2);
    await ledger.truncateAfter(0, term2, genesisOf(0), Uint8Array.of(1, 2, 3));
    await ledger.close();
    const sqlite = Sqlite.open(path);
    assert.deepEqual(
      sqlite.all('SELECT base_index, proof FROM truncation').map((row) => ({ ...row })),
      [{ base_index: 0n, proof: Uint8Array.of(1, 2, 3) }],
    );
    sqlite.close();
  }));
