import { makeSimulatedQuote, type QuoteVerifier, SimulatedQuoteVerifier } from '@coffer/attestation';
import { hex, utf8 } from '@coffer/base';
import { ed25519PublicKey, sha256 } from '@coffer/crypto';
import {
  assembleEvidence,
  type BuildStatement,
  type CeremonyEvent,
  type CeremonyStep,
  type ConfigStatement,
  type EvidenceOptions,
  type EvidenceReport,
  type EvidenceSet,
  encodeTranscript,
  evidenceRoles,
  type MediaStatement,
  type MemberStatement,
  memberQuoteSubject,
  noStep,
  type Predicates,
  type RebuildStatement,
  type SelfTestStatement,
  type SignedStep,
  type SourceStatement,
  type StatementKind,
  signStatement,
  signStep,
  stepHash,
  type Transcript,
  verifyEvidence,
} from '@coffer/evidence';
import type { ConfigHash, FleetDescriptor } from '@coffer/protocol';
import type { TrustRoot } from '@coffer/transparency';
import { keyOf, seedOf, sortKeys, startMs, World } from '@coffer/transparency/testing';
import { type FleetOfCores, testImage, testNonce } from './fleet-of-cores.js';

export interface Part {
  readonly kind: string;
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** All that a set says, before it is signed. Forgeries change it here, and what follows from it follows. */
export interface Facts {
  readonly descriptor: Uint8Array;
  readonly config: ConfigStatement;
  readonly members: readonly (MemberStatement & { readonly name?: string })[];
  readonly source: SourceStatement;
  readonly build: BuildStatement;
  readonly rebuilds: readonly (RebuildStatement & { readonly name: string; readonly by: string })[];
  readonly transcripts: readonly Transcript[];
  readonly selfTests: readonly Omit<SelfTestStatement, 'transcript'>[];
  readonly media: MediaStatement;
  readonly present: readonly string[];
  readonly exceptions: readonly string[];
}

/** Where a forger can put a hand in. */
export interface Edits {
  readonly facts?: (facts: Facts) => Facts;
  readonly events?: (events: CeremonyEvent[]) => CeremonyEvent[];
  /** In the members' statements alone, not in the ceremony. */
  readonly members?: (members: Facts['members']) => Facts['members'];
  readonly transcripts?: (files: Uint8Array[]) => Uint8Array[];
  readonly atMs?: (seq: number) => number;
  /** After they are chained, before they are signed. */
  readonly draft?: (steps: CeremonyStep[]) => CeremonyStep[];
  readonly steps?: (steps: SignedStep[]) => SignedStep[];
  /** Seed name of who signs a statement. */
  readonly signer?: (kind: StatementKind, name: string) => string;
  readonly subject?: (kind: StatementKind) => Uint8Array | undefined;
  readonly parts?: (parts: Part[]) => Part[];
  readonly roles?: (root: TrustRoot) => TrustRoot;
  readonly options?: Partial<EvidenceOptions>;
}

export const roots: TrustRoot = new World().trustRoot();
const commit = '1'.repeat(40);

export async function factsOf(cores: FleetOfCores, budget = 2): Promise<Facts> {
  const { fleet, list } = cores;
  const transcripts: Transcript[] = [];
  for (const { id } of fleet.members) transcripts.push(await cores.selfTest(id, budget));
  return {
    descriptor: cores.descriptor,
    config: { ...planOf(fleet), upgradePath: 'none' },
    members: fleet.members.map(({ id, site }, i) => {
      const description = list.descriptions[i] as (typeof list.descriptions)[0];
      const { serial, image, platform } = description.statement;
      return {
        id,
        site,
        serial,
        image,
        platform,
        keyStore: { kind: 'file', extractable: platform.startsWith('SIMULATED') },
        description,
        acceptance: cores.acceptances[i] as MemberStatement['acceptance'],
        attestation: cores.attestations[i] as MemberStatement['attestation'],
        quote: makeSimulatedQuote(memberQuoteSubject(description.statement, fleet.configHash)),
      };
    }),
    source: { repository: 'https://example.org/coffer.git', commit, tree: '2'.repeat(40) },
    build: { image: testImage, commit, command: 'npm run build:hsm-image', node: 'v20.19.0' },
    rebuilds: [1, 2].map((i) => ({ name: `rebuilder-${i}`, by: `rebuilder ${i}`, image: testImage, commit })),
    transcripts,
    selfTests: fleet.members.map(({ id }) => ({ member: id, group: id - 1, budget })),
    media: { issued: ['card-1', 'card-2'], destroyed: ['card-1', 'card-2'] },
    present: ['ceremony witness 1'],
    exceptions: ['The second stick did not fit; a third one was used.'],
  };
}

export const planOf = ({ members, quorum, rollbackTolerance, groups, budgetLimit }: FleetDescriptor) => ({
  sites: members.map(({ site }) => site),
  quorum,
  rollbackTolerance,
  groups,
  budgetLimit,
});

/** Signs and assembles a set. */
export function makeSet(cores: FleetOfCores, given: Facts, edits: Edits = {}): EvidenceSet {
  const facts = edits.facts?.(given) ?? given;
  const configHash = sha256(facts.descriptor) as ConfigHash;
  const encoded = facts.transcripts.map((each) => encodeTranscript(each));
  const transcripts = edits.transcripts?.(encoded) ?? encoded;
  const statement = <K extends StatementKind>(
    kind: K,
    name: string,
    predicate: Predicates[K],
    by = 'operator',
  ): Part => {
    const subject = (edits.subject?.(kind) ?? configHash) as typeof configHash;
    const seed = seedOf(edits.signer?.(kind, name) ?? by);
    return { kind, name, bytes: signStatement({ kind, configHash: subject, predicate }, seed) };
  };
  const events = eventsOf(cores, facts, transcripts);
  const steps = signed(edits.events?.(events) ?? events, facts, edits);
  const parts: Part[] = [
    { kind: 'descriptor', name: 'fleet', bytes: facts.descriptor },
    statement('config', 'fleet', facts.config),
    ...(edits.members?.(facts.members) ?? facts.members).map(({ name, ...member }) =>
      statement('member', name ?? member.site, member),
    ),
    statement('source', 'source', facts.source),
    statement('build', 'image', facts.build),
    ...facts.rebuilds.map(({ name, by, ...rebuild }) => statement('rebuild', name, rebuild, by)),
    statement('ceremony', 'ceremony', { steps: edits.steps?.([...steps]) ?? steps }),
    ...facts.selfTests.map((test, i) =>
      statement('self-test', siteOf(cores, i), { ...test, transcript: sha256(transcripts[i] as Uint8Array) }),
    ),
    ...transcripts.map((bytes, i) => ({ kind: 'transcript', name: siteOf(cores, i), bytes })),
    statement('media', 'media', facts.media),
  ];
  return assembleEvidence(configHash, edits.parts?.(parts) ?? parts);
}

const siteOf = ({ fleet }: FleetOfCores, i: number): string => fleet.members[i]?.site ?? `site-${i + 1}`;

function eventsOf(cores: FleetOfCores, facts: Facts, transcripts: readonly Uint8Array[]): CeremonyEvent[] {
  const { configHash } = cores.fleet;
  const { members } = facts;
  return [
    {
      kind: 'open',
      plan: planOf(cores.fleet),
      roles: { operator: keyOf('operator'), witnesses: sortKeys(facts.present.map(keyOf)) },
      nonce: testNonce,
      image: testImage,
    },
    ...members.map(({ site, description }) => ({ kind: 'initialise', site, description }) as const),
    { kind: 'generate', site: siteOf(cores, 0), configHash, shares: cores.shareDigests },
    ...members.map(({ site, acceptance }) => ({ kind: 'accept', site, acceptance }) as const),
    ...members.map(({ site, attestation }) => ({ kind: 'attest', site, attestation }) as const),
    ...facts.exceptions.map((what) => ({ kind: 'exception', what }) as const),
    ...transcripts.map(
      (bytes, i) => ({ kind: 'self-test', site: siteOf(cores, i), transcript: sha256(bytes) }) as const,
    ),
    { kind: 'media', ...facts.media },
    { kind: 'close', configHash },
  ];
}

function signed(events: readonly CeremonyEvent[], { present }: Facts, { draft, atMs }: Edits): SignedStep[] {
  let prev = noStep;
  const steps = events.map((event, seq): CeremonyStep => {
    const step = { seq, prev, atMs: atMs?.(seq) ?? startMs + 1000 * seq, event };
    prev = stepHash(step);
    return step;
  });
  return (draft?.(steps) ?? steps).map((step) => {
    const isForAll = ['open', 'exception', 'close'].includes(step.event.kind);
    const signers = ['operator', ...(isForAll ? present : [])];
    const signatures = signers.map((name) => signStep(step, seedOf(name)));
    return { step, signatures: signatures.sort((a, b) => (hex(a.key) < hex(b.key) ? -1 : 1)) };
  });
}

export const verifyOptions = (edits: Edits = {}): EvidenceOptions => ({
  ...evidenceRoles(edits.roles?.(roots) ?? roots),
  quoteVerifiers: [new SimulatedQuoteVerifier()],
  ...edits.options,
});

export function verifySet({ digest, index, files }: EvidenceSet, options: EvidenceOptions): EvidenceReport {
  const read = (wanted: Uint8Array) => (hex(wanted) === hex(digest) ? index : files.get(hex(wanted)));
  return verifyEvidence(read, digest, options);
}

/** Distinct codes of failed items, without those that only follow from another. */
export const codesOf = ({ items }: EvidenceReport): string[] => [
  ...new Set(items.flatMap(({ code }) => (code === undefined || code === 'not-checked' ? [] : [code]))),
];

/** Believes that every quote is one of hardware. */
export const gullible: QuoteVerifier = {
  type: 'simulated',
  verifyQuote: (evidence, subject) => ({
    ...new SimulatedQuoteVerifier().verifyQuote(evidence, subject),
    isHardware: true,
    root: 'a vendor of tests',
  }),
};

export const seedKey = (name: string): Uint8Array => ed25519PublicKey(seedOf(name));
export const digestOf = (text: string): Uint8Array => sha256(utf8(text));
