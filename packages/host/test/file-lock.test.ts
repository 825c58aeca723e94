import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { FileLock, HostError } from '@coffer/host';

const root = mkdtempSync(join(tmpdir(), 'coffer-lock-'));
after(() => rmSync(root, { recursive: true }));

const isInUse = (error: unknown): boolean => error instanceof HostError && error.code === 'in-use';

async function holder(path: string): Promise<ChildProcess> {
  const script = fileURLToPath(new URL('./lock-holder.js', import.meta.url));
  const child = spawn(process.execPath, ['--expose-gc', script, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  return child;
}

test('one holder at a time, in this process too; released, it is free again', () => {
  const path = join(root, 'own');
  const first = FileLock.acquire(path);
  assert.throws(() => FileLock.acquire(path), isInUse);
  first.release();
  first.release();
  FileLock.acquire(path).release();
});

test('another process holds it until it is killed, and then nothing is left of it', async () => {
  const path = join(root, 'other');
  const child = await holder(path);
  try {
    assert.throws(() => FileLock.acquire(path), isInUse);
  } finally {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  FileLock.acquire(path).release();
});

test('a lock that cannot be made is an error of its own', () => {
  const isFile = (error: unknown): boolean => error instanceof HostError && error.code === 'file';
  assert.throws(() => FileLock.acquire(join(root, 'no-such-folder', 'lock')), isFile);
});
