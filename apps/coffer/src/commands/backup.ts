import { existsSync, statSync } from 'node:fs';
import { relative, resolve, sep } from 'node:path';
import {
  BackupError,
  type BackupStore,
  type CreatedBackup,
  createBackup,
  FolderBackupStore,
  latestGeneration,
} from '@coffer/backup';
import { ClientError, type ProtectOutcome, type VaultView } from '@coffer/client';
import { systemEntropy } from '@coffer/crypto';
import { CliError } from '../cli-error.js';
import { Account } from '../device/account.js';
import { linkFleet } from '../device/fleet-link.js';
import { guesses, isNewHere, unlock, warningText } from '../device/unlocking.js';
import { plural, size } from '../terminal/output.js';
import { activity, showProgress } from '../terminal/progress.js';
import type { Terminal } from '../terminal/terminal.js';
import type { AccountOptions } from './options.js';
import { replaceRecoveryKey, showRecoveryKey } from './recovery-keys.js';

export interface BackupOptions extends AccountOptions {
  readonly store: string;
  /** Guesses of a new password, 1 to the fleet's limit. */
  readonly budget?: number | undefined;
  /** Whether a first backup gets a recovery key; asked where somebody can answer. */
  readonly recoveryKey?: boolean | undefined;
  /** Names of files and folders that are left out wherever they are. */
  readonly exclude?: readonly string[] | undefined;
}

/** What a backup did. */
export interface BackedUp extends CreatedBackup {
  /** Whether the key went into the vault now. */
  readonly isProtected: boolean;
  readonly recoveryKey: string | undefined;
  readonly warnings: readonly string[];
}

/** `coffer backup`. */
export async function backupCommand(path: string, options: BackupOptions, terminal: Terminal): Promise<void> {
  const account = await Account.open(linkFleet(options), options.account, options.state, terminal.output);
  try {
    const done = await backUp(account, path, options, terminal);
    const { generation, files, folders, links, bytes, storedBytes, skipped, recoveryKey, warnings } = done;
    terminal.output.done(
      {
        ok: true,
        generation: Number(generation),
        files,
        folders,
        links,
        bytes,
        storedBytes,
        skipped,
        protected: done.isProtected,
        ...(recoveryKey === undefined ? {} : { recoveryKey }),
        warnings,
      },
      [`Backup ${generation} is complete: ${plural(files, 'file')}, ${size(bytes)}, ${size(storedBytes)} stored.`],
    );
  } finally {
    account.close();
  }
}

/** Backs up a folder: the key goes into the vault first, if it is not there yet, then the files into the store. */
export async function backUp(
  account: Account,
  path: string,
  options: BackupOptions,
  terminal: Terminal,
): Promise<BackedUp> {
  const { output } = terminal;
  const source = checkedSource(path, options.store);
  const store = new FolderBackupStore(resolve(options.store));
  const stored = await latestGeneration({ store, account: account.vaultId });
  const view = await viewOrOffline(account);
  const warnings = (view?.warnings ?? [])
    .filter((warning) => warning.type !== 'unfinished-registration' && !isNewHere(warning))
    .map((warning) => warningText(warning));
  for (const warning of warnings) output.warn(warning);
  if (view === undefined) output.warn('the fleet does not answer; this device has the key and backs up without it');

  const isProtected = view !== undefined && (await ensureProtected(account, view, stored, options, terminal));
  const record = account.record;
  if (record === undefined) throw new CliError('unavailable', 'no-key', 'this device has no backup key');
  const recoveryKey = isProtected ? await offerRecoveryKey(store, account, options, terminal) : undefined;

  const generation = [record.generation, stored ?? 0n].reduce((a, b) => (a > b ? a : b)) + 1n;
  const shown = activity(output, 'Backing up');
  try {
    const created = await createBackup({
      source,
      store,
      account: account.vaultId,
      backupKey: record.backupKey,
      generation,
      entropy: systemEntropy,
      exclude: excluding(options.exclude ?? []),
      onProgress: showProgress(shown, 'Backing up'),
    });
    account.remember({ backupKey: record.backupKey, generation });
    shown.end();
    for (const name of created.skipped) output.warn(`left out, because it is no file, folder or link: ${name}`);
    return { ...created, isProtected, recoveryKey, warnings };
  } catch (error) {
    shown.end();
    throw error;
  }
}

/** Leaves out every file or folder of one of these names, wherever it is. */
export function excluding(names: readonly string[]): (path: string) => boolean {
  const excluded = new Set(names);
  return (path) => excluded.has(path.slice(path.lastIndexOf('/') + 1));
}

function checkedSource(path: string, store: string): string {
  const source = resolve(path);
  if (!existsSync(source) || !statSync(source).isDirectory()) {
    throw new CliError('usage', 'no-folder', `${path} is not a folder`);
  }
  // A store inside of the source would be part of the next backup, and grow without end.
  if (`${resolve(store)}${sep}`.startsWith(`${source}${sep}`) && relative(source, resolve(store)) !== '..') {
    throw new CliError('usage', 'store-in-source', '--store lies inside of the folder that is backed up');
  }
  return source;
}

/** @returns undefined when the fleet does not answer and this device can go on without it. */
async function viewOrOffline(account: Account): Promise<VaultView | undefined> {
  try {
    return await account.client.status();
  } catch (error) {
    const isAway =
      error instanceof ClientError &&
      (error.code === 'network' || error.code === 'unavailable' || error.code === 'no-fleet');
    if (isAway && account.record !== undefined && account.record.generation > 0n) return undefined;
    throw error;
  }
}

/** Sees to it that vault and device hold the same key. @returns whether it was put into the vault now. */
async function ensureProtected(
  account: Account,
  view: VaultView,
  stored: bigint | undefined,
  options: BackupOptions,
  terminal: Terminal,
): Promise<boolean> {
  const { client, record } = account;
  if (view.warnings.some(({ type }) => type === 'unfinished-registration')) {
    const outcome = await client.resume();
    if (outcome !== undefined) return isInForce(outcome, terminal);
  }
  if (view.state === 'live') {
    if (record !== undefined) return false;
    const { backupKey, generationMin } = await unlock(account, terminal, 'Password of this account');
    account.remember({ backupKey, generation: generationMin });
    return false;
  }
  if (record === undefined && stored !== undefined) {
    throw new CliError(
      'refused',
      'key-elsewhere',
      'the store holds a backup whose key neither vault nor device has; restore it with its recovery key first',
    );
  }
  const password = await terminal.prompts.newSecret('New password');
  // On disk before it is in the vault: a crash in between must not leave a vault whose key nobody else has.
  const backupKey = record?.backupKey ?? systemEntropy.bytes(32);
  if (record === undefined) account.remember({ backupKey, generation: 0n });
  const generationMin = record?.generation ?? 0n;
  const budget = options.budget === undefined ? {} : { budgetMax: options.budget };
  return isInForce(await client.protect(password, backupKey, { generationMin, ...budget }), terminal);
}

function isInForce(outcome: ProtectOutcome, { output }: Terminal): boolean {
  if (outcome.type === 'protected') {
    output.say(`  ${output.paint('green', '✓')} the key is in the vault; ${guesses(outcome.budget)} allowed`);
    return true;
  }
  if (outcome.type === 'limit') throw new CliError('usage', 'limit', 'this fleet does not allow that many guesses');
  throw new CliError(
    'refused',
    'superseded',
    'another device changed the vault at the same time; look at "coffer status"',
  );
}

async function offerRecoveryKey(
  store: BackupStore,
  account: Account,
  { recoveryKey }: BackupOptions,
  terminal: Terminal,
): Promise<string | undefined> {
  const { output, prompts } = terminal;
  const wanted = recoveryKey ?? (await prompts.confirm('Make a recovery key, in case the password is forgotten?'));
  if (!wanted) {
    output.warn('the password is the only way to this backup; "coffer recovery-key" adds another');
    return undefined;
  }
  const key = account.record?.backupKey;
  if (key === undefined) throw new BackupError('bad-argument', 'no backup key');
  const written = await replaceRecoveryKey(store, account.vaultId, key);
  await showRecoveryKey(written, terminal);
  return written;
}
