import { HsmSocket } from '@coffer/agent';
import { CodedError, hex } from '@coffer/base';
import { CeremonyError, type LivingFleet } from '@coffer/ceremony';
import { fetchTransport, VaultExchange } from '@coffer/client';
import { systemEntropy } from '@coffer/crypto';
import { systemClock, systemTimers } from '@coffer/host';
import { groupOf, vaultIdOf } from '@coffer/protocol';
import { issueToken } from './issuer.js';
import { type RunningFleet, waitUntil } from './running-fleet.js';
import { socketPath } from './socket-place.js';

/** How long every member may take to lead a group. */
const leadMs = 30_000;

/** A local fleet as a ceremony asks it: attestations over the HSMs' own sockets, self-tests through the gateway. */
export function livingFleet(fleet: RunningFleet): LivingFleet {
  return {
    async attest(member, nonce) {
      const socket = new HsmSocket(socketPath(fleet.folder.site(member)));
      try {
        const reply = await socket.call({ type: 'attest', nonce });
        if (reply.type === 'attested') return reply.attestation;
        throw new CeremonyError('bad-answer', `HSM ${member} attests nothing`);
      } catch (cause) {
        if (cause instanceof CeremonyError || !(cause instanceof CodedError)) throw cause;
        throw new CeremonyError('hsm-unavailable', `HSM ${member}: ${cause.message}`, { cause });
      } finally {
        socket.close();
      }
    },
    async vaultLedBy(member) {
      const account = await accountLedBy(fleet, member);
      const { tenant } = fleet.settings;
      return new VaultExchange({
        vault: { fleet: fleet.descriptor, vaultId: vaultIdOf(tenant, account) },
        transport: fetchTransport(fleet.gatewayUrl),
        token: () => issueToken(fleet.folder, fleet.settings, tenant, account),
        entropy: systemEntropy,
        clock: systemClock,
        timers: systemTimers,
      });
    },
  };
}

/** The name of an account that nobody has, whose group the member leads. */
async function accountLedBy(fleet: RunningFleet, member: number): Promise<string> {
  const { groups } = fleet.descriptor;
  let led: number | undefined;
  await waitUntil(async () => {
    const status = await fleet.status(member);
    led = status?.groups.find(({ leading }) => leading)?.group;
    return led !== undefined;
  }, leadMs);
  if (led === undefined) throw new CeremonyError('not-led', `the HSM of member ${member} leads no group`);
  for (;;) {
    const account = `self-test-${hex(systemEntropy.bytes(8))}`;
    if (groupOf(vaultIdOf(fleet.settings.tenant, account), groups) === led) return account;
  }
}
