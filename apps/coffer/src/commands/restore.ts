import { resolve } from 'node:path';
import {
  type ConflictChoice,
  FolderBackupStore,
  loadKeyring,
  openBackup,
  parseRecoveryKey,
  type RestoredBackup,
  restoreBackup,
  unwrapWithRecoveryKey,
} from '@coffer/backup';
import { zero } from '@coffer/base';
import { Account } from '../device/account.js';
import { linkFleet } from '../device/fleet-link.js';
import { offerRefill, type Unlocked, unlock } from '../device/unlocking.js';
import { plural, size } from '../terminal/output.js';
import { activity, showProgress } from '../terminal/progress.js';
import type { Terminal } from '../terminal/terminal.js';
import type { AccountOptions } from './options.js';

export interface RestoreOptions extends AccountOptions {
  readonly store: string;
  readonly to: string;
  /** The recovery key in place of the password; no fleet is needed then. */
  readonly recoveryKey?: boolean | undefined;
  readonly overwrite?: boolean | undefined;
  readonly skipExisting?: boolean | undefined;
}

export interface Restored extends RestoredBackup {
  readonly generation: bigint;
  readonly method: 'password' | 'recovery-key' | 'device';
  /** The vault was on an older fleet, and is on the newest one now. */
  readonly movedToNewFleet: boolean;
}

/** `coffer restore`. */
export async function restoreCommand(options: RestoreOptions, terminal: Terminal): Promise<void> {
  const account = await Account.open(linkFleet(options), options.account, options.state, terminal.output);
  try {
    const { generation, method, movedToNewFleet, files, folders, links, bytes, skipped, unsafeLinks } = await restore(
      account,
      options,
      terminal,
    );
    // Links that lead outside are in `skipped` too, and were told one by one; nothing was there before them.
    const kept = skipped.length - unsafeLinks.length;
    const left = kept === 0 ? '' : `; left as it was: ${plural(kept, 'name')}`;
    terminal.output.done(
      {
        ok: true,
        generation: Number(generation),
        method,
        movedToNewFleet,
        files,
        folders,
        links,
        bytes,
        skipped,
        unsafeLinks,
      },
      [`Backup ${generation} is restored: ${plural(files, 'file')}, ${size(bytes)}${left}.`],
    );
  } finally {
    account.close();
  }
}

/** Restores the newest backup of an account with whatever opens it: this device's key, the password, the recovery key. */
export async function restore(account: Account, options: RestoreOptions, terminal: Terminal): Promise<Restored> {
  const { output } = terminal;
  const store = new FolderBackupStore(resolve(options.store));
  const { vaultId } = account;
  const known = account.record;
  const opened = await openKey(account, options, terminal);
  const { method, backupKey } = opened;
  const generationMin = [known?.generation ?? 0n, opened.generationMin].reduce((a, b) => (a > b ? a : b));
  const shown = activity(output, 'Restoring');
  try {
    const reader = await openBackup({ store, account: vaultId, backupKey, expectGenerationMin: generationMin });
    const restored = await restoreBackup({
      reader,
      target: resolve(options.to),
      onConflict: (path) => shown.asking(() => conflictChoice(path, options, terminal)),
      onProgress: showProgress(shown, 'Restoring'),
    });
    shown.end();
    for (const path of restored.unsafeLinks) output.warn(`not restored, because it leads out of the target: ${path}`);
    account.remember({ backupKey, generation: reader.generation });
    if (opened.unlocked !== undefined) await offerRefill(account, opened.unlocked, terminal);
    const movedToNewFleet = opened.unlocked?.isMoved ?? false;
    return { ...restored, generation: reader.generation, method, movedToNewFleet };
  } catch (error) {
    shown.end();
    throw error;
  }
}

interface OpenedKey {
  readonly method: Restored['method'];
  readonly backupKey: Uint8Array;
  readonly generationMin: bigint;
  readonly unlocked: Unlocked | undefined;
}

async function openKey(account: Account, options: RestoreOptions, terminal: Terminal): Promise<OpenedKey> {
  const { vaultId } = account;
  if (options.recoveryKey === true) {
    const store = new FolderBackupStore(resolve(options.store));
    const keyring = await loadKeyring(store, vaultId);
    const recoveryKey = parseRecoveryKey(await terminal.prompts.secret('Recovery key'));
    try {
      const backupKey = unwrapWithRecoveryKey(keyring, recoveryKey, vaultId);
      return { method: 'recovery-key', backupKey, generationMin: 0n, unlocked: undefined };
    } finally {
      zero(recoveryKey);
    }
  }
  const { record } = account;
  if (record !== undefined) {
    return { method: 'device', backupKey: record.backupKey, generationMin: record.generation, unlocked: undefined };
  }
  const unlocked = await unlock(account, terminal);
  const { backupKey, generationMin } = unlocked;
  return { method: 'password', backupKey, generationMin, unlocked };
}

async function conflictChoice(
  path: string,
  { overwrite, skipExisting }: RestoreOptions,
  { output, prompts }: Terminal,
): Promise<ConflictChoice> {
  if (overwrite === true) return 'overwrite';
  if (skipExisting === true) return 'skip';
  if (!prompts.isInteractive) {
    output.warn(`${path} is there already; say --overwrite or --skip-existing`);
    return 'abort';
  }
  return (await prompts.confirm(`${path} is there already. Overwrite it?`)) ? 'overwrite' : 'skip';
}
