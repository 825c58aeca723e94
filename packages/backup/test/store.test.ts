import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type BackupStore, FolderBackupStore, isObjectName, objectNameBytesMax } from '@coffer/backup';
import { once } from '../dist/sealed-object.js';
import { bytesOf, chunked, coded, folder, MemoryStore, seeded } from './helpers.js';

/** What every backup store must do. */
const stores: readonly [string, (t: TestContext) => Promise<BackupStore>][] = [
  ['folder', async (t) => new FolderBackupStore(join(await folder(t), 'made', 'at first put'))],
  ['memory', async () => new MemoryStore()],
];

async function namesOf(store: BackupStore, prefix: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of store.list(prefix)) names.push(name);
  return names.sort();
}

for (const [kind, make] of stores) {
  test(`store contract (${kind}): what was put is got, whole and in parts`, async (t) => {
    const store = await make(t);
    const bytes = seeded('object').bytes(200_000);
    assert.equal(await store.put('a/b/c', chunked(bytes, 1, 70_000)), bytes.length);
    assert.deepEqual(await bytesOf(await store.get('a/b/c')), bytes);
    assert.deepEqual(
      await bytesOf(await store.get('a/b/c', { offset: 65_535, length: 65_538 })),
      bytes.slice(65_535, 131_073),
    );
    assert.deepEqual(await bytesOf(await store.get('a/b/c', { offset: 199_999, length: 50 })), bytes.slice(199_999));
    assert.deepEqual(await bytesOf(await store.get('a/b/c', { offset: 300_000, length: 50 })), new Uint8Array(0));
  });

  test(`store contract (${kind}): put replaces, and one whose source throws changes nothing`, async (t) => {
    const store = await make(t);
    await store.put('x', once(Buffer.from('old')));
    const failing = (async function* () {
      yield Buffer.from('new and very much');
      throw new Error('source failed');
    })();
    await assert.rejects(store.put('x', failing), /source failed/);
    assert.equal(Buffer.from(await bytesOf(await store.get('x'))).toString(), 'old');
    await assert.rejects(
      store.put(
        'y',
        (async function* () {
          yield* [];
          throw new Error('source failed');
        })(),
      ),
      /source failed/,
    );
    assert.deepEqual(await namesOf(store, ''), ['x']);
    await store.put('x', once(Buffer.from('new')));
    assert.equal(Buffer.from(await bytesOf(await store.get('x'))).toString(), 'new');
  });

  test(`store contract (${kind}): list, remove, and what is missing`, async (t) => {
    const store = await make(t);
    assert.deepEqual(await namesOf(store, ''), []);
    for (const name of ['a/one', 'a/two', 'ab/three', 'a.b', 'z']) await store.put(name, once(Buffer.from(name)));
    assert.deepEqual(await namesOf(store, ''), ['a.b', 'a/one', 'a/two', 'ab/three', 'z']);
    assert.deepEqual(await namesOf(store, 'a/'), ['a/one', 'a/two']);
    assert.deepEqual(await namesOf(store, 'a'), ['a.b', 'a/one', 'a/two', 'ab/three']);
    for await (const { name, bytes } of store.list('a/')) assert.equal(bytes, name.length);
    await store.remove('a/one');
    await store.remove('a/one');
    await store.remove('a/two');
    assert.deepEqual(await namesOf(store, ''), ['a.b', 'ab/three', 'z']);
    await assert.rejects(async () => bytesOf(await store.get('a/one')), coded('missing-object'));
  });

  test(`store contract (${kind}): a name that could leave the store is refused`, async (t) => {
    const store = await make(t);
    for (const name of [
      '',
      '/a',
      'a/',
      'a//b',
      '..',
      '../a',
      'a/../b',
      'a/..',
      '.a',
      'a.',
      'A',
      'a b',
      'a\\b',
      'a\0',
      'ä',
    ]) {
      await assert.rejects(store.put(name, once(new Uint8Array(1))), coded('bad-object-name'), name);
      await assert.rejects(async () => bytesOf(await store.get(name)), coded('bad-object-name'), name);
    }
  });
}

test('object names: the limits', () => {
  assert.equal(isObjectName('a'.repeat(objectNameBytesMax)), true);
  assert.equal(isObjectName('a'.repeat(objectNameBytesMax + 1)), false);
  assert.equal(isObjectName('a/a/a/a/a/a/a/a'), true);
  assert.equal(isObjectName('a/a/a/a/a/a/a/a/a'), false);
});

test('folder store: neither unfinished objects nor files of others are listed', async (t) => {
  const root = await folder(t);
  const store = new FolderBackupStore(root);
  await store.put('set/object', once(new Uint8Array(3)));
  await mkdir(join(root, '.incoming'), { recursive: true });
  await writeFile(join(root, '.incoming', 'deadbeef'), 'half');
  await writeFile(join(root, 'set', 'Thumbs.db'), 'x');
  await symlink('/etc', join(root, 'etc'));
  assert.deepEqual(await namesOf(store, ''), ['set/object']);
});

test('folder store: a failed put leaves no file behind, a finished one exactly one', async (t) => {
  const root = await folder(t);
  const store = new FolderBackupStore(root);
  await assert.rejects(
    store.put(
      'a',
      (async function* () {
        yield new Uint8Array(9);
        throw new Error('cut');
      })(),
    ),
    /cut/,
  );
  assert.deepEqual(await readdir(join(root, '.incoming')), []);
  await store.put('a', once(Buffer.from('whole')));
  assert.deepEqual(await readdir(join(root, '.incoming')), []);
  assert.equal(await readFile(join(root, 'a'), 'utf8'), 'whole');
});
