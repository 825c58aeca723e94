import assert from 'node:assert/strict';
import * as nodeFiles from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { BackupError, createBackup, type Files, openBackup, restoreBackup, segmentBytes } from '@coffer/backup';
import { account, backupKey, coded, folder, look, MemoryStore, plant, seeded } from './helpers.js';

const { mkdir, readdir, readFile, writeFile } = nodeFiles;
const contents = { a: seeded('a').bytes(50_000), 'd/b': seeded('b').bytes(100_000), link: '->a', z: Buffer.from('zz') };

/** The writing calls, of which the one numbered `failing` throws, before it happened or after. */
function failingFiles(failing: number, when: 'before' | 'after') {
  let calls = 0;
  const guard = <A extends unknown[], R>(call: (...args: A) => Promise<R>) =>
    (async (...args: A): Promise<R> => {
      const isFailing = calls++ === failing;
      const failure = Object.assign(new Error('no space left'), { code: 'ENOSPC' });
      if (isFailing && when === 'before') throw failure;
      const result = await call(...args);
      if (isFailing) throw failure;
      return result;
    }) as typeof call;
  const open = async (...args: Parameters<Files['open']>) => {
    if (calls++ === failing) {
      if (when === 'after') await (await nodeFiles.open(...args)).close();
      throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
    }
    const file = await nodeFiles.open(...args);
    for (const name of ['write', 'chmod', 'utimes', 'sync'] as const) {
      Object.assign(file, { [name]: guard(file[name].bind(file) as (...args: unknown[]) => Promise<unknown>) });
    }
    return file;
  };
  const { link, rename, rmdir, symlink, chmod, utimes } = nodeFiles;
  const files = {
    ...nodeFiles,
    open,
    mkdir: guard(mkdir as unknown as (...args: unknown[]) => Promise<unknown>),
    link: guard(link),
    rename: guard(rename),
    rmdir: guard(rmdir),
    symlink: guard(symlink),
    chmod: guard(chmod),
    utimes: guard(utimes),
  } as unknown as Files;
  return { files, calls: () => calls };
}

test('crash matrix: each write of a restore fails, before and after it happened; only whole files have names', async (t) => {
  const at = await folder(t);
  await plant(join(at, 'source'), contents);
  const store = new MemoryStore();
  await createBackup({ source: join(at, 'source'), store, account, backupKey, generation: 1n, entropy: seeded('e') });
  const whole = await look(join(at, 'source'));
  const attempt = async (target: string, files: Files, replaced: boolean) => {
    if (replaced) await plant(target, { a: Buffer.from('old'), 'd/b': Buffer.from('old'), z: Buffer.from('old') });
    const reader = await openBackup({ store, account, backupKey });
    return restoreBackup({ reader, target, onConflict: async () => 'overwrite', files });
  };
  for (const replaced of [false, true]) {
    const dry = failingFiles(Number.POSITIVE_INFINITY, 'before');
    await attempt(join(at, `dry ${replaced}`), dry.files, replaced);
    assert.ok(dry.calls() > 15);
    for (let failing = 0; failing < dry.calls(); failing++) {
      for (const when of ['before', 'after'] as const) {
        const target = join(at, `${replaced} ${failing} ${when}`);
        const what = `call ${failing} failed ${when} it happened`;
        await assert.rejects(attempt(target, failingFiles(failing, when).files, replaced), (error: unknown) => {
          assert.ok(error instanceof BackupError && error.code === 'write-failed', `${what}: ${String(error)}`);
          assert.ok(!error.message.includes('d/b'));
          return true;
        });
        for (const path of await readdir(target, { recursive: true }).catch(() => [])) {
          const wanted = contents[path as keyof typeof contents];
          if (path === 'd' || path === 'link') continue;
          assert.ok(wanted instanceof Uint8Array, `${what}: ${path} is left over`);
          const found = await readFile(join(target, path));
          assert.ok(found.equals(wanted) || (replaced && found.toString() === 'old'), `${what}: ${path} is partial`);
        }
        // And the next attempt gets through.
        await attempt(target, nodeFiles, false);
        assert.deepEqual((await look(target)).filter((line) => !line.startsWith('d/ ')).length, whole.length - 1);
      }
    }
  }
});

test('a store that fails while a file is being read leaves no part of it', async (t) => {
  const at = await folder(t);
  await plant(join(at, 'source'), { a: Buffer.from('first'), big: seeded('big').bytes(20 * segmentBytes) });
  const store = new MemoryStore();
  await createBackup({ source: join(at, 'source'), store, account, backupKey, generation: 1n, entropy: seeded('e') });
  const reader = await openBackup({ store, account, backupKey });
  const get = store.get.bind(store);
  store.get = async (name, range) => {
    const whole = await get(name, range);
    if ((range?.length ?? 0) < 5 * segmentBytes) return whole;
    return (async function* () {
      for await (const bytes of whole) yield bytes.subarray(0, 3 * segmentBytes);
      throw new Error('connection lost');
    })();
  };
  await assert.rejects(
    restoreBackup({ reader, target: join(at, 'target'), onConflict: async () => 'abort' }),
    /connection lost/,
  );
  assert.deepEqual(await readdir(join(at, 'target')), ['a']);
});

test('what appears under a file’s name during the restore is not replaced', async (t) => {
  const at = await folder(t);
  await plant(join(at, 'source'), { a: Buffer.from('from the backup') });
  const store = new MemoryStore();
  await createBackup({ source: join(at, 'source'), store, account, backupKey, generation: 1n, entropy: seeded('e') });
  const target = join(at, 'target');
  for (const hardLinks of [true, false]) {
    const files: Files = {
      ...nodeFiles,
      link: async (from, to) => {
        await writeFile(to, 'just now');
        if (!hardLinks) throw Object.assign(new Error('no hard links here'), { code: 'EPERM' });
        return nodeFiles.link(from, to);
      },
    };
    const reader = await openBackup({ store, account, backupKey });
    await assert.rejects(
      restoreBackup({ reader, target, onConflict: async () => 'overwrite', files }),
      coded(hardLinks ? 'target-conflict' : 'write-failed'),
    );
    assert.equal(await readFile(join(target, 'a'), 'utf8'), 'just now');
    assert.deepEqual(await readdir(target), ['a']);
    await nodeFiles.unlink(join(target, 'a'));
  }
});

test('a file system without hard links restores all the same', async (t) => {
  const at = await folder(t);
  await plant(join(at, 'source'), contents);
  const store = new MemoryStore();
  await createBackup({ source: join(at, 'source'), store, account, backupKey, generation: 1n, entropy: seeded('e') });
  const link = async () => {
    throw Object.assign(new Error('no hard links here'), { code: 'ENOTSUP' });
  };
  const reader = await openBackup({ store, account, backupKey });
  await restoreBackup({
    reader,
    target: join(at, 'target'),
    onConflict: async () => 'abort',
    files: { ...nodeFiles, link },
  });
  assert.deepEqual(await look(join(at, 'target')), await look(join(at, 'source')));
});

test('a folder swapped for a link during the restore is not written through', async (t) => {
  const at = await folder(t);
  await plant(join(at, 'source'), { 'd/a': Buffer.from('a'), 'd/b': Buffer.from('b') });
  await mkdir(join(at, 'outside'));
  const store = new MemoryStore();
  await createBackup({ source: join(at, 'source'), store, account, backupKey, generation: 1n, entropy: seeded('e') });
  const target = join(at, 'target');
  const files: Files = {
    ...nodeFiles,
    unlink: async (path) => {
      await nodeFiles.unlink(path);
      await nodeFiles.rename(join(target, 'd'), join(target, 'moved away'));
      await nodeFiles.symlink('../outside', join(target, 'd'));
    },
  };
  const reader = await openBackup({ store, account, backupKey });
  await assert.rejects(
    restoreBackup({ reader, target, onConflict: async () => 'overwrite', files }),
    coded('target-conflict'),
  );
  assert.deepEqual(await readdir(join(at, 'outside')), []);
});
