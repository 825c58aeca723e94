import { makeSimulatedQuote } from '@coffer/attestation';
import { utf8Text } from '@coffer/base';
import type { CeremonyEvent, CeremonyKind } from '@coffer/evidence';
import {
  decodeEnvelope,
  type EvidenceErrorCode,
  encodeEnvelope,
  memberQuoteSubject,
  signEnvelope,
} from '@coffer/evidence';
import { type BirthDescription, birthAcceptanceMessage, birthDescriptionMessage, birthHash } from '@coffer/protocol';
import { seedOf } from '@coffer/transparency/testing';
import { encodeCanonicalJson, type Json } from '@coffer/wire';
import type { Edits, Facts, Part } from '../evidence-world.js';
import type { FleetOfCores } from '../fleet-of-cores.js';

export type Forgery = readonly [name: string, code: EvidenceErrorCode, edits: Edits];

export const flipped = (bytes: Uint8Array, at = 0): Uint8Array => bytes.map((byte, i) => (i === at ? byte ^ 1 : byte));
export const replaced = <T>(list: readonly T[], at: number, change: (item: T) => T): T[] =>
  list.map((item, i) => (i === at ? change(item) : item));

/** One item rewritten. */
export const part = (kind: string, change: (bytes: Uint8Array) => Uint8Array, name?: string): Edits => ({
  parts: (parts) =>
    parts.map((each) =>
      each.kind === kind && (name === undefined || each.name === name) ? { ...each, bytes: change(each.bytes) } : each,
    ),
});

/** A payload changed by the operator, who signs it again. */
export const payload = (change: (json: Record<string, Json>) => void) => (file: Uint8Array) => {
  const json = JSON.parse(utf8Text(decodeEnvelope(file).payload)) as Record<string, Json>;
  change(json);
  const bytes = encodeCanonicalJson(json);
  return encodeEnvelope({ payload: bytes, signatures: [signEnvelope(bytes, seedOf('operator'))] });
};

export const descriptor = (change: (json: Record<string, Json>) => void): Edits => ({
  facts(facts) {
    const json = JSON.parse(utf8Text(facts.descriptor)) as Record<string, Json>;
    change(json);
    return { ...facts, descriptor: encodeCanonicalJson(json) };
  },
});
export const keysOf = (json: Record<string, Json>) => json.keys as Record<string, Json>[];

export const facts = (change: (facts: Facts) => Partial<Facts>): Edits => ({
  facts: (given) => ({ ...given, ...change(given) }),
});
/** The first member, in the ceremony too. */
export const member = (change: (member: Facts['members'][0]) => Partial<Facts['members'][0]>): Edits =>
  facts(({ members }) => ({ members: replaced(members, 0, (each) => ({ ...each, ...change(each) })) }));
/** The first member's statement alone. */
export const memberAlone = (change: (member: Facts['members'][0]) => Partial<Facts['members'][0]>): Edits => ({
  members: (members) => replaced(members, 0, (each) => ({ ...each, ...change(each) })),
});
export const event = <K extends CeremonyKind>(
  kind: K,
  change: (event: Extract<CeremonyEvent, { kind: K }>) => Partial<Extract<CeremonyEvent, { kind: K }>>,
): Edits => ({
  events(events) {
    const at = events.findIndex((each) => each.kind === kind);
    return replaced(
      events,
      at,
      (each) => ({ ...each, ...change(each as Extract<CeremonyEvent, { kind: K }>) }) as CeremonyEvent,
    );
  },
});
export const transcript = (change: (transcript: Facts['transcripts'][0]) => Partial<Facts['transcripts'][0]>): Edits =>
  facts(({ transcripts }) => ({ transcripts: replaced(transcripts, 0, (each) => ({ ...each, ...change(each) })) }));
type Calls = Facts['transcripts'][0]['calls'];
export const calls = (change: (calls: Calls) => Calls): Edits => transcript((each) => ({ calls: change(each.calls) }));
export const swapped = <T>(list: readonly T[], a: number, b: number): T[] =>
  list.map((item, i) => (i === a ? (list[b] as T) : i === b ? (list[a] as T) : item));
export const without = (drop: (part: Part) => boolean): Edits => ({
  parts: (parts) => parts.filter((each) => !drop(each)),
});
export const extraItem = (kind: string, name: string): Edits => ({
  parts: (parts) => [
    ...parts,
    { kind, name, bytes: (parts.find((each) => each.kind === kind) ?? (parts[0] as Part)).bytes },
  ],
});

/** A birth with other descriptions, by somebody who has the keys of all HSMs and lets them sign what is needed. */
export function reborn(
  cores: FleetOfCores,
  change: (description: BirthDescription, i: number) => BirthDescription,
): Edits {
  const descriptions = cores.list.descriptions.map((signed, i) => {
    const statement = change(signed.statement, i);
    return { statement, signature: cores.sign(i + 1, birthDescriptionMessage(statement)) };
  });
  const birth = birthHash({ plan: cores.list.plan, descriptions });
  return facts(({ members }) => ({
    members: members.map((each, i) => {
      const description = descriptions[i] as (typeof descriptions)[0];
      const { serial, image, site, platform } = description.statement;
      const statement = { ...each.acceptance.statement, birth };
      const acceptance = { statement, signature: cores.sign(i + 1, birthAcceptanceMessage(statement)) };
      const quote = makeSimulatedQuote(memberQuoteSubject(description.statement, cores.fleet.configHash));
      return { ...each, serial, image, site, platform, description, acceptance, quote };
    }),
  }));
}
