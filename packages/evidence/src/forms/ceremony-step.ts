import { concat, hex, utf8 } from '@coffer/base';
import { ed25519PublicKey, ed25519Sign, sha256 } from '@coffer/crypto';
import {
  type Attestation,
  type BirthAcceptance,
  type BirthDescription,
  type ConfigHash,
  fleetMembersMax,
  type Signed,
  signedAttestationLayout,
  signedBirthAcceptanceLayout,
  signedBirthDescriptionLayout,
} from '@coffer/protocol';
import { encodeCanonicalJson, type Json, JsonForm } from '@coffer/wire';
import type { RoleSignature } from '../envelope.js';
import { EvidenceError } from '../errors.js';
import { ceremonyStepsMax, ceremonyWitnessesMax, exceptionTextMax } from '../limits.js';
import { type FleetPlan, planFields, planJson, readPlan } from './config.js';
import { type MediaStatement, mediaJson, readMedia } from './media.js';
import { readSigned, signedText } from './member.js';
import { sitePattern } from './predicate-form.js';

/** What happened. */
export type CeremonyEvent =
  /** Everybody is there and agrees on what will be made. */
  | {
      readonly kind: 'open';
      readonly plan: FleetPlan;
      /** Public keys of those present. `witnesses`: ascending. */
      readonly roles: { readonly operator: Uint8Array; readonly witnesses: readonly Uint8Array[] };
      /** 32 bytes; every HSM and every quote answers it. */
      readonly nonce: Uint8Array;
      /** SHA-256 of the program that all HSMs are to run. */
      readonly image: Uint8Array;
    }
  | { readonly kind: 'initialise'; readonly site: string; readonly description: Signed<BirthDescription> }
  /** One HSM has drawn the fleet's secrets. */
  | {
      readonly kind: 'generate';
      readonly site: string;
      readonly configHash: ConfigHash;
      /** SHA-256 of the signed share of every other member, ascending by member. */
      readonly shares: readonly Uint8Array[];
    }
  | { readonly kind: 'accept'; readonly site: string; readonly acceptance: Signed<BirthAcceptance> }
  | { readonly kind: 'attest'; readonly site: string; readonly attestation: Signed<Attestation> }
  /** `transcript`: SHA-256. */
  | { readonly kind: 'self-test'; readonly site: string; readonly transcript: Uint8Array }
  /** Anything that did not go by the book, in words. */
  | { readonly kind: 'exception'; readonly what: string }
  | ({ readonly kind: 'media' } & MediaStatement)
  | { readonly kind: 'close'; readonly configHash: ConfigHash };

export type CeremonyKind = CeremonyEvent['kind'];

/** An event in its place. */
export interface CeremonyStep {
  /** From 0. */
  readonly seq: number;
  /** {@link stepHash} of the step before; 32 zeros at the start. */
  readonly prev: Uint8Array;
  /** The operator's clock, in milliseconds since 1970. */
  readonly atMs: number;
  readonly event: CeremonyEvent;
}

/** `prev` of the first step. */
export const noStep: Uint8Array = new Uint8Array(32);
const form = new JsonForm((what, cause) => new EvidenceError('bad-ceremony', what, { cause }));

export const stepJson = ({ seq, prev, atMs, event }: CeremonyStep): Json => ({
  seq,
  prev: hex(prev),
  atMs,
  kind: event.kind,
  body: eventJson(event),
});

/** `SHA-256("coffer/ceremony-step/v1\0" ‖ canonical JSON)`. */
export const stepHash = (step: CeremonyStep): Uint8Array =>
  sha256(utf8('coffer/ceremony-step/v1\0'), encodeCanonicalJson(stepJson(step)));

/** `"coffer/ceremony-signature/v1\0" ‖ stepHash`: what those present sign; through `prev`, all that went before too. */
export const stepMessage = (step: CeremonyStep): Uint8Array =>
  concat(utf8('coffer/ceremony-signature/v1\0'), stepHash(step));

/** @param seed - 32 bytes. */
export const signStep = (step: CeremonyStep, seed: Uint8Array): RoleSignature => ({
  key: ed25519PublicKey(seed),
  signature: ed25519Sign(seed, stepMessage(step)),
});

function eventJson(event: CeremonyEvent): Json {
  switch (event.kind) {
    case 'open': {
      const { operator, witnesses } = event.roles;
      return {
        plan: planJson(event.plan),
        roles: { operator: hex(operator), witnesses: witnesses.map(hex).sort() },
        nonce: hex(event.nonce),
        image: hex(event.image),
      };
    }
    case 'initialise':
      return { site: event.site, description: signedText(signedBirthDescriptionLayout, event.description) };
    case 'generate':
      return { site: event.site, configHash: hex(event.configHash), shares: event.shares.map(hex) };
    case 'accept':
      return { site: event.site, acceptance: signedText(signedBirthAcceptanceLayout, event.acceptance) };
    case 'attest':
      return { site: event.site, attestation: signedText(signedAttestationLayout, event.attestation) };
    case 'self-test':
      return { site: event.site, transcript: hex(event.transcript) };
    case 'exception':
      return { what: event.what };
    case 'media':
      return mediaJson(event);
    case 'close':
      return { configHash: hex(event.configHash) };
  }
}

/** @throws EvidenceError `bad-ceremony`. */
export function decodeStep(json: Json): CeremonyStep {
  const fields = form.object(json, ['seq', 'prev', 'atMs', 'kind', 'body']);
  return {
    seq: form.integer(fields.seq, 0, ceremonyStepsMax - 1),
    prev: form.hexBytes(fields.prev, 32),
    atMs: form.integer(fields.atMs, 0),
    event: decodeEvent(fields.kind, fields.body),
  };
}

function decodeEvent(kind: Json, body: Json): CeremonyEvent {
  switch (kind) {
    case 'open':
      return decodeOpen(body);
    case 'initialise': {
      const { site, description } = form.object(body, ['site', 'description']);
      return { kind, site: siteOf(site), description: readSigned(signedBirthDescriptionLayout, description, form) };
    }
    case 'generate': {
      const { site, configHash, shares } = form.object(body, ['site', 'configHash', 'shares']);
      return {
        kind,
        site: siteOf(site),
        configHash: form.hexBytes(configHash, 32) as ConfigHash,
        shares: form.list(shares, fleetMembersMax - 1).map((share) => form.hexBytes(share, 32)),
      };
    }
    case 'accept': {
      const { site, acceptance } = form.object(body, ['site', 'acceptance']);
      return { kind, site: siteOf(site), acceptance: readSigned(signedBirthAcceptanceLayout, acceptance, form) };
    }
    case 'attest': {
      const { site, attestation } = form.object(body, ['site', 'attestation']);
      return { kind, site: siteOf(site), attestation: readSigned(signedAttestationLayout, attestation, form) };
    }
    case 'self-test': {
      const { site, transcript } = form.object(body, ['site', 'transcript']);
      return { kind, site: siteOf(site), transcript: form.hexBytes(transcript, 32) };
    }
    case 'exception': {
      const { what } = form.object(body, ['what']);
      return { kind, what: form.text(what, new RegExp(`^[^\\p{C}]{1,${exceptionTextMax}}$`, 'u')) };
    }
    case 'media':
      return { kind, ...readMedia(body, form) };
    case 'close': {
      const { configHash } = form.object(body, ['configHash']);
      return { kind, configHash: form.hexBytes(configHash, 32) as ConfigHash };
    }
    default:
      return form.fail('no such step');
  }
}

function decodeOpen(body: Json): CeremonyEvent {
  const fields = form.object(body, ['plan', 'roles', 'nonce', 'image']);
  const roles = form.object(fields.roles, ['operator', 'witnesses']);
  return {
    kind: 'open',
    plan: readPlan(form.object(fields.plan, planFields), form),
    roles: {
      operator: form.hexBytes(roles.operator, 32),
      witnesses: form.anyAscendingHex(roles.witnesses, 32, ceremonyWitnessesMax),
    },
    nonce: form.hexBytes(fields.nonce, 32),
    image: form.hexBytes(fields.image, 32),
  };
}

const siteOf = (json: Json): string => form.text(json, sitePattern);
