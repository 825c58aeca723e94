import { AttestationError, type QuoteSubject, type QuoteVerifier, verifyQuote } from '@coffer/attestation';
import { equalBytes, invariant } from '@coffer/base';
import {
  type BirthDescription,
  type ConfigHash,
  type FleetDescriptor,
  signedAttestationLayout,
  signedBirthAcceptanceLayout,
  signedBirthDescriptionLayout,
  verifyAttestation,
  verifyBirthAcceptance,
  verifyBirthDescription,
} from '@coffer/protocol';
import { encode } from '@coffer/wire';
import { fail } from '../errors.js';
import type { MemberStatement } from '../forms/member.js';
import type { Finding } from './evidence-report.js';
import { held } from './held.js';
import type { VerifiedCeremony } from './verify-ceremony.js';

/** What file key stores call themselves, and everything else that is a program. */
const simulated = 'SIMULATED HARDWARE';

/**
 * What the quote of an HSM binds: its identity, the key that the fleet's secrets came to it under, its image, the fleet,
 * and the ceremony.
 */
export const memberQuoteSubject = (description: BirthDescription, configHash: ConfigHash): QuoteSubject => ({
  keys: [description.identity, description.transportKey],
  image: description.image,
  config: configHash,
  nonce: description.nonce,
});

export interface MemberContext {
  /** Of the item: a site. */
  readonly name: string;
  readonly fleet: FleetDescriptor;
  readonly ceremony: VerifiedCeremony;
  /** 32 bytes: what was built. */
  readonly image: Uint8Array;
  readonly quoteVerifiers: readonly QuoteVerifier[];
}

/**
 * One HSM: its key is the descriptor's, it was born of this list, holds its key now, and its platform says what it is.
 * @throws EvidenceError, one code for each line.
 */
export function verifyMember(member: MemberStatement, context: MemberContext): Finding<MemberStatement> {
  const { name, fleet, ceremony } = context;
  if (member.site !== name) fail('wrong-name', 'the statement is about another site');
  if (fleet.members[member.id - 1]?.site !== name) fail('member-mismatch', 'the descriptor gives this site another id');
  verifyOwnWords(member, context);
  const atMs = verifyInCeremony(member, ceremony);
  const isHardware = verifyMemberQuote(member, context, atMs);
  if (isHardware && member.keyStore.extractable) fail('extractable-key', 'its keys can be read out of its key store');
  return isHardware
    ? {
        value: member,
        verdict: 'proven',
        why: `Born in this ceremony with the descriptor’s key, it holds it now; a quote of ${member.platform} binds keys, image, fleet and ceremony.`,
      }
    : {
        value: member,
        verdict: 'simulated',
        why: `Born in this ceremony with the descriptor’s key, it runs this image and holds its key now; what holds it is ${member.platform}.`,
      };
}

/** What the HSM itself has signed. */
function verifyOwnWords(member: MemberStatement, { fleet, ceremony, image }: MemberContext): void {
  const description = held('bad-description', 'its description', () => verifyBirthDescription(member.description));
  if (!equalBytes(description.nonce, ceremony.nonce)) failNonce('its description');
  const key = fleet.members[member.id - 1]?.key as Uint8Array;
  if (!equalBytes(description.identity, key)) fail('key-mismatch', 'the descriptor has another key for this site');
  const isSame =
    description.site === member.site &&
    description.platform === member.platform &&
    equalBytes(description.serial, member.serial) &&
    equalBytes(description.image, member.image);
  if (!isSame) fail('member-mismatch', 'the statement says something else of the HSM than the HSM itself');
  if (!equalBytes(member.image, image)) fail('image-mismatch', 'it runs another image than the one that was built');

  const acceptance = held('bad-acceptance', 'its acceptance', () => verifyBirthAcceptance(fleet, member.acceptance));
  if (acceptance.hsm !== member.id) fail('bad-acceptance', 'the acceptance of another member');
  if (!equalBytes(acceptance.birth, ceremony.birth)) fail('other-birth', 'it accepted another list of members');

  const attested = held('bad-attestation', 'its attestation', () => verifyAttestation(fleet, member.attestation));
  if (attested.hsm !== member.id) fail('bad-attestation', 'the attestation of another member');
  if (!equalBytes(attested.nonce, ceremony.nonce)) failNonce('its attestation');
  if (!equalBytes(attested.image, image)) fail('image-mismatch', 'after its birth it ran another image');
  if (attested.platform !== member.platform) fail('member-mismatch', 'after its birth it was another platform');
}

/** What the ceremony recorded of it is this. @returns when it attested. */
function verifyInCeremony(member: MemberStatement, { sites }: VerifiedCeremony): number {
  const recorded = sites.get(member.site);
  // The ceremony was verified to have each site of the descriptor, and this site to be one.
  invariant(recorded !== undefined, 'a verified ceremony records every member');
  const isSame =
    equalBytes(encode(signedBirthDescriptionLayout, member.description), recorded.description) &&
    equalBytes(encode(signedBirthAcceptanceLayout, member.acceptance), recorded.acceptance) &&
    equalBytes(encode(signedAttestationLayout, member.attestation), recorded.attestation);
  if (!isSame) fail('ceremony-mismatch', 'the ceremony recorded other words of this HSM');
  return recorded.attestedAtMs;
}

function verifyMemberQuote(member: MemberStatement, context: MemberContext, atMs: number): boolean {
  const subject = memberQuoteSubject(member.description.statement, context.fleet.configHash);
  try {
    const { isHardware } = verifyQuote(context.quoteVerifiers, member.quote, subject, atMs);
    return isHardware && !member.platform.startsWith(simulated);
  } catch (cause) {
    if (!(cause instanceof AttestationError)) throw cause;
    if (cause.code === 'unknown-type')
      return fail('unknown-quote', 'there is no verifier for quotes of this type', cause);
    if (cause.code === 'wrong-subject') {
      return fail('quote-mismatch', 'the quote binds other keys, another image, fleet or ceremony', cause);
    }
    return fail('bad-quote', `the quote is not believed: ${cause.code}`, cause);
  }
}

/** The keys of the members are those of the descriptor, all and only. @throws EvidenceError. */
export function verifyExactMatch(
  members: readonly MemberStatement[],
  fleet: FleetDescriptor,
  extra: readonly string[],
): Finding<undefined> {
  if (extra.length > 0) fail('extra-key', 'somebody speaks for an HSM that the descriptor does not have');
  if (members.length !== fleet.members.length) fail('not-checked', 'a member did not hold');
  const serials = new Set(members.map(({ serial }) => String(serial)));
  if (serials.size !== members.length) fail('duplicate-serial', 'two members are one HSM');
  const why = `The descriptor’s ${members.length} keys are the members’ keys, all of them and no other; serials and sites are distinct.`;
  return { value: undefined, verdict: 'by-hsm', why };
}

function failNonce(what: string): never {
  return fail('nonce-mismatch', `${what} answers another ceremony`);
}
