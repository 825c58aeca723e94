import assert from 'node:assert/strict';
import { appendFile, chmod, mkdir, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  BackupError,
  type BackupReader,
  type BackupStore,
  createBackup,
  FolderBackupStore,
  generationMax,
  latestGeneration,
  type ManifestEntry,
  openBackup,
  type Progress,
  packBytesMax,
  paddedBytes,
  restoreBackup,
  segmentBytes,
} from '@coffer/backup';
import fc from 'fast-check';
import { storedObjectBytes } from '../dist/sealed-object.js';
import { account, backupKey, bytesOf, coded, folder, look, MemoryStore, plant, seeded, type Tree } from './helpers.js';

const entropy = seeded('backup');
const never = async () => assert.fail('nothing is in the way');

async function backUp(store: BackupStore, source: string, generation = 1n, more: object = {}) {
  return createBackup({ source, store, account, backupKey, generation, entropy, ...more });
}

async function entriesOf(reader: BackupReader): Promise<ManifestEntry[]> {
  const entries: ManifestEntry[] = [];
  for await (const entry of reader.entries()) entries.push(entry);
  return entries;
}

/** Plants `tree`, and looks at what a backup of it restores to. */
async function roundTrip(t: TestContext, tree: Tree, packBytes = 2 * segmentBytes): Promise<void> {
  const at = await folder(t);
  await plant(join(at, 'source'), tree);
  const store = new MemoryStore();
  const created = await backUp(store, join(at, 'source'), 1n, { packBytes });
  const reader = await openBackup({ store, account, backupKey });
  const restored = await restoreBackup({ reader, target: join(at, 'target'), onConflict: never });
  assert.deepEqual(await look(join(at, 'target')), await look(join(at, 'source')));
  assert.equal(restored.files, created.files);
  assert.equal(restored.folders, created.folders);
  assert.equal(restored.bytes, created.bytes);
  assert.deepEqual(restored.skipped, []);
}

test('names, empty files and folders, executable bits, links and times come back', async (t) => {
  await roundTrip(t, {
    'empty folder': undefined,
    'a/b/c/deep': Buffer.from('deep'),
    'a.b': Buffer.from('sorts between a and a/b'),
    'zero bytes': new Uint8Array(0),
    'Übergrößen/日本語 🦉.txt': Buffer.from('unicode!'),
    'run me.sh': Buffer.from('#!/bin/sh'),
    'link to file': '->a.b',
    'a/b/link up': '->../../run me.sh',
    'link to folder': '->a/b',
    dangling: '->not there (yet)',
    ['n'.repeat(255)]: Buffer.from('longest name'),
  });
});

test('files at and around segment and pack boundaries come back', async (t) => {
  const tree: Tree = {};
  for (const size of [0, 1, segmentBytes - 1, segmentBytes, segmentBytes + 1, 2 * segmentBytes, 5 * segmentBytes + 7]) {
    tree[`file-${size}`] = seeded(`file ${size}`).bytes(size);
  }
  await roundTrip(t, tree);
  await roundTrip(t, { exactly: seeded('exactly').bytes(4 * segmentBytes) });
});

test('any tree makes the round trip', async (t) => {
  const name = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
    .map((text) => text.replace(/[/\\\0]/g, '_'));
  const path = fc.array(
    name.filter((text) => text !== '.' && text !== '..'),
    { minLength: 1, maxLength: 4 },
  );
  const content = fc.oneof(fc.constant(undefined), fc.integer({ min: 0, max: 60_000 }));
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(path, content), { maxLength: 8 }), async (items) => {
      const tree: Tree = {};
      const taken = new Set<string>();
      for (const [names, size] of items) {
        const steps = names.map((_, i) => names.slice(0, i + 1).join('/'));
        const isFree = steps.every((step) => !(step in tree)) && !taken.has(names.join('/'));
        if (!isFree) continue;
        for (const step of steps) taken.add(step);
        tree[names.join('/')] = size === undefined ? undefined : seeded(names.join('/')).bytes(size);
      }
      await roundTrip(t, tree, segmentBytes);
    }),
    { numRuns: 40 },
  );
});

test('one file is read without the rest, and the entries say what there is', async (t) => {
  const at = await folder(t);
  const big = seeded('big').bytes(10 * segmentBytes + 5);
  await plant(at, { 'a/first': Buffer.from('1'), 'a/second': big, third: Buffer.from('3rd'), link: '->third' });
  const store = new MemoryStore();
  await backUp(store, at, 7n, { packBytes: 4 * segmentBytes });
  const reader = await openBackup({ store, account, backupKey });
  assert.equal(reader.generation, 7n);
  assert.deepEqual(reader.totals, { files: 3, folders: 1, links: 1, bytes: big.length + 4 });
  assert.deepEqual(
    (await entriesOf(reader)).map(({ type, path }) => `${type} ${path}`),
    ['folder a', 'file a/first', 'file a/second', 'link link', 'file third'],
  );
  assert.deepEqual(await bytesOf(reader.readFile('a/second')), big);
  assert.equal(Buffer.from(await bytesOf(reader.readFile('third'))).toString(), '3rd');
  for (const path of ['a', 'link', 'fourth'])
    await assert.rejects(bytesOf(reader.readFile(path)), coded('no-such-file'));
});

test('reading one file fetches no other pack than its own', async (t) => {
  const at = await folder(t);
  await plant(at, { a: seeded('a').bytes(8 * segmentBytes), b: Buffer.from('behind it') });
  let fetched = 0;
  class CountingStore extends MemoryStore {
    override async get(name: string, range?: { offset: number; length: number }) {
      fetched += range?.length ?? 0;
      return super.get(name, range);
    }
  }
  const store = new CountingStore();
  await backUp(store, at);
  const reader = await openBackup({ store, account, backupKey });
  fetched = 0;
  assert.equal((await bytesOf(reader.readFile('b'))).length, 9);
  assert.ok(fetched < 3 * segmentBytes, `${fetched} bytes fetched`);
});

test('a newer generation takes the place of the one before, and leaves nothing of it', async (t) => {
  const at = await folder(t);
  const store = new FolderBackupStore(join(at, 'store'));
  await plant(join(at, 'source'), { file: Buffer.from('one') });
  assert.equal(await latestGeneration({ store, account }), undefined);
  await assert.rejects(openBackup({ store, account, backupKey }), coded('no-backup'));
  await backUp(store, join(at, 'source'), 1n);
  const before = await openBackup({ store, account, backupKey });
  await plant(join(at, 'source'), { file: Buffer.from('two') });
  const created = await backUp(store, join(at, 'source'), 5n);
  assert.equal(await latestGeneration({ store, account }), 5n);
  const reader = await openBackup({ store, account, backupKey, expectGenerationMin: 5n });
  assert.equal(reader.previousGeneration, 1n);
  assert.equal(Buffer.from(await bytesOf(reader.readFile('file'))).toString(), 'two');
  let stored = 0;
  for await (const object of store.list('')) stored += object.bytes;
  assert.equal(stored, created.storedBytes);
  await assert.rejects(bytesOf(before.readFile('file')), coded('missing-object'));
  for (const generation of [5n, 4n, 1n]) {
    await assert.rejects(backUp(store, join(at, 'source'), generation), coded('generation-not-newer'));
  }
  await assert.rejects(
    openBackup({ store, account, backupKey, expectGenerationMin: 6n }),
    coded('older-than-expected'),
  );
});

test('generations run from 1 to 2^64 - 1', async (t) => {
  const at = await folder(t);
  const store = new MemoryStore();
  await assert.rejects(backUp(store, at, 0n), coded('bad-argument'));
  await assert.rejects(backUp(store, at, generationMax + 1n), coded('bad-argument'));
  await backUp(store, at, generationMax);
  assert.equal(
    (await openBackup({ store, account, backupKey, expectGenerationMin: generationMax })).generation,
    generationMax,
  );
});

test('another key, another account: wrong-key, and nobody’s backup is overwritten by mistake', async (t) => {
  const at = await folder(t);
  const store = new MemoryStore();
  await backUp(store, at);
  const otherKey = seeded('other').bytes(32);
  await assert.rejects(openBackup({ store, account, backupKey: otherKey }), coded('wrong-key'));
  await assert.rejects(backUp(store, at, 2n, { backupKey: otherKey }), coded('wrong-key'));
  assert.equal((await openBackup({ store, account, backupKey })).generation, 1n);
  await backUp(store, at, 1n, { backupKey: otherKey, replaceUnreadable: true });
  await assert.rejects(openBackup({ store, account, backupKey }), coded('wrong-key'));
  assert.equal((await openBackup({ store, account, backupKey: otherKey })).generation, 1n);
  await assert.rejects(openBackup({ store, account: seeded('someone').bytes(32), backupKey }), coded('no-backup'));
  await assert.rejects(openBackup({ store, account, backupKey: otherKey.slice(1) }), coded('bad-argument'));
  await assert.rejects(openBackup({ store, account: account.slice(1), backupKey }), coded('bad-argument'));
});

test('two accounts share a store without meeting', async (t) => {
  const at = await folder(t);
  await plant(at, { file: Buffer.from('x') });
  const store = new MemoryStore();
  const second = seeded('second').bytes(32);
  await backUp(store, at);
  await backUp(store, at, 9n, { account: second });
  await backUp(store, at, 2n);
  assert.equal((await openBackup({ store, account, backupKey })).generation, 2n);
  assert.equal((await openBackup({ store, account: second, backupKey })).generation, 9n);
});

test('stored sizes depend on the Padmé class alone, and names on nothing', async (t) => {
  const sizesOf = async (files: Tree) => {
    const at = await folder(t);
    await plant(at, files);
    const store = new MemoryStore();
    await createBackup({ source: at, store, account, backupKey, generation: 1n, entropy: seeded('sizes') });
    return [...store.objects.values()].map((bytes) => bytes.length).sort((a, b) => a - b);
  };
  const one = await sizesOf({ file: seeded('1').bytes(99_000) });
  assert.deepEqual(await sizesOf({ 'other name': seeded('2').bytes(98_500), again: seeded('3').bytes(700) }), one);
  assert.notDeepEqual(await sizesOf({ file: seeded('1').bytes(110_000) }), one);
  assert.ok(one.includes(storedObjectBytes(paddedBytes(99_000))));
  const total = one.reduce((sum, size) => sum + size, 0);
  assert.ok(total < 1.12 * 99_000 + 17_000, `${total} bytes`);
});

test('no name, path or content shows in a store', async (t) => {
  const at = await folder(t);
  await plant(at, { 'very-secret-name': Buffer.from('very secret content, very secret content') });
  const store = new MemoryStore();
  await backUp(store, at);
  for (const [name, bytes] of store.objects) {
    assert.match(name, /^[0-9a-f]{32}\/(current|[0-9a-f]{32}\/[0-9a-f]{32})$/);
    assert.ok(!name.includes(Buffer.from(account).toString('hex').slice(0, 32)));
    assert.ok(!Buffer.from(bytes).includes('very'));
  }
});

test('progress counts up to the totals, and exclude leaves out whole folders', async (t) => {
  const at = await folder(t);
  await plant(at, {
    a: seeded('a').bytes(100_000),
    'cache/b': Buffer.from('b'),
    'cache/d/c': Buffer.from('c'),
    e: Buffer.from('e'),
  });
  const store = new MemoryStore();
  const seen: Progress[] = [];
  const created = await backUp(store, at, 1n, {
    onProgress: (progress: Progress) => seen.push(progress),
    exclude: (path: string) => path === 'cache',
  });
  assert.deepEqual(seen.at(-1), { files: 2, filesTotal: 2, bytes: 100_001, bytesTotal: 100_001 });
  assert.ok(seen.length > 3);
  assert.ok(seen.every((now, i) => now.bytes >= (seen[i - 1]?.bytes ?? 0) && now.bytesTotal === 100_001));
  assert.deepEqual([created.files, created.folders, created.bytes], [2, 0, 100_001]);
  const restored: Progress[] = [];
  await restoreBackup({
    reader: await openBackup({ store, account, backupKey }),
    target: join(at, 'target'),
    onConflict: never,
    onProgress: (progress) => restored.push(progress),
  });
  assert.deepEqual(restored.at(-1), { files: 2, filesTotal: 2, bytes: 100_001, bytesTotal: 100_001 });
});

test('a file that changes while it is read stops the backup, and the one before stays', async (t) => {
  const changes: readonly [string, (file: string) => Promise<void>][] = [
    ['grows', (file) => appendFile(file, 'more')],
    ['shrinks', (file) => truncate(file, 70_000)],
    ['is touched', (file) => utimes(file, 1, 1)],
  ];
  for (const [what, change] of changes) {
    const at = await folder(t);
    await plant(at, { file: seeded('file').bytes(200_000) });
    const store = new MemoryStore();
    await backUp(store, at, 1n);
    const names = store.names();
    let isChanged = false;
    class MeddlingStore extends MemoryStore {
      override async put(name: string, source: AsyncIterable<Uint8Array>) {
        const meddled = (async function* () {
          for await (const chunk of source) {
            if (!isChanged && chunk.length > 1000) await change(join(at, 'file'));
            isChanged ||= chunk.length > 1000;
            yield chunk;
          }
        })();
        return store.put(name, meddled);
      }
      override get = store.get.bind(store);
      override list = store.list.bind(store);
      override remove = store.remove.bind(store);
    }
    const meddling = new MeddlingStore();
    await assert.rejects(backUp(meddling, at, 2n), (error: unknown) => {
      assert.ok(error instanceof BackupError && error.code === 'changed-while-reading', what);
      assert.equal(error.path, 'file');
      assert.ok(!error.message.includes('file') && error.forPerson().endsWith(': file'));
      return true;
    });
    assert.deepEqual(store.names(), names, what);
    assert.equal((await openBackup({ store, account, backupKey })).generation, 1n);
  }
});

test('a store that fails at any object leaves the backup before as it was', async (t) => {
  const at = await folder(t);
  await plant(at, { a: seeded('a').bytes(50_000), b: seeded('b').bytes(50_000) });
  for (let failing = 0; failing < 6; failing++) {
    const store = new MemoryStore();
    await backUp(store, at, 1n);
    const names = store.names();
    let puts = 0;
    const put = store.put.bind(store);
    store.put = async (name, source) => {
      if (puts++ === failing) throw new Error('the store is full');
      return put(name, source);
    };
    await assert.rejects(backUp(store, at, 2n, { packBytes: 2 * segmentBytes }), /the store is full/, `put ${failing}`);
    store.put = put;
    const reader = await openBackup({ store, account, backupKey });
    assert.equal(reader.generation, 1n);
    assert.equal((await bytesOf(reader.readFile('b'))).length, 50_000);
    // All but the head: then the head itself may have got through, so its objects are kept until the next backup.
    if (puts < 6) assert.deepEqual(store.names(), names);
    await backUp(store, at, 3n);
    assert.equal(store.names().length, names.length);
  }
});

test('what cannot be read or kept is said, with its path apart from the message', async (t) => {
  const at = await folder(t);
  const store = new MemoryStore();
  await assert.rejects(backUp(store, join(at, 'nowhere')), coded('unreadable-source'));
  await mkdir(join(at, 'odd'));
  await writeFile(join(at, 'odd', 'back\\slash'), '');
  await assert.rejects(backUp(store, at), (error: unknown) => {
    assert.ok(coded('unsupported-name')(error) && (error as BackupError).path === 'odd/back\\slash');
    return true;
  });
  await backUp(store, at, 1n, { exclude: (path: string) => path === 'odd' });
  const bytes = await folder(t);
  await writeFile(Buffer.concat([Buffer.from(`${bytes}/`), Buffer.from([0xff, 0xfe])]), '');
  await assert.rejects(backUp(store, bytes, 2n), coded('unsupported-name'));
});

test('a file that nobody may read stops the backup', { skip: process.getuid?.() === 0 }, async (t) => {
  const at = await folder(t);
  await plant(at, { locked: Buffer.from('x') });
  await chmod(join(at, 'locked'), 0);
  await assert.rejects(backUp(new MemoryStore(), at), coded('unreadable-source'));
});

test('sockets are not kept, and named', { skip: process.platform === 'win32' }, async (t) => {
  const at = await folder(t);
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(join(at, 'socket'), resolve));
  t.after(() => server.close());
  assert.deepEqual((await backUp(new MemoryStore(), at)).skipped, ['socket']);
});

test('a link to a folder is kept as a link and not gone through', async (t) => {
  const at = await folder(t);
  await plant(join(at, 'outside'), { secret: Buffer.from('x') });
  await mkdir(join(at, 'source'));
  await symlink(join(at, 'outside'), join(at, 'source', 'link'));
  const created = await backUp(new MemoryStore(), join(at, 'source'));
  assert.deepEqual([created.files, created.links], [0, 1]);
});

test('packs: from 16 KiB to 64 MiB, in whole segments', async (t) => {
  const at = await folder(t);
  for (const packBytes of [0, segmentBytes - 1, segmentBytes + 1, packBytesMax + segmentBytes]) {
    await assert.rejects(backUp(new MemoryStore(), at, 1n, { packBytes }), coded('bad-argument'));
  }
  for (const packBytes of [segmentBytes, packBytesMax]) await backUp(new MemoryStore(), at, 1n, { packBytes });
});
