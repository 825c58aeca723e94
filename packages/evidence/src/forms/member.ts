import { base64, hex } from '@coffer/base';
import {
  type Attestation,
  type BirthAcceptance,
  type BirthDescription,
  fleetMembersMax,
  platformBytesMax,
  type Signed,
  signedAttestationLayout,
  signedBirthAcceptanceLayout,
  signedBirthDescriptionLayout,
} from '@coffer/protocol';
import { decode, encode, type Json, type JsonForm, type Layout, WireError } from '@coffer/wire';
import { quoteBytesMax } from '../limits.js';
import { statementForm as form, type PredicateForm, shortTextPattern, sitePattern } from './predicate-form.js';

/** A platform's statement about an HSM, in the form of its type. */
export interface MemberQuote {
  /** `simulated`, `tpm2`, … */
  readonly type: string;
  readonly evidence: Uint8Array;
}

/** One HSM of the fleet. */
export interface MemberStatement {
  readonly id: number;
  readonly site: string;
  /** 16 bytes, drawn by the HSM. */
  readonly serial: Uint8Array;
  /** SHA-256 of the program that it runs. */
  readonly image: Uint8Array;
  readonly platform: string;
  readonly keyStore: {
    /** `file`, `pkcs11`, … */
    readonly kind: string;
    /** Whether its keys can be read out. */
    readonly extractable: boolean;
  };
  /** What it said of itself before it was born, when it was, and after: signed by itself. */
  readonly description: Signed<BirthDescription>;
  readonly acceptance: Signed<BirthAcceptance>;
  readonly attestation: Signed<Attestation>;
  readonly quote: MemberQuote;
}

/** Largest signed statement of an HSM: a description. */
const signedBytesMax = 2_048;

/** Base64 of what an HSM signed, with its signature, in the layout of the protocol. */
export const signedText = <S>(layout: Layout<Signed<S>>, signed: Signed<S>): string => base64(encode(layout, signed));

export function readSigned<S>(layout: Layout<Signed<S>>, json: Json, reader: JsonForm = form): Signed<S> {
  const bytes = reader.base64Bytes(json, signedBytesMax);
  try {
    return decode(layout, bytes);
  } catch (cause) {
    if (!(cause instanceof WireError)) throw cause;
    return reader.fail('a statement of an HSM that does not decode');
  }
}

export const memberForm: PredicateForm<MemberStatement> = {
  encode: (member) => ({
    id: member.id,
    site: member.site,
    serial: hex(member.serial),
    image: hex(member.image),
    platform: member.platform,
    keyStore: { kind: member.keyStore.kind, extractable: member.keyStore.extractable },
    description: signedText(signedBirthDescriptionLayout, member.description),
    acceptance: signedText(signedBirthAcceptanceLayout, member.acceptance),
    attestation: signedText(signedAttestationLayout, member.attestation),
    quote: { type: member.quote.type, evidence: base64(member.quote.evidence) },
  }),
  decode(json) {
    const fields = form.object(json, [
      'id',
      'site',
      'serial',
      'image',
      'platform',
      'keyStore',
      'description',
      'acceptance',
      'attestation',
      'quote',
    ]);
    const keyStore = form.object(fields.keyStore, ['kind', 'extractable']);
    const quote = form.object(fields.quote, ['type', 'evidence']);
    const platform = form.text(fields.platform, shortTextPattern);
    if (platform.length > platformBytesMax) form.fail('a long name of a platform');
    return {
      id: form.integer(fields.id, 1, fleetMembersMax),
      site: form.text(fields.site, sitePattern),
      serial: form.hexBytes(fields.serial, 16),
      image: form.hexBytes(fields.image, 32),
      platform,
      keyStore: { kind: form.text(keyStore.kind, wordPattern), extractable: form.boolean(keyStore.extractable) },
      description: readSigned(signedBirthDescriptionLayout, fields.description),
      acceptance: readSigned(signedBirthAcceptanceLayout, fields.acceptance),
      attestation: readSigned(signedAttestationLayout, fields.attestation),
      quote: {
        type: form.text(quote.type, wordPattern),
        evidence: form.base64Bytes(quote.evidence, quoteBytesMax),
      },
    };
  },
};

const wordPattern = /^[a-z][a-z0-9-]{0,31}$/;
