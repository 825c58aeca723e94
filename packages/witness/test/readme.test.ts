import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { encodeVerifierKey } from '@coffer/transparency';
import { seedOf, TestClock, TestLog } from './harness.js';

test('the example of the README runs', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'coffer-witness-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const example = /```js\n([\s\S]*?)```/.exec(readme)?.[1];
  assert.ok(example);
  const log = new TestLog(3);
  const { noteSigner, decodeVerifierKey } = await import('@coffer/transparency');
  const { FolderWitnessStore, serveWitness, Witness } = await import('@coffer/witness');
  const scope = {
    assert,
    noteSigner,
    decodeVerifierKey,
    FolderWitnessStore,
    serveWitness,
    Witness,
    seed: seedOf('w1'),
    logVkey: encodeVerifierKey(log.signer),
    folder,
    clock: new TestClock(),
    body: log.request(0, 3),
  };
  const run = new Function(...Object.keys(scope), `return (async () => {${example}})();`);
  await run(...Object.values(scope));
});
