import { VaultExchange } from '@coffer/client';
import { groupOf, type VaultReply, type VaultRequest, vaultIdOf } from '@coffer/protocol';
import type { Secrets } from './linearizability/vault-call.js';
import { SeededEntropy } from './seeded-random.js';
import { simTransport } from './sim-device.js';
import type { SimFleet } from './sim-fleet.js';
import { simTenant } from './sim-gateway.js';

/** An account name whose vault is in this group. */
export function accountIn(groups: number, group: number, prefix: string): string {
  for (let i = 0; ; i++) {
    const name = `${prefix}${i}`;
    if (groupOf(vaultIdOf(simTenant, name), groups) === group) return name;
  }
}

/** A caller without the SDK's manners: sends what it is told to, from a machine of its own, with the account's token. */
export function rawCaller(
  fleet: SimFleet,
  name: string,
  account: string,
  secrets: Secrets = {},
): (request: VaultRequest) => Promise<VaultReply> {
  const { world, network, gateway, tap } = fleet;
  const exchange = new VaultExchange({
    vault: { fleet: fleet.fleet, vaultId: vaultIdOf(simTenant, account) },
    transport: simTransport({ world, fleet: fleet.fleet, network, gateway, tap }, name, account, () => secrets),
    token: async () => account,
    entropy: new SeededEntropy(world.random.fork(`caller ${name}`)),
    clock: world.time,
    timers: world.time,
  });
  return (request) => exchange.call(request);
}

/** Asks every group for the status of some vault. @returns how long the slowest took, or undefined over `withinMs`. */
export async function probeGroups(fleet: SimFleet, withinMs: number): Promise<number | undefined> {
  const startMs = fleet.world.time.nowMs();
  let waiting = fleet.fleet.groups;
  for (let group = 0; group < fleet.fleet.groups; group++) {
    const account = accountIn(fleet.fleet.groups, group, 'probe');
    const call = rawCaller(fleet, `prober${group}`, account);
    const again = async (): Promise<void> => {
      for (;;) {
        try {
          await call({ type: 'status' });
          waiting--;
          return;
        } catch {
          fleet.world.trace.add('prober', `g${group} unanswered`);
        }
      }
    };
    void again();
  }
  const isAnswered = await fleet.run(withinMs, () => waiting === 0);
  return isAnswered ? fleet.world.time.nowMs() - startMs : undefined;
}
