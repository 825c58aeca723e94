import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { encodeCheckpoint, encodeNote, noteSigner, signNote } from '@coffer/transparency';
import { keep, keptCheckpoint } from '../dist/audit/kept-checkpoint.js';

const root = mkdtempSync(join(tmpdir(), 'coffer-kept-'));
after(() => rmSync(root, { recursive: true }));

const origin = 'log.example/fleet-keys';
const text = encodeCheckpoint({ origin, size: 1, root: new Uint8Array(32) });
const note = encodeNote({ text, signatures: [signNote(text, noteSigner(origin, 'log', new Uint8Array(32).fill(7)))] });

test('a kept checkpoint is found again; a file that is none of this log is refused and not touched', () => {
  const file = join(root, 'new', 'a.checkpoint');
  assert.equal(keptCheckpoint(file, { origin }), undefined);
  keep(file, note);
  assert.deepEqual(keptCheckpoint(file, { origin }), note);
  const seed = join(root, 'operator.seed');
  writeFileSync(seed, `${'3b'.repeat(32)}\n`);
  const refused = { code: 'usage', reason: 'bad-state' };
  assert.throws(() => keptCheckpoint(seed, { origin }), refused);
  assert.throws(() => keptCheckpoint(file, { origin: 'log.example/other' }), refused);
  assert.equal(readFileSync(seed, 'utf8').length, 65);
});
