import { zero } from '@coffer/base';
import { CliError } from '../cli-error.js';
import { Account } from '../device/account.js';
import { linkFleet } from '../device/fleet-link.js';
import { guesses, unlock } from '../device/unlocking.js';
import type { Terminal } from '../terminal/terminal.js';
import type { AccountOptions } from './options.js';

/** `coffer refill`: gives failed guesses back to somebody who knows the password and says that the failures were theirs. */
export async function refillCommand(options: AccountOptions, terminal: Terminal): Promise<void> {
  const account = await Account.open(linkFleet(options), options.account, options.state, terminal.output);
  try {
    const unlocked = await unlock(account, terminal);
    zero(unlocked.backupKey);
    let { budget } = unlocked;
    if (unlocked.askRefill) {
      const outcome = await account.client.refill();
      if (outcome.type === 'stale') {
        throw new CliError(
          'refused',
          'stale',
          'the vault changed at the same time; run the command again if you still want it',
        );
      }
      budget = outcome.budget;
    }
    terminal.output.done({ ok: true, budget, failures: unlocked.failures }, [`Left now: ${guesses(budget)}.`]);
  } finally {
    account.close();
  }
}
