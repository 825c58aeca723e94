import {
  addWrap,
  BackupError,
  type BackupStore,
  createKeyring,
  formatRecoveryKey,
  listWraps,
  loadKeyring,
  newRecoveryKey,
  removeWrap,
  saveKeyring,
  wrapWithRecoveryKey,
} from '@coffer/backup';
import { equalBytes, zero } from '@coffer/base';
import { systemEntropy } from '@coffer/crypto';
import type { Terminal } from '../terminal/terminal.js';

/** The stored keyring, or a new empty one. @throws BackupError `bad-keyring` and what the store throws. */
export async function keyringOf(store: BackupStore, account: Uint8Array): Promise<Uint8Array> {
  try {
    return await loadKeyring(store, account);
  } catch (error) {
    if (error instanceof BackupError && error.code === 'no-keyring') return createKeyring();
    throw error;
  }
}

/** How many recovery keys open the backup of this account. */
export function recoveryKeysIn(keyring: Uint8Array): number {
  return listWraps(keyring).filter(({ type }) => type === 'recovery-key').length;
}

/**
 * Makes a recovery key the only one, and stores its wrap. From then on earlier ones open nothing that this store shows;
 * a copy of an old keyring that somebody kept goes on opening with the old key.
 * @returns the key as people write it down. It is stored nowhere.
 */
export async function replaceRecoveryKey(
  store: BackupStore,
  account: Uint8Array,
  backupKey: Uint8Array,
): Promise<string> {
  const key = newRecoveryKey(systemEntropy);
  try {
    let keyring = await keyringOf(store, account);
    for (const { id, type } of listWraps(keyring)) if (type === 'recovery-key') keyring = removeWrap(keyring, id);
    const wrap = wrapWithRecoveryKey(account, key, backupKey, systemEntropy);
    await saveKeyring(store, account, addWrap(keyring, wrap));
    return formatRecoveryKey(key);
  } finally {
    zero(key);
  }
}

/**
 * Shows a recovery key, once, and has one group typed back where somebody is there to do it. With `--json` it is in the
 * result alone: standard error often ends in a log.
 */
export async function showRecoveryKey(written: string, { output, prompts }: Terminal): Promise<void> {
  if (output.isJson) return;
  const groups = written.split(' ');
  output.say();
  output.say(output.paint('bold', 'Recovery key. Write it down now: it is shown this once and stored nowhere.'));
  for (let row = 0; row < groups.length; row += 6) output.say(`    ${groups.slice(row, row + 6).join('  ')}`);
  output.say(output.paint('dim', '64 hexadecimal digits in groups of four; a last group checks the others.'));
  output.say();
  if (!prompts.isInteractive) return;
  const [random = 0] = systemEntropy.bytes(1);
  const index = random % groups.length;
  const expected = new TextEncoder().encode(groups[index] as string);
  for (;;) {
    const typed = await prompts.line(`Type group ${index + 1} of your copy`);
    if (equalBytes(new TextEncoder().encode(typed.trim().toLowerCase()), expected)) return;
    output.say('That is not what is shown above. Look again.');
  }
}
