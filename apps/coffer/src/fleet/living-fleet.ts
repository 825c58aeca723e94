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

/** How long a member that leads nothing yet may take to begin. */
const settleMs = 1_000;
/** How long it may take when all others stand aside. */
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
  const led = (await ledBy(fleet, member, settleMs)) ?? (await madeLeader(fleet, member));
  for (;;) {
    const account = `self-test-${hex(systemEntropy.bytes(8))}`;
    if (groupOf(vaultIdOf(fleet.settings.tenant, account), groups) === led) return account;
  }
}

/** Group that the member leads, once it leads one. */
async function ledBy(fleet: RunningFleet, member: number, timeoutMs: number): Promise<number | undefined> {
  let led: number | undefined;
  await waitUntil(async () => {
    led = (await fleet.status(member))?.groups.find(({ leading }) => leading)?.group;
    return led !== undefined;
  }, timeoutMs);
  return led;
}

/** Has the member lead the group in which it comes first: all others stand aside there for a while. */
async function madeLeader(fleet: RunningFleet, member: number): Promise<number> {
  const group = (member - 1) % fleet.descriptor.groups;
  const others = fleet.descriptor.members.filter(({ id }) => id !== member);
  await Promise.all(others.map(({ id }) => fleet.standAside(id, group, leadMs)));
  const led = await ledBy(fleet, member, leadMs);
  // Were it to die now, somebody has to be there.
  await Promise.all(others.map(({ id }) => fleet.standAside(id, group, 0)));
  if (led !== undefined) return led;
  throw new CeremonyError('not-led', `the HSM of member ${member} leads no group`);
}
