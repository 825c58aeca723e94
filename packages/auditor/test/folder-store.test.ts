import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { AuditorError, FolderStore } from '@coffer/auditor';

const root = mkdtempSync(join(tmpdir(), 'coffer-auditor-store-'));
after(() => rmSync(root, { recursive: true }));

test('a name is a path below the folder, made with its folders', () => {
  const store = new FolderStore(root);
  assert.equal(store.read('a_b.c/d/1'), undefined);
  store.write('a_b.c/d/1', Uint8Array.of(1));
  store.write('a_b.c/d/1', Uint8Array.of(2));
  store.write('a_b.c/d/2', Uint8Array.of(3));
  assert.deepEqual(new FolderStore(root).read('a_b.c/d/1'), Uint8Array.of(2));
  assert.deepEqual(readdirSync(join(root, 'a_b.c', 'd')), ['1', '2']);
});

test('a name that would leave the folder is our own bug, and is refused', () => {
  const store = new FolderStore(root);
  for (const name of ['', '.', '..', '../x', 'a/../b', 'a//b', '/a', 'a/', 'A', 'a/.b', 'a\\b', 'a\0b']) {
    const isRefused = (error: unknown) => error instanceof AuditorError && error.code === 'internal';
    assert.throws(() => store.read(name), isRefused, name);
    assert.throws(() => store.write(name, Uint8Array.of(1)), isRefused, name);
  }
});
