import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { FileLock, replaceFile } from '@coffer/host';

test('the example of the README', () => {
  const folder = mkdtempSync(join(tmpdir(), 'coffer-readme-'));
  try {
    replaceFile(join(folder, 'state.bin'), Uint8Array.of(1, 2, 3));
    const lock = FileLock.acquire(join(folder, 'state.lock'));
    lock.release();
    assert.deepEqual([...readFileSync(join(folder, 'state.bin'))], [1, 2, 3]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
