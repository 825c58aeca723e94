import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { HostError, readSeedFile, writeSeedFile } from '@coffer/host';

const folder = mkdtempSync(join(tmpdir(), 'coffer-seed-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const seed = Uint8Array.from({ length: 32 }, (_, i) => i);

const isConfigError = (error: unknown): boolean => error instanceof HostError && error.code === 'bad-config';

test('a seed is written once, for its owner alone, and read again', () => {
  const file = join(folder, 'a.seed');
  writeSeedFile(file, seed);
  assert.deepEqual(readSeedFile(file), seed);
  if (process.platform !== 'win32') assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.throws(() => writeSeedFile(file, seed.slice().reverse()), isConfigError);
  assert.deepEqual(readSeedFile(file), seed, 'the first one is still there');
  assert.throws(() => writeSeedFile(join(folder, 'missing', 'a.seed'), seed), { code: 'file' });
  assert.throws(() => writeSeedFile(join(folder, 'b.seed'), seed.slice(1)), isConfigError);
});

test('anything else is refused, and the message has nothing of it', () => {
  const file = join(folder, 'c.seed');
  const digits = '0f'.repeat(32);
  for (const text of ['', digits.slice(1), `${digits}0`, digits.toUpperCase(), `${digits} ${digits}`, ` ${digits}`]) {
    writeFileSync(file, text, { mode: 0o600 });
    assert.throws(
      () => readSeedFile(file),
      (error: Error) => isConfigError(error) && !error.message.includes('0f'),
    );
  }
  assert.throws(() => readSeedFile(join(folder, 'none.seed')), isConfigError);
  writeFileSync(file, `${digits}\n`);
  if (process.platform === 'win32') return;
  for (const mode of [0o640, 0o604, 0o620]) {
    chmodSync(file, mode);
    assert.throws(() => readSeedFile(file), isConfigError);
  }
  chmodSync(file, 0o600);
  assert.equal(readSeedFile(file).length, 32);
  assert.equal(readFileSync(file, 'utf8').length, 65);
});
