import { type Entropy, equalBytes } from '@coffer/base';
import { type XWingSecretKey, xwingKeyPair } from '@coffer/crypto';
import { provisionFleet, SoftKeyStore } from '@coffer/hsm';
import { decodeFleetDescriptor, type FleetDescriptor } from '@coffer/protocol';
import { SimulationError } from './errors.js';
import { SeededEntropy, SeededRandom } from './seeded-random.js';

export interface FleetShape {
  /** HSMs, 1 to 15. */
  readonly sites: number;
  readonly groups: number;
  readonly rollbackTolerance: number;
  readonly budgetLimit: number;
}

/** A provisioned fleet, and the one secret that the checker reads its replies with. */
export interface FleetKit {
  readonly fleet: FleetDescriptor;
  readonly states: readonly Uint8Array[];
  /** Exported key stores, one per member. */
  readonly keyStores: readonly Uint8Array[];
  readonly channelKey: XWingSecretKey;
}

const kits = new Map<string, FleetKit>();

/**
 * A fleet of this shape: the same keys in every simulation, because a ceremony costs more than a short schedule and has
 * nothing to do with it.
 */
export function fleetKit(shape: FleetShape): FleetKit {
  const name = `${shape.sites}/${shape.groups}/${shape.rollbackTolerance}/${shape.budgetLimit}`;
  const known = kits.get(name) ?? provision(shape, new SeededRandom(`fleet ${name}`));
  kits.set(name, known);
  return known;
}

function provision({ sites, groups, rollbackTolerance, budgetLimit }: FleetShape, random: SeededRandom): FleetKit {
  const drawn: Uint8Array[] = [];
  const source = new SeededEntropy(random.fork('ceremony'));
  const overheard: Entropy = {
    bytes(length) {
      const bytes = source.bytes(length);
      drawn.push(bytes.slice());
      return bytes;
    },
  };
  const members = Array.from({ length: sites }, (_, i) => i + 1);
  const keyStores = members.map((id) => SoftKeyStore.generate(new SeededEntropy(random.fork(`key store ${id}`))));
  const { descriptor, states } = provisionFleet({
    sites: members.map((id) => `site-${id}`),
    keyStores,
    groups,
    budgetLimit,
    rollbackTolerance,
    entropy: overheard,
  });
  const fleet = decodeFleetDescriptor(descriptor);
  return {
    fleet,
    states,
    keyStores: keyStores.map((store) => store.export()),
    channelKey: findChannelKey(fleet, drawn),
  };
}

/** The channel key's seed is one of the draws of the ceremony; only a simulator can overhear one. */
function findChannelKey(fleet: FleetDescriptor, drawn: readonly Uint8Array[]): XWingSecretKey {
  for (const seed of drawn) {
    if (seed.length !== 32) continue;
    const { publicKey, secretKey } = xwingKeyPair(seed);
    if (equalBytes(publicKey, fleet.channelKey)) return secretKey;
  }
  throw new SimulationError('bad-options', 'the ceremony drew no seed of the channel key');
}
