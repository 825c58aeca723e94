import { zero } from '@coffer/base';
import { fetchTransport, preparePassword, VaultExchange } from '@coffer/client';
import { opaqueGenerateKe1, systemEntropy } from '@coffer/crypto';
import { systemClock, systemTimers } from '@coffer/host';
import type { VaultReply } from '@coffer/protocol';
import { type DemoDevice, demoAccount } from './device.js';

/**
 * What a thief would do who has the account's token and, by now, even the right password: ask the HSMs themselves, past
 * the client that knows that no guess is left. The reply carries a majority's commit proof like any other.
 */
export async function guessPastTheClient({ account, link }: DemoDevice, rightPassword: string): Promise<VaultReply> {
  const exchange = new VaultExchange({
    vault: account.vault,
    transport: fetchTransport(link.gatewayUrl),
    token: () => link.token(demoAccount),
    entropy: systemEntropy,
    clock: systemClock,
    timers: systemTimers,
  });
  const password = preparePassword(rightPassword);
  const { state, ke1 } = opaqueGenerateKe1(password, systemEntropy);
  zero(password, state.blind, state.clientSecret);
  return exchange.call({ type: 'recover.start', ke1 });
}
