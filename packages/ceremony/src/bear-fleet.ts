import { equalBytes } from '@coffer/base';
import { sha256 } from '@coffer/crypto';
import type { BirthReply, BirthRequest } from '@coffer/hsm';
import {
  type BirthAcceptance,
  type BirthDescription,
  type BirthList,
  type BirthPlan,
  birthHash,
  decodeFleetDescriptor,
  type FleetDescriptor,
  ProtocolError,
  type Signed,
  signedFleetShareLayout,
  verifyBirthAcceptance,
  verifyBirthDescription,
} from '@coffer/protocol';
import { encode } from '@coffer/wire';
import { CeremonyError } from './errors.js';

/** The way to one HSM that waits for its fleet. */
export interface NewbornHsm {
  /** As it was initialised. */
  readonly site: string;
  /** @throws CeremonyError `hsm-unavailable`. */
  call(request: BirthRequest): Promise<BirthReply>;
}

/** What happens in a birth, as it happens: each a step of the ceremony's record. */
export interface BirthEvents {
  onDescribed(description: Signed<BirthDescription>): void;
  /** `shares`: SHA-256 of each signed share, ascending by member. */
  onGenerated(fleet: FleetDescriptor, shares: readonly Uint8Array[]): void;
  onAccepted(acceptance: Signed<BirthAcceptance>): void;
}

export interface BornFleet {
  readonly descriptor: Uint8Array;
  readonly fleet: FleetDescriptor;
  readonly birth: BirthList;
}

/**
 * Leads HSMs through their birth. It sees no secret: shares pass through it sealed. When it throws, some HSMs may be
 * members of a fleet that nobody will use; the ceremony starts over with new ones.
 * @throws CeremonyError `hsm-refused`, `hsm-unavailable`, `bad-answer`.
 */
export async function bearFleet(hsms: readonly NewbornHsm[], plan: BirthPlan, events: BirthEvents): Promise<BornFleet> {
  const descriptions: Signed<BirthDescription>[] = [];
  for (const hsm of hsms) {
    const { description } = await ask(hsm, 'birth.described', { type: 'birth.describe', nonce: plan.nonce });
    const said = checked(() => verifyBirthDescription(description));
    if (said.site !== hsm.site || !equalBytes(said.nonce, plan.nonce))
      throw new CeremonyError('bad-answer', `the HSM of ${hsm.site} describes another one`);
    descriptions.push(description);
    events.onDescribed(description);
  }
  const birth = { plan, descriptions };
  const [first, ...others] = hsms;
  if (first === undefined) throw new CeremonyError('bad-plan', 'a fleet without HSMs');
  const made = await ask(first, 'birth.generated', { type: 'birth.generate', birth });
  const fleet = checked(() => decodeFleetDescriptor(made.descriptor));
  const shares = made.shares.map((share) => sha256(encode(signedFleetShareLayout, share)));
  events.onGenerated(fleet, shares);
  const accept = (acceptance: Signed<BirthAcceptance>, member: number): void => {
    const said = checked(() => verifyBirthAcceptance(fleet, acceptance));
    if (said.hsm !== member || !equalBytes(said.birth, birthHash(birth)))
      throw new CeremonyError('bad-answer', 'an HSM accepted something else');
    events.onAccepted(acceptance);
  };
  accept(made.acceptance, 1);
  for (const [i, hsm] of others.entries()) {
    const share = made.shares[i];
    if (share === undefined) throw new CeremonyError('bad-answer', 'a share is missing');
    const request = { type: 'birth.accept', birth, descriptor: made.descriptor, share } as const;
    accept((await ask(hsm, 'birth.accepted', request)).acceptance, i + 2);
  }
  return { descriptor: made.descriptor, fleet, birth };
}

async function ask<T extends BirthReply['type']>(
  hsm: NewbornHsm,
  type: T,
  request: BirthRequest,
): Promise<Extract<BirthReply, { type: T }>> {
  const reply = await hsm.call(request);
  if (reply.type === type) return reply as Extract<BirthReply, { type: T }>;
  if (reply.type === 'birth.refused')
    throw new CeremonyError('hsm-refused', `the HSM of ${hsm.site} refuses: ${reply.message} (${reply.code})`);
  throw new CeremonyError('bad-answer', `the HSM of ${hsm.site} answers something else`);
}

/** @throws CeremonyError `bad-answer` in place of a ProtocolError. */
export function checked<T>(verify: () => T): T {
  try {
    return verify();
  } catch (cause) {
    if (cause instanceof ProtocolError) throw new CeremonyError('bad-answer', cause.message, { cause });
    throw cause;
  }
}
