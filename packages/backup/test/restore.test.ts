import assert from 'node:assert/strict';
import { chmod, lstat, mkdir, readdir, readFile, readlink, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type ConflictChoice, nameBytesMax, openBackup, pathBytesMax, restoreBackup } from '@coffer/backup';
import { concat, u32be } from '@coffer/base';
import { entriesMax, entryBytesMax, ManifestRules } from '../dist/manifest.js';
import { comparePaths } from '../dist/paths.js';
import {
  account,
  backupKey,
  bytesOf,
  type Crafted,
  coded,
  craft,
  folder,
  look,
  MemoryStore,
  plant,
} from './helpers.js';

const file = (path: string, content = 'evil'): Crafted => ({ type: 'file', path, content });
const dir = (path: string): Crafted => ({ type: 'folder', path });
const link = (path: string, target: string): Crafted => ({ type: 'link', path, target });

/** A target with a neighbour that nothing may ever reach, and a restore of crafted entries into it. */
async function prepare(t: TestContext, entries: readonly Crafted[], choice: ConflictChoice = 'overwrite') {
  const at = await folder(t);
  await mkdir(join(at, 'target'));
  await plant(join(at, 'outside'), { precious: Buffer.from('precious') });
  const outside = await look(join(at, 'outside'));
  const store = new MemoryStore();
  await craft(store, entries);
  const asked: string[] = [];
  const restore = async () => {
    const reader = await openBackup({ store, account, backupKey });
    const onConflict = async (path: string) => {
      asked.push(path);
      return choice;
    };
    try {
      return await restoreBackup({ reader, target: join(at, 'target'), onConflict });
    } finally {
      assert.deepEqual(await look(join(at, 'outside')), outside);
      assert.deepEqual((await readdir(at)).sort(), ['outside', 'target']);
      for (const line of await look(join(at, 'target'))) assert.ok(!line.includes('.part'), line);
    }
  };
  return { at, target: join(at, 'target'), restore, asked, store };
}

const unsafePaths = [
  '..',
  '../x',
  '../outside/precious',
  'a/../../x',
  'a/..',
  '.',
  './x',
  'a/./x',
  '/etc/x',
  '//x',
  'a//x',
  'a/',
  '',
  '..\\x',
  'a\\..\\..\\x',
  'C:\\x',
  '\\\\server\\x',
  'nul\0byte',
  'a/\0',
  'n'.repeat(nameBytesMax + 1),
  'ä'.repeat(128),
];

for (const path of unsafePaths) {
  test(`a manifest with ${JSON.stringify(path).slice(0, 40)} is refused before anything is written`, async (t) => {
    for (const entry of [file(path), dir(path), link(path, 'x')]) {
      // With what it would need before it, so that only the path is wrong.
      const { restore, target } = await prepare(t, [
        file('0 harmless'),
        ...(path.startsWith('a/') ? [dir('a')] : []),
        entry,
      ]);
      await assert.rejects(restore, coded('unsafe-path'));
      assert.deepEqual(await readdir(target), []);
    }
  });
}

test('the longest path is 4,096 bytes', async (t) => {
  const step = `${'d'.repeat(250)}/`;
  const deepest = `${step.repeat(16)}${'x'.repeat(pathBytesMax - 16 * step.length)}`;
  const rules = new ManifestRules();
  for (let i = 1; i <= 16; i++) rules.check({ type: 'folder', path: step.repeat(i).slice(0, -1), mode: 0, mtimeMs: 0 });
  assert.equal(rules.check({ type: 'link', path: deepest, target: 'x' }).path.length, pathBytesMax);
  assert.throws(() => rules.check({ type: 'link', path: `${deepest}x`, target: 'x' }), coded('unsafe-path'));
  const { restore } = await prepare(t, [file('x'.repeat(nameBytesMax))]);
  assert.equal((await restore()).files, 1);
});

test('a manifest with doubled, unordered or homeless entries is refused', async (t) => {
  const bad: readonly (readonly Crafted[])[] = [
    [file('a'), file('a')],
    [dir('a'), file('a')],
    [file('b'), file('a')],
    [dir('a'), file('a/x'), file('a.b'), file('a/y')],
    [file('a/x')],
    [dir('a'), dir('a/b/c')],
    [dir('a'), dir('b'), file('b/x'), dir('b/a'), file('b/a/x'), dir('c/a')],
    // Writing through a link or a file that the backup itself has made.
    [link('a', '../outside'), file('a/precious')],
    [link('a', '/'), dir('a/b')],
    [file('a'), file('a/x')],
    [{ ...file('a'), offset: 1 } as Crafted],
    [file('a'), { ...file('b'), offset: 0 } as Crafted],
    [file('a'), { ...file('b'), offset: 5 } as Crafted],
    [{ ...file('a'), mode: 0o1000 } as Crafted],
    [{ ...file('a'), mode: 0o4755 } as Crafted],
  ];
  for (const entries of bad) {
    const { restore, target } = await prepare(t, entries);
    await assert.rejects(restore, coded('bad-manifest'), JSON.stringify(entries));
    assert.deepEqual(await readdir(target), []);
  }
});

test('a manifest whose frames do not add up is refused', async (t) => {
  for (const tail of [
    Uint8Array.of(1),
    u32be(9),
    concat(u32be(1), Uint8Array.of(9)),
    concat(u32be(2), Uint8Array.of(1, 1)),
    u32be(entryBytesMax + 1),
  ]) {
    const { restore, store, target } = await prepare(t, []);
    await craft(store, [file('a')], new Uint8Array(tail));
    await assert.rejects(restore, coded('bad-manifest'));
    assert.deepEqual(await readdir(target), []);
  }
});

test('a file that is not what its manifest says never gets its name', async (t) => {
  const { restore, target } = await prepare(t, [
    file('a', 'good'),
    { ...file('b'), sha256: new Uint8Array(32) } as Crafted,
  ]);
  await assert.rejects(restore, coded('bad-manifest'));
  assert.deepEqual(await readdir(target), ['a']);
});

test('modes come back without set-user-id, and a folder without write permission still gets what is in it', async (t) => {
  const entries = [{ ...dir('locked'), mode: 0o555 } as Crafted, file('locked/x'), link('locked/y', 'x')];
  const { restore, target } = await prepare(t, entries);
  await restore();
  assert.equal((await lstat(join(target, 'locked'))).mode & 0o777, 0o555);
  assert.equal(await readFile(join(target, 'locked/y'), 'utf8'), 'evil');
  await chmod(join(target, 'locked'), 0o755);
});

const unsafeTargets = [
  '/etc/passwd',
  '/',
  '..',
  '../outside',
  '../outside/precious',
  'a/../../outside',
  '../target/../outside',
  'a/../x',
  '',
  'a\\..\\..',
  'x/..',
  './../outside',
  './/../outside',
];

test('links that would lead out of the target are not made, but named', async (t) => {
  for (const says of unsafeTargets) {
    const { restore, target } = await prepare(t, [dir('a'), file('f'), link('l', says)]);
    const restored = await restore();
    assert.deepEqual(restored.unsafeLinks, ['l'], says);
    assert.deepEqual(restored.skipped, ['l']);
    assert.deepEqual((await readdir(target)).sort(), ['a', 'f']);
  }
});

test('links that stay inside are made', async (t) => {
  const entries = [
    dir('a'),
    link('a/up', '../f'),
    link('a/.up', '.././f'),
    dir('a/b'),
    link('a/b/top', '../..'),
    file('f'),
    link('m', 'a'),
    link('n', 'nowhere'),
    link('o', '.'),
  ];
  const { restore, target } = await prepare(
    t,
    [...entries].sort((x, y) => comparePaths(x.path, y.path)),
  );
  assert.deepEqual((await restore()).unsafeLinks, []);
  assert.equal(await readlink(join(target, 'a/up')), '../f');
  assert.equal(await readlink(join(target, 'a/b/top')), '../..');
});

test('a chain of links that each look harmless cannot lead out', async (t) => {
  // `top` leads to the top of the target, and `top/..` would lead out of it.
  const { restore } = await prepare(t, [
    dir('a'),
    dir('a/b'),
    link('a/b/out', 'top/../outside'),
    link('a/b/top', '../..'),
  ]);
  assert.deepEqual((await restore()).unsafeLinks, ['a/b/out']);
});

test('a link to a link that was there before and leads out is not made', async (t) => {
  const { restore, target } = await prepare(t, [
    link('x', 'old/precious'),
    link('y', 'old/new file'),
    link('z', 'dangling'),
  ]);
  await symlink('../outside', join(target, 'old'));
  await symlink('../outside/not there', join(target, 'dangling'));
  assert.deepEqual((await restore()).unsafeLinks, ['x', 'y', 'z']);
});

test('a link that was there before is never written through', async (t) => {
  const entries = [dir('a'), file('a/precious'), file('precious')];
  for (const choice of ['overwrite', 'skip', 'abort'] as const) {
    const { restore, target, asked } = await prepare(t, entries, choice);
    await symlink('../outside', join(target, 'a'));
    await symlink('../outside/precious', join(target, 'precious'));
    if (choice === 'abort') {
      await assert.rejects(restore, coded('aborted'));
      assert.deepEqual(asked, ['a']);
      continue;
    }
    const restored = await restore();
    assert.deepEqual(asked, ['a', 'precious']);
    if (choice === 'skip') assert.deepEqual(restored.skipped, ['a', 'a/precious', 'precious']);
    else assert.equal(await readFile(join(target, 'a/precious'), 'utf8'), 'evil');
    assert.equal((await lstat(join(target, 'precious'))).isSymbolicLink(), choice === 'skip');
  }
});

test('the target itself may be a link: it is the caller’s choice', async (t) => {
  const { at, store } = await prepare(t, []);
  await craft(store, [file('x')]);
  await symlink('target', join(at, 'alias'));
  const reader = await openBackup({ store, account, backupKey });
  await restoreBackup({ reader, target: join(at, 'alias'), onConflict: async () => 'abort' });
  assert.deepEqual(await readdir(join(at, 'target')), ['x']);
});

test('what is there is asked about, path by path, and kept, replaced, or the restore stopped', async (t) => {
  const entries = [file('a', 'new a'), dir('d'), file('d/e', 'new e'), link('l', 'a'), file('z', 'new z')];
  const there = {
    a: Buffer.from('old a'),
    'd/e': Buffer.from('old e'),
    'd/other': Buffer.from('other'),
    l: Buffer.from('old l'),
  };
  const read = async (target: string) =>
    Promise.all(['a', 'd/e', 'd/other'].map((path) => readFile(join(target, path), 'utf8')));

  const skip = await prepare(t, entries, 'skip');
  await plant(skip.target, there);
  assert.deepEqual((await skip.restore()).skipped, ['a', 'd/e', 'l']);
  assert.deepEqual(skip.asked, ['a', 'd/e', 'l']);
  assert.deepEqual(await read(skip.target), ['old a', 'old e', 'other']);

  const overwrite = await prepare(t, entries, 'overwrite');
  await plant(overwrite.target, there);
  const restored = await overwrite.restore();
  assert.deepEqual([restored.files, restored.folders, restored.links, restored.skipped], [3, 1, 1, []]);
  assert.deepEqual(await read(overwrite.target), ['new a', 'new e', 'other']);
  assert.equal(await readlink(join(overwrite.target, 'l')), 'a');

  const abort = await prepare(t, entries, 'abort');
  await plant(abort.target, there);
  await assert.rejects(abort.restore, coded('aborted'));
  assert.deepEqual(await read(abort.target), ['old a', 'old e', 'other']);
});

test('folder against file: an empty folder makes room, a full one does not, a file makes room for a folder', async (t) => {
  const full = await prepare(t, [file('x')]);
  await plant(full.target, { 'x/inside': Buffer.from('kept') });
  await assert.rejects(full.restore, coded('target-conflict'));
  assert.equal(await readFile(join(full.target, 'x/inside'), 'utf8'), 'kept');
  const empty = await prepare(t, [file('x')]);
  await mkdir(join(empty.target, 'x'));
  assert.equal((await empty.restore()).files, 1);
  const flat = await prepare(t, [dir('x'), file('x/y')]);
  await writeFile(join(flat.target, 'x'), 'flat');
  assert.equal((await flat.restore()).files, 1);
  assert.deepEqual(flat.asked, ['x']);
});

test('names that differ in case, or in composition, only, are two files or one question', async (t) => {
  const entries = [file('A', 'upper'), file('a', 'lower'), file('e\u0301', 'decomposed'), file('\u00e9', 'composed')];
  const { restore, target, asked } = await prepare(t, entries, 'skip');
  const restored = await restore();
  assert.equal(restored.files + asked.length, 4);
  assert.equal((await readdir(target)).length, restored.files);
  assert.equal(await readFile(join(target, 'A'), 'utf8'), 'upper');
});

test('a folder of a link’s name in other case is not entered through the link', async (t) => {
  // On a file system that ignores case `a` would be the link `A`; links are made last, so there is none yet.
  const { restore } = await prepare(t, [link('A', '../outside'), dir('a'), file('a/precious')]);
  assert.deepEqual((await restore()).unsafeLinks, ['A']);
});

test('a backup holds at most 2^24 entries', () => {
  assert.equal(entriesMax, 2 ** 24);
  // The rules hold one path at a time, so a limit of three shows what one of 2^24 does.
  const rules = new ManifestRules(3);
  for (const path of ['a', 'b', 'c']) rules.check({ type: 'link', path, target: 'x' });
  assert.throws(() => rules.check({ type: 'link', path: 'd', target: 'x' }), coded('over-limit'));
  assert.throws(() => rules.finish(2, 0), coded('bad-manifest'));
  assert.throws(() => rules.finish(3, 1), coded('bad-manifest'));
  rules.finish(3, 0);
});

test('restoring twice is a question per file, and the same again', async (t) => {
  const { restore, target, asked } = await prepare(t, [dir('d'), file('d/x'), file('y')]);
  await restore();
  const first = await look(target);
  assert.deepEqual(asked, []);
  await restore();
  assert.deepEqual(asked, ['d/x', 'y']);
  assert.deepEqual(await look(target), first);
});

test('an entry that points outside of the contents cannot be read', async (t) => {
  const { store } = await prepare(t, [file('x')]);
  const reader = await openBackup({ store, account, backupKey });
  const entry = {
    type: 'file',
    path: 'x',
    mode: 0,
    mtimeMs: 0,
    size: 5,
    offset: 0,
    sha256: new Uint8Array(32),
  } as const;
  await assert.rejects(bytesOf(reader.readContent(entry)), coded('bad-manifest'));
});
