import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { utf8 } from '@coffer/base';
import { fraudProofsMax, keepFraud } from '../dist/device/fraud-keeper.js';

const root = mkdtempSync(join(tmpdir(), 'coffer-fraud-'));
after(() => rmSync(root, { recursive: true }));

const proof = (n: number): Uint8Array => utf8(`{"proof":${n}}`);

function folder(name: string): string {
  mkdirSync(join(root, name));
  return join(root, name);
}

test('a folder holds so many proofs and no more; one that is there is found again', () => {
  const full = folder('full');
  const files = Array.from({ length: fraudProofsMax }, (_, n) => keepFraud(full, proof(n)).fraudProof);
  assert.equal(new Set(files).size, fraudProofsMax);
  assert.ok(!files.includes(null));
  const { fraudProof, ...why } = keepFraud(full, proof(fraudProofsMax));
  assert.deepEqual([fraudProof, why], [null, { why: `${full} holds ${fraudProofsMax} of them already` }]);
  assert.deepEqual(keepFraud(full, proof(3)), { fraudProof: files[3] });
  assert.equal(readdirSync(full).length, fraudProofsMax);
});

test('a file that was damaged is written again', () => {
  const damaged = folder('damaged');
  const { fraudProof: file } = keepFraud(damaged, proof(1));
  assert.ok(file !== null);
  writeFileSync(file, '{"proof":');
  assert.deepEqual(keepFraud(damaged, proof(1)), { fraudProof: file });
  assert.deepEqual(new Uint8Array(readFileSync(file)), proof(1));
});

test('where nothing can be written it says so, and throws nothing', () => {
  const file = join(root, 'no-folder');
  writeFileSync(file, '');
  const { fraudProof, ...why } = keepFraud(file, proof(1));
  assert.equal(fraudProof, null);
  assert.match(JSON.stringify(why), /ENOTDIR/);
});
