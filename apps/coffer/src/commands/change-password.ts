import type { ChangeOutcome } from '@coffer/client';
import { CliError } from '../cli-error.js';
import { Account } from '../device/account.js';
import { linkFleet } from '../device/fleet-link.js';
import { guesses, refusal } from '../device/unlocking.js';
import type { Terminal } from '../terminal/terminal.js';
import type { AccountOptions } from './options.js';

export interface ChangePasswordOptions extends AccountOptions {
  readonly budget?: number | undefined;
  /** The old password is not known; this device's own key goes under a new one. */
  readonly forgotten?: boolean | undefined;
}

/** `coffer change-password`: another password over the same backup key, so that no backup has to be made again. */
export async function changePasswordCommand(options: ChangePasswordOptions, terminal: Terminal): Promise<void> {
  const account = await Account.open(linkFleet(options), options.account, options.state, terminal.output);
  try {
    const outcome =
      options.forgotten === true ? await replace(account, options, terminal) : await change(account, options, terminal);
    if (outcome.type === 'limit') throw new CliError('usage', 'limit', 'this fleet does not allow that many guesses');
    if (outcome.type === 'superseded') {
      throw new CliError(
        'refused',
        'superseded',
        'another device changed the vault at the same time; nothing was replaced',
      );
    }
    if (outcome.type !== 'protected') throw refusal(outcome);
    const { version, budget } = outcome;
    terminal.output.done({ ok: true, version, budget }, [`The new password is in force; ${guesses(budget)} allowed.`]);
  } finally {
    account.close();
  }
}

async function change(
  account: Account,
  { budget }: ChangePasswordOptions,
  { prompts }: Terminal,
): Promise<ChangeOutcome> {
  await finishEarlier(account);
  const oldPassword = await prompts.secret('Old password');
  const newPassword = await prompts.newSecret('New password');
  return account.client.changePassword(oldPassword, newPassword, budget === undefined ? {} : { budgetMax: budget });
}

async function replace(
  account: Account,
  { budget }: ChangePasswordOptions,
  { output, prompts }: Terminal,
): Promise<ChangeOutcome> {
  const { record } = account;
  if (record === undefined) {
    throw new CliError(
      'refused',
      'no-key',
      'this device has no key of the account, so it cannot do without the old password',
    );
  }
  await finishEarlier(account);
  output.warn('the vault counts this as a reset, and your other devices will be told so');
  const newPassword = await prompts.newSecret('New password');
  const options = { generationMin: record.generation, ...(budget === undefined ? {} : { budgetMax: budget }) };
  return account.client.protect(newPassword, record.backupKey, options);
}

/** A registration that a crash interrupted is finished first: its password was the last one that was chosen. */
async function finishEarlier(account: Account): Promise<void> {
  await account.client.resume();
}
