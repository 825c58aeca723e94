import { resolve } from 'node:path';
import { FolderBackupStore } from '@coffer/backup';
import { Account } from '../device/account.js';
import { linkFleet } from '../device/fleet-link.js';
import { unlock } from '../device/unlocking.js';
import type { Terminal } from '../terminal/terminal.js';
import type { AccountOptions } from './options.js';
import { keyringOf, recoveryKeysIn, replaceRecoveryKey, showRecoveryKey } from './recovery-keys.js';

export interface RecoveryKeyOptions extends AccountOptions {
  readonly store: string;
  /** Take the place of the one there is. */
  readonly rotate?: boolean | undefined;
}

/** `coffer recovery-key`: makes one, or says that there is one. It can only be shown when it is made. */
export async function recoveryKeyCommand(options: RecoveryKeyOptions, terminal: Terminal): Promise<void> {
  const { output } = terminal;
  const account = await Account.open(linkFleet(options), options.account, options.state, output);
  try {
    const { vaultId } = account;
    const store = new FolderBackupStore(resolve(options.store));
    const had = recoveryKeysIn(await keyringOf(store, vaultId)) > 0;
    if (had && options.rotate !== true) {
      output.done({ ok: true, exists: true, created: false }, [
        'There is a recovery key. It is stored nowhere and cannot be shown again; --rotate replaces it.',
      ]);
      return;
    }
    const backupKey = account.record?.backupKey ?? (await unlock(account, terminal)).backupKey;
    const recoveryKey = await replaceRecoveryKey(store, vaultId, backupKey);
    await showRecoveryKey(recoveryKey, terminal);
    output.done({ ok: true, exists: true, created: true, rotated: had, recoveryKey }, [
      had
        ? 'The new recovery key is in force; the old one opens nothing in this store.'
        : 'The recovery key is in force.',
    ]);
  } finally {
    account.close();
  }
}
