import { join, resolve } from 'node:path';
import { verifyErasureReceipt } from '@coffer/client';
import { replaceFile } from '@coffer/host';
import { CliError } from '../cli-error.js';
import { Account } from '../device/account.js';
import { linkFleet } from '../device/fleet-link.js';
import type { Terminal } from '../terminal/terminal.js';
import type { AccountOptions } from './options.js';

export interface EraseOptions extends AccountOptions {
  /** Do not ask. */
  readonly yes?: boolean | undefined;
  /** Where the receipt goes; default: the client state. */
  readonly receipt?: string | undefined;
  /** Also forget the backup key on this device. */
  readonly forgetKey?: boolean | undefined;
}

/** `coffer erase`: has the HSMs overwrite what the vault holds, and keeps their receipt. */
export async function eraseCommand(options: EraseOptions, { output, prompts }: Terminal): Promise<void> {
  const account = await Account.open(linkFleet(options), options.account, options.state, output);
  try {
    const question = 'Erase the vault? The password will never open this backup again';
    if (options.yes !== true && !(await prompts.confirm(question))) {
      throw new CliError('usage', 'not-confirmed', 'nothing was erased; --yes confirms without a question');
    }
    const outcome = await account.client.erase();
    if (outcome.type === 'not-registered') throw new CliError('refused', 'not-registered', 'this account has no vault');
    if (outcome.type === 'superseded') {
      throw new CliError(
        'refused',
        'superseded',
        'the vault changed at the same time and was not erased; look at "coffer status"',
      );
    }
    verifyErasureReceipt(outcome.fleet, outcome.receipt);
    const receipt = resolve(options.receipt ?? join(account.folder, 'erasure-receipt.bin'));
    replaceFile(receipt, outcome.receipt);
    if (options.forgetKey === true) account.forget();
    const kept =
      options.forgetKey === true || account.record === undefined
        ? []
        : ['This device still has the backup key (--forget-key).'];
    output.done({ ok: true, version: outcome.version, receipt, keyForgotten: account.record === undefined }, [
      'The vault is erased; a majority of the HSMs has signed for it.',
      `Receipt: ${receipt}`,
      ...kept,
    ]);
  } finally {
    account.close();
  }
}
