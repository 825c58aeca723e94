import { makeSimulatedQuote } from '@coffer/attestation';
import { concat, hex, utf8, utf8Text } from '@coffer/base';
import {
  type CeremonyEvent,
  type CeremonyKind,
  decodeEnvelope,
  type EvidenceErrorCode,
  encodeEnvelope,
  memberQuoteSubject,
  signEnvelope,
} from '@coffer/evidence';
import {
  type Attestation,
  attestationMessage,
  type BirthDescription,
  birthAcceptanceMessage,
  birthDescriptionMessage,
  birthHash,
  type ConfigHash,
} from '@coffer/protocol';
import { keyOf, seedOf } from '@coffer/transparency/testing';
import { encodeCanonicalJson, type Json } from '@coffer/wire';
import { digestOf, type Edits, type Facts, type Part } from './evidence-world.js';
import type { FleetOfCores } from './fleet-of-cores.js';

export type Forgery = readonly [name: string, code: EvidenceErrorCode, edits: Edits];

const flipped = (bytes: Uint8Array, at = 0): Uint8Array => bytes.map((byte, i) => (i === at ? byte ^ 1 : byte));
const replaced = <T>(list: readonly T[], at: number, change: (item: T) => T): T[] =>
  list.map((item, i) => (i === at ? change(item) : item));

/** One item rewritten. */
const part = (kind: string, change: (bytes: Uint8Array) => Uint8Array, name?: string): Edits => ({
  parts: (parts) =>
    parts.map((each) =>
      each.kind === kind && (name === undefined || each.name === name) ? { ...each, bytes: change(each.bytes) } : each,
    ),
});

/** A payload changed by the operator, who signs it again. */
const payload = (change: (json: Record<string, Json>) => void) => (file: Uint8Array) => {
  const json = JSON.parse(utf8Text(decodeEnvelope(file).payload)) as Record<string, Json>;
  change(json);
  const bytes = encodeCanonicalJson(json);
  return encodeEnvelope({ payload: bytes, signatures: [signEnvelope(bytes, seedOf('operator'))] });
};

const descriptor = (change: (json: Record<string, Json>) => void): Edits => ({
  facts(facts) {
    const json = JSON.parse(utf8Text(facts.descriptor)) as Record<string, Json>;
    change(json);
    return { ...facts, descriptor: encodeCanonicalJson(json) };
  },
});
const keysOf = (json: Record<string, Json>) => json.keys as Record<string, Json>[];

const facts = (change: (facts: Facts) => Partial<Facts>): Edits => ({
  facts: (given) => ({ ...given, ...change(given) }),
});
/** The first member, in the ceremony too. */
const member = (change: (member: Facts['members'][0]) => Partial<Facts['members'][0]>): Edits =>
  facts(({ members }) => ({ members: replaced(members, 0, (each) => ({ ...each, ...change(each) })) }));
/** The first member's statement alone. */
const memberAlone = (change: (member: Facts['members'][0]) => Partial<Facts['members'][0]>): Edits => ({
  members: (members) => replaced(members, 0, (each) => ({ ...each, ...change(each) })),
});
const event = <K extends CeremonyKind>(
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
const transcript = (change: (transcript: Facts['transcripts'][0]) => Partial<Facts['transcripts'][0]>): Edits =>
  facts(({ transcripts }) => ({ transcripts: replaced(transcripts, 0, (each) => ({ ...each, ...change(each) })) }));
type Calls = Facts['transcripts'][0]['calls'];
const calls = (change: (calls: Calls) => Calls): Edits => transcript((each) => ({ calls: change(each.calls) }));
const swapped = <T>(list: readonly T[], a: number, b: number): T[] =>
  list.map((item, i) => (i === a ? (list[b] as T) : i === b ? (list[a] as T) : item));
const without = (drop: (part: Part) => boolean): Edits => ({ parts: (parts) => parts.filter((each) => !drop(each)) });
const extraItem = (kind: string, name: string): Edits => ({
  parts: (parts) => [
    ...parts,
    { kind, name, bytes: (parts.find((each) => each.kind === kind) ?? (parts[0] as Part)).bytes },
  ],
});

/** A birth with other descriptions, by somebody who has the keys of all HSMs and lets them sign what is needed. */
function reborn(cores: FleetOfCores, change: (description: BirthDescription, i: number) => BirthDescription): Edits {
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

/** One forged set for each failure. @param other - a fleet of other keys, made for the same nonce at the same sites. */
export function forgeries(cores: FleetOfCores, other: FleetOfCores): readonly Forgery[] {
  const otherHash: ConfigHash = other.fleet.configHash;
  const [first] = cores.list.descriptions as [(typeof cores.list.descriptions)[0]];
  const [foreign] = other.list.descriptions as [typeof first];
  const signedAs = (statement: BirthDescription) => ({
    statement,
    signature: cores.sign(1, birthDescriptionMessage(statement)),
  });
  const reattested = (change: Partial<Attestation>) => (each: Facts['members'][0]) => {
    const statement = { ...each.attestation.statement, ...change };
    return { attestation: { statement, signature: cores.sign(1, attestationMessage(statement)) } };
  };
  const otherImage = { ...first.statement, image: digestOf('x') };
  const moved = { ...first.statement, transportKey: foreign.statement.transportKey };
  return [
    ['a set for another fleet', 'other-fleet', { options: { configHash: otherHash } }],
    ['an item dropped', 'missing-item', without(({ kind }) => kind === 'media')],
    ['a transcript dropped', 'missing-item', without(({ kind, name }) => kind === 'transcript' && name === 'site-2')],
    ['an item of no known kind', 'unknown-item', extraItem('notes', 'fleet')],
    ['a second ceremony', 'unknown-item', extraItem('ceremony', 'rehearsal')],

    [
      'a field more',
      'bad-statement',
      part(
        'media',
        payload((json) => Object.assign(json.predicate as object, { x: 1 })),
      ),
    ],
    [
      'an upgrade path',
      'bad-statement',
      part(
        'config',
        payload((json) => Object.assign(json.predicate as object, { upgradePath: 'signed' })),
      ),
    ],
    [
      'two subjects',
      'bad-statement',
      part(
        'media',
        payload((json) => (json.subject as Json[]).push({})),
      ),
    ],
    ['an envelope with spaces', 'bad-statement', part('media', (bytes) => concat(bytes, utf8(' ')))],
    ['a statement of a stranger', 'unknown-role', { signer: (kind) => (kind === 'config' ? 'thief' : 'operator') }],
    [
      'a statement of a witness',
      'unknown-role',
      { signer: (kind) => (kind === 'source' ? 'ceremony witness 1' : 'operator') },
    ],
    [
      'an operator who was revoked',
      'unknown-role',
      {
        signer: (kind) => (kind === 'media' ? 'old operator' : 'operator'),
        roles: (root) => ({
          ...root,
          operators: [keyOf('operator'), keyOf('old operator')],
          revocations: [{ key: keyOf('old operator'), revokedAtSize: 3 }],
        }),
      },
    ],
    [
      'a payload under another signature',
      'bad-signature',
      part('build', (bytes) => {
        const { payload, signatures } = decodeEnvelope(bytes);
        return encodeEnvelope({ payload: flipped(payload, payload.length - 5), signatures });
      }),
    ],
    [
      'a statement of another kind',
      'wrong-kind',
      {
        parts: (parts) =>
          parts.map((each) =>
            each.kind === 'source'
              ? { ...each, bytes: (parts.find(({ kind }) => kind === 'build') as Part).bytes }
              : each,
          ),
      },
    ],
    [
      'a statement about another fleet',
      'other-subject',
      { subject: (kind) => (kind === 'build' ? otherHash : undefined) },
    ],
    [
      'members under each other’s names',
      'wrong-name',
      {
        members: (members) => members.map((each, i) => (i < 2 ? { ...each, name: `site-${2 - i}` } : each)),
      },
    ],

    ['another descriptor', 'other-subject', part('descriptor', () => other.descriptor)],
    [
      'a descriptor with a quorum below its floor',
      'quorum-below-floor',
      descriptor((json) => Object.assign(json, { quorum: 1 })),
    ],
    [
      'a descriptor that tolerates too much',
      'quorum-below-floor',
      descriptor((json) => Object.assign(json, { rollbackTolerance: 2 })),
    ],
    [
      'a descriptor with a site twice',
      'duplicate-site',
      descriptor((json) => Object.assign(keysOf(json)[3] as object, { site: 'site-1' })),
    ],
    [
      'a descriptor with a key twice',
      'duplicate-key',
      descriptor((json) => Object.assign(keysOf(json)[3] as object, { key: keysOf(json)[2]?.key })),
    ],
    ['a descriptor with a field more', 'bad-descriptor', descriptor((json) => Object.assign(json, { upgrade: true }))],
    [
      'a configuration below the floor',
      'quorum-below-floor',
      facts(({ config }) => ({ config: { ...config, quorum: 1 } })),
    ],
    [
      'a configuration with a site twice',
      'duplicate-site',
      facts(({ config }) => ({ config: { ...config, sites: ['site-1', 'site-1', 'site-3'] } })),
    ],
    [
      'a configuration of other guesses',
      'config-mismatch',
      facts(({ config }) => ({ config: { ...config, budgetLimit: 3 } })),
    ],
    [
      'a configuration of other sites',
      'config-mismatch',
      facts(({ config }) => ({ config: { ...config, sites: ['site-2', 'site-1', 'site-3'] } })),
    ],

    [
      'a build of another commit',
      'source-mismatch',
      facts(({ build }) => ({ build: { ...build, commit: '3'.repeat(40) } })),
    ],
    [
      'a rebuild of another commit',
      'source-mismatch',
      facts(({ rebuilds }) => ({ rebuilds: replaced(rebuilds, 1, (each) => ({ ...each, commit: '3'.repeat(40) })) })),
    ],
    [
      'a rebuild of another image',
      'rebuilds-disagree',
      facts(({ rebuilds }) => ({ rebuilds: replaced(rebuilds, 1, (each) => ({ ...each, image: digestOf('x') })) })),
    ],
    [
      'one rebuilder twice',
      'rebuilder-twice',
      facts(({ rebuilds }) => ({ rebuilds: rebuilds.map((each) => ({ ...each, by: 'rebuilder 1' })) })),
    ],
    [
      'a rebuild by the operator',
      'unknown-role',
      facts(({ rebuilds }) => ({ rebuilds: replaced(rebuilds, 0, (each) => ({ ...each, by: 'operator' })) })),
    ],
    [
      'a rebuild that two have signed',
      'bad-statement',
      part(
        'rebuild',
        (file) => {
          const { payload } = decodeEnvelope(file);
          const signers = ['rebuilder 1', 'rebuilder 2'];
          return encodeEnvelope({ payload, signatures: signers.map((name) => signEnvelope(payload, seedOf(name))) });
        },
        'rebuilder-1',
      ),
    ],
    [
      'too few rebuilders',
      'too-few-rebuilders',
      {
        ...facts(({ rebuilds }) => ({ rebuilds: rebuilds.slice(1) })),
        roles: (root) => ({ ...root, rebuilders: { ...root.rebuilders, threshold: 2 } }),
      },
    ],
    [
      'another image was built',
      'image-mismatch',
      facts(({ build, rebuilds }) => ({
        build: { ...build, image: digestOf('x') },
        rebuilds: rebuilds.map((each) => ({ ...each, image: digestOf('x') })),
      })),
    ],

    ['too few shares', 'bad-ceremony', event('generate', ({ shares }) => ({ shares: shares.slice(1) }))],
    [
      'a step that does not follow',
      'broken-chain',
      { draft: (steps) => replaced(steps, 2, (step) => ({ ...step, prev: digestOf('x') })) },
    ],
    ['a step cut out', 'broken-chain', { draft: (steps) => steps.filter((_, i) => i !== 10) }],
    [
      'a step edited after',
      'broken-chain',
      { draft: (steps) => replaced(steps, 3, (step) => ({ ...step, atMs: step.atMs + 1 })) },
    ],
    ['two steps swapped', 'wrong-order', { events: (events) => swapped(events, 1, 2) }],
    ['secrets before everybody was there', 'wrong-order', { events: (events) => swapped(events, 3, 4) }],
    ['a step left out', 'wrong-order', { events: (events) => events.filter(({ kind }) => kind !== 'media') }],
    [
      'an exception after the end',
      'wrong-order',
      { events: (events) => [...events, { kind: 'exception', what: 'late' }] },
    ],
    ['no opening', 'wrong-order', { events: (events) => events.slice(1) }],
    ['a step before its time', 'time-reversed', { atMs: (seq) => (seq === 5 ? 1 : 1000 + seq) }],
    [
      'a witness who was there and did not sign',
      'role-missing',
      {
        steps: (steps) =>
          replaced(steps, steps.length - 1, ({ step, signatures }) => ({
            step,
            signatures: signatures.filter(({ key }) => hex(key) === hex(keyOf('operator'))),
          })),
      },
    ],
    [
      'a step that nobody signed',
      'role-missing',
      { steps: (steps) => replaced(steps, 4, ({ step }) => ({ step, signatures: [] })) },
    ],
    ['no witness', 'too-few-witnesses', facts(() => ({ present: [] }))],
    ['a witness whom nobody knows', 'unknown-role', facts(() => ({ present: ['thief'] }))],
    [
      'an operator whom nobody knows',
      'unknown-role',
      event('open', ({ roles }) => ({ roles: { ...roles, operator: keyOf('thief') } })),
    ],
    [
      'a step signed by somebody else too',
      'unknown-role',
      {
        steps: (steps) =>
          replaced(steps, 4, ({ step, signatures }) => ({
            step,
            signatures: [...signatures, { key: keyOf('ceremony witness 2'), signature: new Uint8Array(64) }].sort(
              (a, b) => (hex(a.key) < hex(b.key) ? -1 : 1),
            ),
          })),
      },
    ],
    [
      'signatures of another step',
      'bad-signature',
      {
        steps: (steps) => replaced(steps, 2, ({ step }) => ({ step, signatures: steps[1]?.signatures ?? [] })),
      },
    ],
    ['another plan', 'plan-mismatch', event('open', ({ plan }) => ({ plan: { ...plan, groups: 2 } }))],
    ['another fleet was closed', 'plan-mismatch', event('close', () => ({ configHash: otherHash }))],
    ['secrets drawn elsewhere', 'plan-mismatch', event('generate', () => ({ site: 'site-9' }))],
    ['opened for another image', 'image-mismatch', event('open', () => ({ image: digestOf('x') }))],
    ['another nonce', 'nonce-mismatch', event('open', () => ({ nonce: digestOf('x') }))],
    [
      'initialised for another site',
      'ceremony-mismatch',
      event('initialise', () => ({ description: cores.list.descriptions[1] as typeof first })),
    ],

    [
      'a description that nobody signed',
      'bad-description',
      member(({ description }) => ({ description: { ...description, signature: flipped(description.signature) } })),
    ],
    [
      'an HSM with another image',
      'image-mismatch',
      reborn(cores, (each, i) => (i === 1 ? { ...each, image: digestOf('x') } : each)),
    ],
    [
      'an HSM of an older ceremony',
      'nonce-mismatch',
      reborn(cores, (each, i) => (i === 1 ? { ...each, nonce: digestOf('x') } : each)),
    ],
    ['a statement of another serial', 'member-mismatch', memberAlone(() => ({ serial: new Uint8Array(16) }))],
    ['a statement of another platform', 'member-mismatch', memberAlone(() => ({ platform: 'A fine HSM' }))],
    ['a statement of another image', 'member-mismatch', memberAlone(() => ({ image: digestOf('x') }))],
    ['a statement of another id', 'member-mismatch', memberAlone(() => ({ id: 2 }))],
    [
      'another HSM at this site',
      'key-mismatch',
      memberAlone(() => ({ description: foreign, serial: foreign.statement.serial })),
    ],
    [
      'another HSM at this site, in the ceremony too',
      'other-birth',
      event('initialise', () => ({ description: foreign })),
    ],
    [
      'an acceptance of another member',
      'bad-acceptance',
      member(() => ({ acceptance: cores.acceptances[1] as (typeof cores.acceptances)[0] })),
    ],
    [
      'an acceptance that nobody signed',
      'bad-acceptance',
      member(({ acceptance }) => ({ acceptance: { ...acceptance, signature: flipped(acceptance.signature) } })),
    ],
    [
      'an acceptance of another list',
      'other-birth',
      member(({ acceptance }) => {
        const statement = { ...acceptance.statement, birth: digestOf('x') };
        return { acceptance: { statement, signature: cores.sign(1, birthAcceptanceMessage(statement)) } };
      }),
    ],
    [
      'an attestation of another fleet',
      'bad-attestation',
      member(() => ({ attestation: other.attestations[0] as (typeof other.attestations)[0] })),
    ],
    [
      'an attestation of another member',
      'bad-attestation',
      member(() => ({ attestation: cores.attestations[1] as (typeof cores.attestations)[0] })),
    ],
    [
      'an attestation for another nonce',
      'nonce-mismatch',
      member(() => ({ attestation: cores.attest(1, digestOf('x')) })),
    ],
    [
      'an attestation for another nonce, in the statement alone',
      'nonce-mismatch',
      memberAlone(() => ({ attestation: cores.attest(1, digestOf('x')) })),
    ],
    [
      'other words than in the ceremony',
      'ceremony-mismatch',
      memberAlone(() => ({
        description: { statement: moved, signature: cores.sign(1, birthDescriptionMessage(moved)) },
      })),
    ],
    [
      'another image, in the statement alone',
      'image-mismatch',
      memberAlone(() => ({ image: otherImage.image, description: signedAs(otherImage) })),
    ],
    [
      'an acceptance of another member, in the statement alone',
      'bad-acceptance',
      memberAlone(() => ({ acceptance: cores.acceptances[1] as (typeof cores.acceptances)[0] })),
    ],
    [
      'an acceptance of another list, in the statement alone',
      'other-birth',
      memberAlone(({ acceptance }) => {
        const statement = { ...acceptance.statement, birth: digestOf('x') };
        return { acceptance: { statement, signature: cores.sign(1, birthAcceptanceMessage(statement)) } };
      }),
    ],
    [
      'an attestation of another member, in the statement alone',
      'bad-attestation',
      memberAlone(() => ({ attestation: cores.attestations[1] as (typeof cores.attestations)[0] })),
    ],
    ['another image after birth', 'image-mismatch', member(reattested({ image: digestOf('x') }))],
    ['another platform after birth', 'member-mismatch', member(reattested({ platform: 'A laptop' }))],
    ['a quote that nobody can verify', 'unknown-quote', { options: { quoteVerifiers: [] } }],
    [
      'a quote that is not signed',
      'bad-quote',
      memberAlone(({ quote }) => ({ quote: { ...quote, evidence: flipped(quote.evidence, 40) } })),
    ],
    [
      'a quote out of form',
      'bad-quote',
      memberAlone(({ quote }) => ({ quote: { ...quote, evidence: quote.evidence.slice(1) } })),
    ],
    [
      'the quote of another member',
      'quote-mismatch',
      memberAlone(() => ({
        quote: makeSimulatedQuote(
          memberQuoteSubject((cores.list.descriptions[1] as typeof first).statement, cores.fleet.configHash),
        ),
      })),
    ],
    [
      'the quote of another fleet',
      'quote-mismatch',
      memberAlone(() => ({ quote: makeSimulatedQuote(memberQuoteSubject(first.statement, otherHash)) })),
    ],

    [
      'a member of whom nothing is said',
      'missing-member',
      without(({ kind, name }) => kind === 'member' && name === 'site-2'),
    ],
    ['a member too many', 'extra-key', extraItem('member', 'site-4')],
    ['one HSM twice', 'duplicate-serial', reborn(cores, (each) => ({ ...each, serial: first.statement.serial }))],

    [
      'a self-test of more guesses',
      'self-test-mismatch',
      facts(({ selfTests }) => ({ selfTests: replaced(selfTests, 0, (each) => ({ ...each, budget: 3 })) })),
    ],
    [
      'a self-test of another member',
      'self-test-mismatch',
      facts(({ selfTests }) => ({ selfTests: replaced(selfTests, 0, (each) => ({ ...each, member: 2 })) })),
    ],
    [
      'a self-test in a group that there is not',
      'self-test-mismatch',
      facts(({ selfTests }) => ({ selfTests: replaced(selfTests, 0, (each) => ({ ...each, group: 9 })) })),
    ],
    [
      'a self-test of another group',
      'self-test-mismatch',
      facts(({ selfTests }) => ({ selfTests: replaced(selfTests, 0, (each) => ({ ...each, group: 1 })) })),
    ],
    [
      'a transcript that the ceremony does not know',
      'ceremony-mismatch',
      event('self-test', () => ({ transcript: digestOf('x') })),
    ],
    [
      'a transcript of another HSM',
      'self-test-other-leader',
      facts(({ transcripts, selfTests }) => ({
        transcripts: replaced(transcripts, 0, () => ({ ...(transcripts[1] as (typeof transcripts)[0]), member: 1 })),
        selfTests: replaced(selfTests, 0, (each) => ({ ...each, group: 1 })),
      })),
    ],
    [
      'a transcript out of form',
      'bad-transcript',
      { transcripts: (files) => replaced(files, 0, (file) => file.slice(0, -1)) },
    ],
    ['a transcript without a registration', 'bad-transcript', calls((each) => each.slice(1))],
    ['answers in another order', 'bad-transcript', calls((each) => swapped(each, 3, 5))],
    ['a guess twice', 'bad-transcript', calls((each) => [...each.slice(0, 5), ...each.slice(3)])],
    [
      'an answer without a quorum',
      'self-test-unproven',
      calls((each) =>
        replaced(each, 4, (call) => {
          const { proof } = call.answer;
          const certificate = { ...proof.certificate, signatures: proof.certificate.signatures.slice(0, 1) };
          return { ...call, answer: { ...call.answer, proof: { ...proof, certificate } } };
        }),
      ),
    ],
    [
      'an answer that this HSM has not signed for',
      'self-test-unsigned',
      calls((each) =>
        replaced(each, 4, (call) => {
          const { proof } = call.answer;
          const signatures = proof.certificate.signatures.filter(({ hsm }) => hsm !== 1);
          const certificate = { ...proof.certificate, signatures };
          return { ...call, answer: { ...call.answer, proof: { ...proof, certificate } } };
        }),
      ),
    ],
    [
      'an answer that was made up',
      'self-test-unproven',
      calls((each) =>
        replaced(each, 4, (call) => ({ ...call, answer: { ...call.answer, reply: flipped(call.answer.reply, 50) } })),
      ),
    ],
    [
      'an answer that does not open',
      'self-test-unreadable',
      calls((each) => replaced(each, 4, (call) => ({ ...call, replySecret: flipped(call.replySecret) }))),
    ],
    ['a guess left out', 'self-test-not-exhausted', calls((each) => [...each.slice(0, 3), ...each.slice(5)])],
    ['no guess at all', 'self-test-not-exhausted', calls((each) => [...each.slice(0, 3), ...each.slice(-2)])],
    ['a guess that did not end', 'self-test-not-exhausted', calls((each) => [...each.slice(0, 6), ...each.slice(-2)])],
    ['refused once', 'self-test-not-refused', calls((each) => each.slice(0, -1))],
    ['never refused', 'self-test-not-refused', calls((each) => each.slice(0, -2))],

    [
      'a medium that was kept',
      'media-mismatch',
      facts(({ media }) => ({ media: { ...media, destroyed: ['card-1'] } })),
    ],
    [
      'a medium that nobody issued',
      'media-mismatch',
      facts(({ media }) => ({ media: { ...media, destroyed: ['card-1', 'card-2', 'card-3'] } })),
    ],
    [
      'media that the ceremony does not know',
      'ceremony-mismatch',
      event('media', () => ({ issued: [], destroyed: [] })),
    ],
  ];
}
