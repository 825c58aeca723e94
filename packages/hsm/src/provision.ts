import type { Entropy } from '@coffer/base';
import { type BirthList, type BirthPlan, ProtocolError, quorumFloor } from '@coffer/protocol';
import { Birth } from './birth/birth.js';
import { type BirthReply, type BirthRequest, decodeBirthReply, encodeBirthRequest } from './birth/birth-api.js';
import { initialiseHsm } from './birth/birth-state.js';
import { MemoryNvram } from './memory-nvram.js';
import type { KeyStore } from './ports.js';

export interface ProvisionOptions {
  /** One name per member, distinct. */
  readonly sites: readonly string[];
  /** One key store per site, in the same order. */
  readonly keyStores: readonly KeyStore[];
  readonly groups: number;
  readonly budgetLimit: number;
  readonly rollbackTolerance: number;
  readonly entropy: Entropy;
  /** Defaults to the floor for the tolerance. */
  readonly quorum?: number;
}

export interface ProvisionedFleet {
  /** Canonical JSON of the fleet descriptor. */
  readonly descriptor: Uint8Array;
  /** First sealed state of each member, to be persisted in its NVRAM before it boots. */
  readonly states: readonly Uint8Array[];
}

/**
 * A whole birth in one process, for tests and simulations: the same messages as in a ceremony, without anybody who
 * watches. This process could read everything while it runs, so no fleet that anybody depends on is made like this.
 * @throws ProtocolError `bad-descriptor` when the options make no valid fleet.
 */
export function provisionFleet(options: ProvisionOptions): ProvisionedFleet {
  const { sites, keyStores, entropy, groups, budgetLimit, rollbackTolerance } = options;
  const nvrams = keyStores.map(() => new MemoryNvram());
  const image = new Uint8Array(32);
  const births = keyStores.map((keyStore, i) => {
    const nvram = nvrams[i] as MemoryNvram;
    initialiseHsm({ keyStore, nvram, site: sites[i] as string, entropy });
    return Birth.boot({ keyStore, nvram, entropy, image });
  });
  const quorum = options.quorum ?? quorumFloor(sites.length, rollbackTolerance);
  const plan: BirthPlan = { nonce: entropy.bytes(32), groups, budgetLimit, rollbackTolerance, quorum };
  const descriptions = births.map(
    (birth) => ask(birth, 'birth.described', { type: 'birth.describe', nonce: plan.nonce }).description,
  );
  const birth: BirthList = { plan, descriptions };
  const [first, ...others] = births;
  const { descriptor, shares } = ask(first as Birth, 'birth.generated', { type: 'birth.generate', birth });
  others.forEach((other, i) => {
    ask(other, 'birth.accepted', { type: 'birth.accept', birth, descriptor, share: shares[i] as (typeof shares)[0] });
  });
  for (const each of births) each.close();
  return { descriptor, states: nvrams.map((nvram) => nvram.load() as Uint8Array) };
}

function ask<T extends BirthReply['type']>(
  birth: Birth,
  type: T,
  body: BirthRequest,
): Extract<BirthReply, { type: T }> {
  const [frame] = birth.step([encodeBirthRequest({ id: 1, body })]);
  const reply = decodeBirthReply(frame as Uint8Array).body;
  if (reply.type !== type) {
    const why = reply.type === 'birth.refused' ? reply.message : reply.type;
    throw new ProtocolError('bad-descriptor', `no fleet was born: ${why}`);
  }
  return reply as Extract<BirthReply, { type: T }>;
}
