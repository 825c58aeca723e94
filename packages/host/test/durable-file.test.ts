import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { HostError, makeFolder, makeFolders, readFileIfAny, replaceFile } from '@coffer/host';

const root = mkdtempSync(join(tmpdir(), 'coffer-host-'));
after(() => rmSync(root, { recursive: true }));

test('a replaced file has the new bytes, is its user’s alone, and leaves nothing beside it', () => {
  const folder = join(root, 'one');
  mkdirSync(folder);
  const path = join(folder, 'state');
  replaceFile(path, Uint8Array.of(1, 2, 3));
  replaceFile(path, 'second');
  assert.equal(readFileSync(path, 'utf8'), 'second');
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(folder), ['state']);
});

test('what a crash left of an earlier replacement is overwritten', () => {
  const path = join(root, 'after-crash');
  writeFileSync(`${path}.new`, 'half of some');
  replaceFile(path, 'whole');
  assert.equal(readFileSync(path, 'utf8'), 'whole');
});

test('a file that cannot be written keeps its old bytes', () => {
  const folder = join(root, 'blocked');
  mkdirSync(folder);
  const path = join(folder, 'state');
  replaceFile(path, 'old');
  // A folder in the place of the temporary file: the write fails for any user, also for root.
  mkdirSync(`${path}.new`);
  assert.throws(
    () => replaceFile(path, 'new'),
    (error: unknown) => error instanceof HostError && error.code === 'file',
  );
  assert.equal(readFileSync(path, 'utf8'), 'old');
});

test('a missing file is undefined; one that cannot be read is an error', () => {
  assert.equal(readFileIfAny(join(root, 'nowhere')), undefined);
  assert.throws(
    () => readFileIfAny(root),
    (error: unknown) => error instanceof HostError && error.code === 'file',
  );
});

test('a folder is made once, for its user alone, and only where its parent is', () => {
  const path = join(root, 'made');
  makeFolder(path);
  makeFolder(path);
  assert.equal(statSync(path).mode & 0o777, 0o700);
  assert.throws(
    () => makeFolder(join(root, 'no', 'parent')),
    (error: unknown) => error instanceof HostError && error.code === 'file',
  );
});

test('folders are made down to the last one, and where they cannot be made an error says so', () => {
  const path = join(root, 'down', 'to', 'here');
  makeFolders(path);
  makeFolders(path);
  assert.equal(statSync(join(root, 'down')).mode & 0o777, 0o700);
  writeFileSync(join(path, 'file'), '');
  for (const place of [join(path, 'file'), join(path, 'file', 'below')]) {
    assert.throws(() => makeFolders(place), { code: 'file' });
  }
});

// `mkdir` with `recursive` of Node 20 and 22 spins there for ever.
test('a folder below /proc is refused', { skip: process.platform !== 'linux' }, () => {
  assert.throws(() => makeFolders('/proc/nope/deeper'), { code: 'file' });
});
