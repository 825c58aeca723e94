import { hex } from '@coffer/base';
import { ClientError, type FailedUnlock, type VaultUnlockOutcome, type Warning } from '@coffer/client';
import { CliError } from '../cli-error.js';
import { plural } from '../terminal/output.js';
import type { Terminal } from '../terminal/terminal.js';
import type { Account } from './account.js';

export type Unlocked = Extract<VaultUnlockOutcome, { type: 'unlocked' }>;

/**
 * Asks for the password and spends one guess on it.
 * @throws CliError `refused` with what the person should know: guesses left, and which ways remain.
 */
export async function unlock(account: Account, terminal: Terminal, what = 'Password'): Promise<Unlocked> {
  const { output, prompts } = terminal;
  const password = await prompts.secret(what);
  const accepted: { acceptOldTrust?: boolean } = {};
  let outcome = await account.client.unlock(password).catch(async (error: unknown) => {
    if (!(await isOldTrustAccepted(error, terminal))) throw error;
    accepted.acceptOldTrust = true;
    return account.client.unlock(password, accepted);
  });
  if (outcome.type === 'locked-out' && outcome.interrupted) {
    output.warn('your last guess was interrupted. Exactly that password may be tried again, free of charge;');
    output.warn('any other one destroys what the vault holds.');
    if (await prompts.confirm('Is this exactly the password of then?')) {
      outcome = await account.client.unlock(password, { ...accepted, resumeInterrupted: true });
    }
  }
  if (outcome.type !== 'unlocked') throw refusal(outcome);
  for (const warning of outcome.warnings) if (!isNewHere(warning)) output.warn(warningText(warning));
  if (outcome.isMoved) output.say('  the vault is on the newest fleet now');
  return outcome;
}

/** Nothing was sent yet: a person may know that the log is only away, and wants the backup now. */
async function isOldTrustAccepted(error: unknown, { output, prompts }: Terminal): Promise<boolean> {
  if (!(error instanceof ClientError) || error.code !== 'old-trust') return false;
  output.warn(
    'nobody has vouched for the keys of the fleet for seven days; if it was revoked since, this device cannot',
  );
  output.warn('know. Somebody who had broken into it would get one guess with what you type.');
  return prompts.confirm('Send the password’s proof to it all the same?');
}

/** Asks whether the failed guesses were the person's own, and gives them back if so. @returns whether it did. */
export async function offerRefill(
  account: Account,
  unlocked: Unlocked,
  { output, prompts }: Terminal,
): Promise<boolean> {
  if (!unlocked.askRefill) return false;
  const failures = `${plural(unlocked.failures, 'failed attempt')} since your last unlock`;
  if (!prompts.isInteractive) {
    output.warn(`${failures}. If they were yours, "coffer refill" gives the guesses back.`);
    return false;
  }
  if (!(await prompts.confirm(`${failures}: were they you?`))) {
    output.warn('then somebody else has guessed at your password. Consider "coffer change-password".');
    return false;
  }
  return (await account.client.refill()).type === 'refilled';
}

/** What to tell a person whose password gave nothing. */
export function refusal(outcome: FailedUnlock): CliError {
  const recovery = 'a recovery key, if you made one, still works: coffer restore --recovery-key';
  switch (outcome.type) {
    case 'wrong-password': {
      const left = outcome.budget === 0 ? 'no guess is left' : `${guesses(outcome.budget)} left`;
      const hint = outcome.budget <= 1 ? `. Before you go on: ${recovery}` : '';
      return new CliError('refused', 'wrong-password', `wrong password; ${left}${hint}`);
    }
    case 'locked-out':
      return new CliError('refused', 'locked-out', `no guess is left, and nothing was sent; ${recovery}`);
    case 'destroyed':
      return new CliError(
        'refused',
        'destroyed',
        `the HSMs have destroyed what the vault held after too many guesses; ${recovery}`,
      );
    case 'erased':
      return new CliError('refused', 'erased', `this vault was erased; ${recovery}`);
    case 'not-registered':
      return new CliError('refused', 'not-registered', 'this account has no vault yet; "coffer backup" makes one');
  }
}

/** On a device that never used the vault, every version of it is unknown, and says nothing. */
export function isNewHere(warning: Warning): boolean {
  return warning.type === 'unknown-version' && warning.knownVersion === 0;
}

/** `1 guess`, `2 guesses`. */
export function guesses(value: number): string {
  return value === 1 ? '1 guess' : `${value} guesses`;
}

/** A warning of the client, for a person. */
export function warningText(warning: Warning): string {
  switch (warning.type) {
    case 'unknown-version':
      return 'the vault was registered or erased by another device since this one last used it';
    case 'foreign-resets':
      return `the password was replaced ${plural(warning.count, 'time')} without knowledge of the old one, not by this device`;
    case 'foreign-failures':
      return `${plural(warning.count, 'failed attempt')} that this device did not make`;
    case 'foreign-pending':
      return 'a registration that this device did not start waits to be confirmed';
    case 'unfinished-registration':
      return 'a registration of this device is not finished; "coffer backup" goes on with it';
    case 'owed-erasure':
      return 'an erasure is not receipted yet; run "coffer erase" again';
    case 'last-guess':
      return 'one guess is left; if you have a recovery key, use that first';
    case 'old-trust':
      return `nobody has vouched for the fleet's keys for ${plural(Math.floor(warning.ageMs / 86_400_000), 'day')}; nothing is registered until somebody does`;
    case 'no-news':
      return `no news of fleets that holds (${warning.code}); the fleet known so far goes on`;
    case 'log-fraud':
      return 'the public log of fleet keys has signed two histories';
    case 'fleet-unreachable':
      return `fleet ${short(warning.configHash)} could not be asked (${warning.code})`;
    case 'move-failed':
      return `the vault could not be moved to the newest fleet (${warning.code}); the next unlock tries again`;
    case 'other-vault':
      return `fleet ${short(warning.configHash)} holds another vault of this account, which is not yours to open with this password`;
    case 'old-vault':
      return oldVaultText(warning.reason, short(warning.configHash));
  }
}

function oldVaultText(reason: 'owed' | 'superseded' | 'fleet-gone', fleet: string): string {
  switch (reason) {
    case 'owed':
      return `the vault on the old fleet ${fleet} is not erased yet; the next command tries again`;
    case 'superseded':
      return `the vault on the old fleet ${fleet} was changed elsewhere after this device moved away, and is not erased; "coffer erase" ends them all`;
    case 'fleet-gone':
      return `the old fleet ${fleet} must not be used any more; whether the vault there was erased is unknown`;
  }
}

/** Enough of a fleet's hash to tell it from others. */
const short = (configHash: Uint8Array): string => hex(configHash).slice(0, 12);
