import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  BackupError,
  type BackupErrorCode,
  createBackup,
  openBackup,
  restoreBackup,
  segmentBytes,
} from '@coffer/backup';
import { concat } from '@coffer/base';
import { headBytes } from '../dist/head.js';
import { labelBytes } from '../dist/labels.js';
import { account, backupKey, coded, folder, MemoryStore, plant, seeded } from './helpers.js';

const sealedSegment = segmentBytes + 16;
const bodyAt = labelBytes + 56;

/** A backup of two packs, its objects by what they are, and a restore of what tests make of it. */
async function victim(t: TestContext, generation = 3n) {
  const at = await folder(t);
  await plant(join(at, 'source'), {
    a: seeded('a').bytes(3 * segmentBytes),
    b: seeded(`b ${generation}`).bytes(40_000),
    'c/d': Buffer.from('d'),
  });
  const store = new MemoryStore();
  const entropy = seeded(`entropy ${generation}`);
  await createBackup({
    source: join(at, 'source'),
    store,
    account,
    backupKey,
    generation,
    entropy,
    packBytes: 4 * segmentBytes,
  });
  const [pack0, pack1, manifest] = store.names().sort((x, y) => order(store, x) - order(store, y)) as [
    string,
    string,
    string,
    string,
  ];
  const head = store.names().find((name) => name.endsWith('/current')) as string;
  const attempt = async () => {
    const target = join(
      at,
      `target ${seeded(String(Math.trunc(performance.now() * 1e6)))
        .bytes(4)
        .join('')}`,
    );
    try {
      const reader = await openBackup({ store, account, backupKey, expectGenerationMin: generation });
      await restoreBackup({ reader, target, onConflict: async () => 'abort' });
    } finally {
      // Whole files only, whatever has happened.
      const names = await readdir(target, { recursive: true }).catch(() => []);
      for (const name of names) assert.match(String(name), /^(a|b|c|c\/d)$/);
    }
  };
  return { store, head, manifest, pack0, pack1, attempt };
}

/** Kind and index as the label shows them: packs first, then the manifest, then the head. */
function order(store: MemoryStore, name: string): number {
  const bytes = store.objects.get(name) as Uint8Array;
  return ([9, 8, 0][(bytes[5] as number) - 1] as number) + (bytes[33] as number);
}

async function refused(attempt: () => Promise<void>, code: BackupErrorCode, what?: string): Promise<void> {
  await assert.rejects(attempt, (error: unknown) => {
    assert.ok(error instanceof BackupError, `${what}: ${String(error)}`);
    assert.equal(error.code, code, what);
    return true;
  });
}

test('untouched, the victim restores', async (t) => {
  await (await victim(t)).attempt();
});

test('a flipped bit anywhere is noticed: damaged', async (t) => {
  const { store, attempt, head, manifest, pack0, pack1 } = await victim(t);
  for (const name of [head, manifest, pack0, pack1]) {
    const bytes = store.objects.get(name) as Uint8Array;
    const used = name === pack1 ? bodyAt + sealedSegment : bytes.length;
    for (let at = 0; at < used; at += at < bodyAt || name === head ? 1 : 4093) {
      // A bit of the version is another version; of the padding's segments none is read in this small a backup.
      if (name === manifest && at >= bodyAt + sealedSegment) continue;
      bytes[at] = (bytes[at] as number) ^ (1 << (at % 8));
      const kinds = ['damaged', 'unsupported-version', 'swapped'];
      await assert.rejects(attempt, (error: unknown) => {
        assert.ok(error instanceof BackupError, String(error));
        if (at === 4) assert.equal(error.code, name === head ? 'unsupported-version' : 'unsupported-version');
        else if (name === head && at === 5) assert.ok(kinds.includes(error.code), error.code);
        else if (name === head && at >= 6 && at < 14)
          assert.ok(['damaged', 'older-than-expected'].includes(error.code));
        else assert.equal(error.code, 'damaged', `byte ${at}`);
        return true;
      });
      bytes[at] = (bytes[at] as number) ^ (1 << (at % 8));
    }
  }
  await attempt();
});

test('every object cut short, emptied, or gone: truncated, missing-object', async (t) => {
  const { store, attempt, head, manifest, pack0, pack1 } = await victim(t);
  for (const name of [head, manifest, pack0, pack1]) {
    const bytes = store.objects.get(name) as Uint8Array;
    for (const length of [
      0,
      1,
      labelBytes,
      bodyAt - 1,
      bodyAt,
      bodyAt + 15,
      bodyAt + sealedSegment,
      bytes.length - 1,
    ]) {
      if (length >= bytes.length) continue;
      store.objects.set(name, bytes.slice(0, length));
      await refused(attempt, 'truncated', `${length} of ${bytes.length}`);
    }
    store.objects.delete(name);
    await refused(attempt, name === head ? 'no-backup' : 'missing-object');
    store.objects.set(name, concat(bytes, new Uint8Array(1)));
    await refused(attempt, 'damaged', 'one byte more');
    store.objects.set(name, bytes);
  }
  assert.equal((store.objects.get(head) as Uint8Array).length, headBytes);
  await attempt();
});

test('a store that lies about sizes and then ends early: truncated', async (t) => {
  const { store, attempt, manifest, pack0 } = await victim(t);
  for (const name of [manifest, pack0]) {
    const bytes = store.objects.get(name) as Uint8Array;
    for (const length of [0, labelBytes + 3, bodyAt, bodyAt + 40]) {
      const get = store.get.bind(store);
      store.get = async (wanted, range) => {
        if (wanted !== name || range === undefined) return get(wanted, range);
        const short = bytes.slice(0, length).slice(range.offset, range.offset + range.length);
        return (async function* () {
          yield short;
        })();
      };
      await refused(attempt, 'truncated', `${length}`);
      store.get = get;
    }
  }
});

test('segments in another order: reordered', async (t) => {
  const { store, attempt, pack0 } = await victim(t);
  const bytes = store.objects.get(pack0) as Uint8Array;
  const segment = (i: number) => bytes.slice(bodyAt + i * sealedSegment, bodyAt + (i + 1) * sealedSegment);
  const swapped = bytes.slice();
  swapped.set(segment(2), bodyAt + sealedSegment);
  swapped.set(segment(1), bodyAt + 2 * sealedSegment);
  store.objects.set(pack0, swapped);
  await refused(attempt, 'reordered');
  const doubled = bytes.slice();
  doubled.set(segment(0), bodyAt + sealedSegment);
  store.objects.set(pack0, doubled);
  await refused(attempt, 'reordered');
});

test('packs exchanged with each other, or with another generation’s: swapped', async (t) => {
  const now = await victim(t, 3n);
  const before = await victim(t, 2n);
  for (const name of ['manifest', 'pack0', 'pack1'] as const) {
    const bytes = now.store.objects.get(now[name]) as Uint8Array;
    now.store.objects.set(now[name], before.store.objects.get(before[name]) as Uint8Array);
    await refused(now.attempt, 'swapped', name);
    now.store.objects.set(now[name], bytes);
  }
  await now.attempt();
  const pack1 = now.store.objects.get(now.pack1) as Uint8Array;
  const pack0 = (now.store.objects.get(now.pack0) as Uint8Array).slice();
  // As long as pack 0, or its size would tell first.
  pack0.set(pack1.subarray(0, Math.min(pack0.length, pack1.length)));
  now.store.objects.set(now.pack0, pack0);
  await refused(now.attempt, 'swapped', 'pack 1 for pack 0');
});

test('a manifest in the place of the head: swapped', async (t) => {
  const { store, attempt, head, manifest } = await victim(t);
  store.objects.set(head, (store.objects.get(manifest) as Uint8Array).slice(0, headBytes));
  await refused(attempt, 'swapped');
});

test('an older backup, whole and authentic: older-than-expected', async (t) => {
  const before = await victim(t, 2n);
  const store = before.store.copy();
  const source = await folder(t);
  await createBackup({ source, store: before.store, account, backupKey, generation: 3n, entropy: seeded('newer') });
  const options = { account, backupKey, expectGenerationMin: 3n };
  assert.equal((await openBackup({ store: before.store, ...options })).generation, 3n);
  await assert.rejects(openBackup({ store, ...options }), coded('older-than-expected'));
  assert.equal((await openBackup({ store, account, backupKey })).generation, 2n);
});

test('an old head beside the new objects: missing-object', async (t) => {
  const before = await victim(t, 2n);
  const oldHead = before.store.objects.get(before.head) as Uint8Array;
  const source = await folder(t);
  await createBackup({ source, store: before.store, account, backupKey, generation: 3n, entropy: seeded('newer') });
  before.store.objects.set(before.head, oldHead);
  await assert.rejects(openBackup({ store: before.store, account, backupKey }), coded('missing-object'));
});

test('a head that lies in clear about its generation is refused, though the hint believes it', async (t) => {
  const { store, head, attempt } = await victim(t);
  (store.objects.get(head) as Uint8Array)[13] = 99;
  await refused(attempt, 'damaged');
});
