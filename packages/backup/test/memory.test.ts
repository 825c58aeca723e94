import assert from 'node:assert/strict';
import { stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { type BackupStore, createBackup, FolderBackupStore, openBackup, restoreBackup } from '@coffer/backup';
import { account, backupKey, folder, plant, seeded } from './helpers.js';

const mebibyte = 2 ** 20;

test('a file of 128 MiB is backed up and restored in a few MiB of memory', async (t) => {
  const at = await folder(t);
  const store: BackupStore = new FolderBackupStore(join(at, 'store'));
  const run = async (generation: bigint, target: string) => {
    let peak = 0;
    const onProgress = () => {
      peak = Math.max(peak, process.memoryUsage.rss());
    };
    const source = join(at, 'source');
    await createBackup({ source, store, account, backupKey, generation, entropy: seeded('e'), onProgress });
    const reader = await openBackup({ store, account, backupKey });
    await restoreBackup({ reader, target: join(at, target), onConflict: async () => 'abort', onProgress });
    return peak;
  };
  // Sparse, so that reading costs no disk; its ciphertext is as real as any.
  await plant(join(at, 'source'), { big: new Uint8Array(1) });
  await truncate(join(at, 'source', 'big'), 16 * mebibyte);
  const before = await run(1n, 'small');
  await truncate(join(at, 'source', 'big'), 128 * mebibyte);
  const peak = await run(2n, 'large');
  const restored = await stat(join(at, 'large', 'big'));
  assert.equal(restored.size, 128 * mebibyte);
  assert.ok(peak - before < 48 * mebibyte, `grew by ${Math.round((peak - before) / mebibyte)} MiB`);
});
