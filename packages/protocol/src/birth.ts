import { equalBytes } from '@coffer/base';
import { isEd25519Signature, xwingCiphertextBytes, xwingPublicKeyBytes } from '@coffer/crypto';
import { bytes, encode, fixed, list, struct, text, u8, u16 } from '@coffer/wire';
import { ProtocolError } from './errors.js';
import type { FleetDescriptor } from './fleet-descriptor.js';
import { type ConfigHash, configHashLayout, labelledHash } from './ids.js';
import { fleetMembersMax } from './limits.js';
import { type Signed, signedLayout } from './statements.js';

/** What an HSM says of itself before it belongs to a fleet, in answer to the nonce of a ceremony. */
export interface BirthDescription {
  /** 32 bytes, drawn for this ceremony: an old description fits no new one. */
  readonly nonce: Uint8Array;
  /** 32-byte Ed25519 public key, made in this HSM. */
  readonly identity: Uint8Array;
  /** 1,216-byte X-Wing public key, made for this birth alone; fleet secrets reach this HSM sealed to it. */
  readonly transportKey: Uint8Array;
  /** 1 to 32 of `a-z 0-9 -`. */
  readonly site: string;
  /** 16 random bytes, drawn with the identity. */
  readonly serial: Uint8Array;
  /** SHA-256 of the program that answers. */
  readonly image: Uint8Array;
  /** What holds the keys; `SIMULATED HARDWARE` for a file. */
  readonly platform: string;
}

/** What kind of fleet is made. */
export interface BirthPlan {
  /** That of all descriptions. */
  readonly nonce: Uint8Array;
  readonly groups: number;
  readonly budgetLimit: number;
  readonly rollbackTolerance: number;
  readonly quorum: number;
}

/** A plan, and all HSMs that it is for: the i-th is member i + 1. */
export interface BirthList {
  readonly plan: BirthPlan;
  readonly descriptions: readonly Signed<BirthDescription>[];
}

/** The fleet's secrets, sealed by the HSM that drew them to one other. */
export interface FleetShare {
  readonly configHash: ConfigHash;
  readonly birth: BirthHash;
  /** Member that can open it. */
  readonly hsm: number;
  readonly enc: Uint8Array;
  readonly sealed: Uint8Array;
}

/** "I am this member of this fleet, born as listed, and can be made a member of no other." */
export interface BirthAcceptance {
  readonly configHash: ConfigHash;
  readonly birth: BirthHash;
  readonly hsm: number;
}

/** "I am running now, and hold this member's key": the answer of a member to a nonce. */
export interface Attestation {
  readonly configHash: ConfigHash;
  readonly hsm: number;
  readonly nonce: Uint8Array;
  /** SHA-256 of the program that answers. */
  readonly image: Uint8Array;
  readonly platform: string;
}

/** SHA-256 over a plan and all descriptions. */
export type BirthHash = Uint8Array;

/** Largest platform name, in UTF-8 bytes. */
export const platformBytesMax = 64;
/** Fleet secrets, their framing and a tag. */
export const shareBytesMax = 256;

export const birthDescriptionLayout = struct<BirthDescription>({
  nonce: fixed(32),
  identity: fixed(32),
  transportKey: fixed(xwingPublicKeyBytes),
  site: text(32),
  serial: fixed(16),
  image: fixed(32),
  platform: text(platformBytesMax),
});
export const signedBirthDescriptionLayout = signedLayout(birthDescriptionLayout);
export const birthListLayout = struct<BirthList>({
  plan: struct<BirthPlan>({ nonce: fixed(32), groups: u16, budgetLimit: u8, rollbackTolerance: u8, quorum: u8 }),
  descriptions: list(signedBirthDescriptionLayout, fleetMembersMax),
});
export const signedFleetShareLayout = signedLayout(
  struct<FleetShare>({
    configHash: configHashLayout,
    birth: fixed(32),
    hsm: u16,
    enc: fixed(xwingCiphertextBytes),
    sealed: bytes(shareBytesMax),
  }),
);
export const birthAcceptanceLayout = struct<BirthAcceptance>({
  configHash: configHashLayout,
  birth: fixed(32),
  hsm: u16,
});
export const signedBirthAcceptanceLayout = signedLayout(birthAcceptanceLayout);
export const attestationLayout = struct<Attestation>({
  configHash: configHashLayout,
  hsm: u16,
  nonce: fixed(32),
  image: fixed(32),
  platform: text(platformBytesMax),
});
export const signedAttestationLayout = signedLayout(attestationLayout);

/** Binds whoever signs it to the whole list, in its order. */
export const birthHash = (birth: BirthList): BirthHash =>
  labelledHash('coffer/birth/v1', encode(birthListLayout, birth));
/** What an HSM signs to describe itself. */
export const birthDescriptionMessage = (description: BirthDescription): Uint8Array =>
  labelledHash('coffer/birth-description/v1', encode(birthDescriptionLayout, description));
/** What the HSM that drew the secrets signs for each share. */
export const fleetShareMessage = ({ configHash, birth, hsm, enc, sealed }: FleetShare): Uint8Array =>
  labelledHash('coffer/fleet-share/v1', configHash, birth, encode(u16, hsm), enc, sealed);
/** What every member signs once the fleet's secrets are in its state. */
export const birthAcceptanceMessage = (acceptance: BirthAcceptance): Uint8Array =>
  labelledHash('coffer/birth-acceptance/v1', encode(birthAcceptanceLayout, acceptance));
export const attestationMessage = (attestation: Attestation): Uint8Array =>
  labelledHash('coffer/attestation/v1', encode(attestationLayout, attestation));

/** @throws ProtocolError `bad-statement` unless the identity that it names signed it. */
export function verifyBirthDescription({ statement, signature }: Signed<BirthDescription>): BirthDescription {
  if (!isEd25519Signature(statement.identity, birthDescriptionMessage(statement), signature)) notSigned();
  return statement;
}

/** @throws ProtocolError `bad-statement` unless that member of this fleet signed it. */
export function verifyBirthAcceptance(fleet: FleetDescriptor, signed: Signed<BirthAcceptance>): BirthAcceptance {
  return verifyOfMember(fleet, signed, birthAcceptanceMessage(signed.statement));
}

/** @throws ProtocolError `bad-statement` unless that member of this fleet signed it. */
export function verifyAttestation(fleet: FleetDescriptor, signed: Signed<Attestation>): Attestation {
  return verifyOfMember(fleet, signed, attestationMessage(signed.statement));
}

function verifyOfMember<S extends { readonly configHash: ConfigHash; readonly hsm: number }>(
  fleet: FleetDescriptor,
  { statement, signature }: Signed<S>,
  message: Uint8Array,
): S {
  const member = fleet.members[statement.hsm - 1];
  const isOfFleet = equalBytes(statement.configHash, fleet.configHash);
  if (!isOfFleet || member === undefined || !isEd25519Signature(member.key, message, signature)) notSigned();
  return statement;
}

function notSigned(): never {
  throw new ProtocolError('bad-statement', 'not signed by the HSM it names');
}
