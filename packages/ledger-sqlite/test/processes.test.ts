import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { equalBytes } from '@coffer/base';
import { contractFleet, genesisOf, type Ledger, readAll, term1, term2 } from '@coffer/ledger';
import { SqliteLedger } from '@coffer/ledger-sqlite';
import { realPorts, withFile } from './env.js';

const writer = fileURLToPath(new URL('./writer.js', import.meta.url));

function start(path: string, name: string, count: number): ChildProcess {
  return spawn(process.execPath, [writer, path, name, String(count)], { stdio: ['ignore', 'pipe', 'inherit'] });
}

/** The indexes that the process printed, once it has ended. `onLine` sees each as it comes. */
async function acknowledged(child: ChildProcess, onLine: (lines: number) => void = () => undefined): Promise<bigint[]> {
  const indexes: bigint[] = [];
  assert.ok(child.stdout);
  const exit = once(child, 'exit');
  for await (const line of createInterface({ input: child.stdout })) {
    indexes.push(BigInt(line));
    onLine(indexes.length);
  }
  await exit;
  return indexes;
}

/** Checks that the log is one chain from the genesis to the tail. @returns its length. */
async function checkChain(ledger: Ledger): Promise<number> {
  const rows = await readAll(ledger, 0);
  let previous = genesisOf(0);
  for (const row of rows) {
    assert.equal(row.index, previous.index + 1n);
    assert.ok(equalBytes(row.prevHash, previous.hash));
    assert.equal(row.body.length, 2_000);
    previous = row;
  }
  const tail = await ledger.tail(0);
  assert.equal(tail.index, previous.index);
  assert.ok(equalBytes(tail.hash, previous.hash));
  return rows.length;
}

test('processes that append at the same time build one chain', { timeout: 60_000 }, () =>
  withFile(async (path) => {
    const writers = ['one', 'two', 'three', 'four'].map((name) => start(path, name, 25));
    const indexes = (await Promise.all(writers.map((child) => acknowledged(child)))).flat();
    for (const child of writers) assert.equal(child.exitCode, 0);
    assert.deepEqual(
      indexes.sort((a, b) => Number(a - b)),
      Array.from({ length: 100 }, (_, i) => BigInt(2 * i + 2)),
      'every append was acknowledged to one writer',
    );
    const ledger = await SqliteLedger.open(path, contractFleet, realPorts);
    assert.equal(await checkChain(ledger), 200);
    await ledger.close();
  }),
);

test('a writer that is killed leaves a whole chain with everything it was told', { timeout: 60_000 }, () =>
  withFile(async (path) => {
    for (const killAfter of [1, 7, 20]) {
      const child = start(path, `killed${killAfter}`, 100_000);
      const indexes = await acknowledged(child, (lines) => {
        if (lines === killAfter) child.kill('SIGKILL');
      });
      assert.equal(child.signalCode, 'SIGKILL');
      const ledger = await SqliteLedger.open(path, contractFleet, realPorts);
      const length = await checkChain(ledger);
      assert.ok(length >= Number(indexes[indexes.length - 1]), 'an acknowledged row is missing');
      assert.equal(length % 2, 0, 'an append of two rows was torn');
      await ledger.close();
    }
  }),
);

test('a raised term stops the appends of another process', { timeout: 60_000 }, () =>
  withFile(async (path) => {
    const ledger = await SqliteLedger.open(path, contractFleet, realPorts);
    const child = start(path, 'old', 100_000);
    let lengthAtRaise: number | undefined;
    const indexes = await acknowledged(child, async (lines) => {
      if (lines !== 5) return;
      assert.equal(await ledger.raiseTerm(0, term2), 'raised');
      lengthAtRaise = Number((await ledger.tail(0)).index);
    });
    assert.equal(child.exitCode, 0, 'the writer saw that it was fenced');
    assert.equal(await checkChain(ledger), lengthAtRaise);
    assert.equal(Number(indexes[indexes.length - 1]), lengthAtRaise);
    assert.equal(await ledger.raiseTerm(0, term1), 'superseded');
    await ledger.close();
  }),
);
