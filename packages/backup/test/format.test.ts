import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { chmod, mkdir, readFile, readlink, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  addWrap,
  createBackup,
  createKeyring,
  formatRecoveryKey,
  loadKeyring,
  openBackup,
  parseRecoveryKey,
  restoreBackup,
  saveKeyring,
  unwrapFromVault,
  unwrapWithPasskey,
  unwrapWithRecoveryKey,
  wrapForVault,
  wrapWithPasskey,
  wrapWithRecoveryKey,
} from '@coffer/backup';
import { fromHex, hex } from '@coffer/base';
import { sha256 } from '@coffer/crypto';
import { folder, MemoryStore, seeded } from './helpers.js';

interface Golden {
  readonly account: string;
  readonly backupKey: string;
  readonly generation: string;
  readonly recoveryKey: string;
  readonly recoveryKeyShown: string;
  readonly passkey: { readonly credentialId: string; readonly prfSalt: string; readonly prfOutput: string };
  readonly exportKey: string;
  readonly vaultPayload: string;
  readonly objects: Readonly<Record<string, string>>;
}

const url = new URL('../../../vectors/backup/format-v1.json', import.meta.url);
const golden = JSON.parse(readFileSync(url, 'utf8')) as Golden;
const account = fromHex(golden.account);
const backupKey = fromHex(golden.backupKey);
const recoveryKey = fromHex(golden.recoveryKey);
const exportKey = fromHex(golden.exportKey);
const { credentialId, prfSalt, prfOutput } = golden.passkey;
const passkey = { credentialId: fromHex(credentialId), prfSalt: fromHex(prfSalt), prfOutput: fromHex(prfOutput) };

async function plantGolden(source: string): Promise<void> {
  await mkdir(join(source, 'folder'), { recursive: true });
  await writeFile(join(source, 'folder', 'run.sh'), '#!/bin/sh\n');
  await chmod(join(source, 'folder', 'run.sh'), 0o755);
  await writeFile(join(source, 'größe'), new Uint8Array(300).fill(7));
  await chmod(join(source, 'größe'), 0o644);
  await symlink('folder/run.sh', join(source, 'link'));
  await chmod(join(source, 'folder'), 0o750);
  for (const path of ['folder/run.sh', 'größe', 'folder'])
    await utimes(join(source, path), 1_700_000_000, 1_700_000_000);
}

test('format version 1: the same folder, keys and entropy give the same bytes as ever', async (t) => {
  const source = await folder(t);
  await plantGolden(source);
  const store = new MemoryStore();
  const entropy = seeded('format v1');
  const generation = BigInt(golden.generation);
  await createBackup({ source, store, account, backupKey, generation, entropy, packBytes: 32_768 });
  const keyring = createKeyring([wrapWithRecoveryKey(account, recoveryKey, backupKey, entropy)]);
  await saveKeyring(store, account, addWrap(keyring, wrapWithPasskey(account, passkey, backupKey, entropy)));
  const objects = Object.fromEntries([...store.objects].map(([name, bytes]) => [name, hex(bytes)]));
  // By their hashes, as the objects would fill the screen.
  const digests = (all: Readonly<Record<string, string>>) =>
    Object.entries(all)
      .map(([name, bytes]) => `${name} ${hex(sha256(fromHex(bytes)))}`)
      .sort();
  assert.deepEqual(digests(objects), digests(golden.objects));
  assert.equal(hex(wrapForVault(exportKey, backupKey, account, entropy)), golden.vaultPayload);
  assert.equal(formatRecoveryKey(recoveryKey), golden.recoveryKeyShown);
});

test('format version 1: what was stored then is read now', async (t) => {
  const store = new MemoryStore();
  for (const [name, bytes] of Object.entries(golden.objects)) store.objects.set(name, fromHex(bytes));
  const keyring = await loadKeyring(store, account);
  assert.deepEqual(unwrapWithRecoveryKey(keyring, parseRecoveryKey(golden.recoveryKeyShown), account), backupKey);
  assert.deepEqual(unwrapWithPasskey(keyring, passkey, account), backupKey);
  assert.deepEqual(unwrapFromVault(exportKey, fromHex(golden.vaultPayload), account), backupKey);
  const target = await folder(t);
  const reader = await openBackup({ store, account, backupKey, expectGenerationMin: BigInt(golden.generation) });
  await restoreBackup({ reader, target, onConflict: async () => 'abort' });
  assert.equal(await readFile(join(target, 'link'), 'utf8'), '#!/bin/sh\n');
  assert.equal(await readlink(join(target, 'link')), 'folder/run.sh');
  assert.equal((await readFile(join(target, 'größe'))).length, 300);
});
