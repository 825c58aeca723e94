import { resolve } from 'node:path';
import { FolderBackupStore, latestGeneration } from '@coffer/backup';
import type { VaultView } from '@coffer/client';
import { Account } from '../device/account.js';
import { linkFleet } from '../device/fleet-link.js';
import { guesses, isNewHere, warningText } from '../device/unlocking.js';
import { plural } from '../terminal/output.js';
import type { Terminal } from '../terminal/terminal.js';
import type { AccountOptions } from './options.js';
import { keyringOf, recoveryKeysIn } from './recovery-keys.js';

export interface StatusOptions extends AccountOptions {
  /** Also says what the store holds. */
  readonly store?: string | undefined;
}

/** `coffer status`: what vault, device and store say about an account. Costs no guess. */
export async function statusCommand(options: StatusOptions, { output }: Terminal): Promise<void> {
  const account = await Account.open(linkFleet(options), options.account, options.state, output);
  try {
    const view = await account.client.status();
    const warnings = view.warnings.filter((warning) => !isNewHere(warning));
    const stored = options.store === undefined ? undefined : await describeStore(options.store, account);
    const { record } = account;
    output.done(
      {
        ok: true,
        state: view.state,
        version: view.version,
        budget: view.budget,
        budgetMax: view.budgetMax,
        failures: view.failures,
        resets: view.resets,
        pending: view.pending !== undefined,
        warnings: warnings.map(({ type }) => type),
        device: { hasKey: record !== undefined, generation: Number(record?.generation ?? 0n) },
        ...(stored === undefined ? {} : { store: stored }),
      },
      [
        `Vault:  ${describeVault(view)}`,
        record === undefined
          ? 'Device: a new one; it has no key of this account'
          : `Device: has the key; ${record.generation === 0n ? 'knows of no backup yet' : `the newest backup it knows is ${record.generation}`}`,
        ...(stored === undefined
          ? []
          : [
              `Store:  ${stored.generation === 0 ? 'no backup' : `backup ${stored.generation}`}, ${plural(stored.recoveryKeys, 'recovery key')}`,
            ]),
        ...warnings.map((warning) => `${output.paint('yellow', 'note:')} ${warningText(warning)}`),
      ],
    );
  } finally {
    account.close();
  }
}

async function describeStore(path: string, account: Account): Promise<{ generation: number; recoveryKeys: number }> {
  const store = new FolderBackupStore(resolve(path));
  const generation = await latestGeneration({ store, account: account.vaultId });
  const keyring = await keyringOf(store, account.vaultId);
  return { generation: Number(generation ?? 0n), recoveryKeys: recoveryKeysIn(keyring) };
}

function describeVault({ state, budget, budgetMax, failures }: VaultView): string {
  switch (state) {
    case 'none':
      return 'nothing in it yet';
    case 'live':
      return `holds a key; ${guesses(budget)} of ${budgetMax} left${failures === 0 ? '' : `, ${failures} failed`}`;
    case 'destroyed':
      return 'destroyed by the HSMs after too many guesses; other methods, such as a recovery key, still work';
    case 'erased':
      return 'erased';
  }
}
