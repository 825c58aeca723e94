import { makeSimulatedQuote } from '@coffer/attestation';
import { sha256 } from '@coffer/crypto';
import {
  assembleEvidence,
  type BuildStatement,
  type CeremonyEvent,
  type CeremonyRecord,
  decodeTranscript,
  type EvidenceSet,
  type FleetPlan,
  type MediaStatement,
  type MemberStatement,
  type Predicates,
  type SourceStatement,
  type StatementKind,
  signStatement,
} from '@coffer/evidence';
import { groupOf } from '@coffer/protocol';
import type { BornFleet } from './bear-fleet.js';
import type { CeremonyRoles } from './ceremony-book.js';
import { CeremonyError } from './errors.js';

/** What the evidence says of where an HSM keeps its keys. */
export type KeyStoreFacts = MemberStatement['keyStore'];

interface Parts {
  readonly plan: FleetPlan;
  readonly roles: CeremonyRoles;
  readonly born: BornFleet;
  readonly record: CeremonyRecord;
  /** One a member, in their order. */
  readonly transcripts: readonly Uint8Array[];
  readonly keyStores: readonly KeyStoreFacts[];
  readonly source?: SourceStatement | undefined;
  readonly build?: BuildStatement | undefined;
  readonly media: MediaStatement;
}

interface File {
  readonly kind: string;
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** The evidence of a ceremony: every statement signed by the operator, and what the HSMs signed inside. */
export function assemble({ plan, roles, born, record, transcripts, ...parts }: Parts): EvidenceSet {
  const { configHash } = born.fleet;
  const state = <K extends StatementKind>(kind: K, name: string, predicate: Predicates[K]): File => ({
    kind,
    name,
    bytes: signStatement({ kind, configHash, predicate }, roles.operator),
  });
  const files: File[] = [
    { kind: 'descriptor', name: 'fleet', bytes: born.descriptor },
    state('config', 'fleet', { ...plan, upgradePath: 'none' }),
    state('ceremony', 'ceremony', record),
    state('media', 'media', parts.media),
  ];
  for (const { id, site } of born.fleet.members) {
    const transcript = transcripts[id - 1] ?? missing(site);
    files.push(
      state('member', site, memberOf(born, record, id, parts.keyStores[id - 1] ?? missing(site))),
      state('self-test', site, selfTestOf(born, id, transcript)),
      { kind: 'transcript', name: site, bytes: transcript },
    );
  }
  if (parts.source !== undefined) files.push(state('source', 'source', parts.source));
  if (parts.build !== undefined) files.push(state('build', 'image', parts.build));
  return assembleEvidence(configHash, files);
}

function memberOf(
  { fleet, birth }: BornFleet,
  record: CeremonyRecord,
  id: number,
  keyStore: KeyStoreFacts,
): MemberStatement {
  const description = birth.descriptions[id - 1] ?? missing(String(id));
  const { site, serial, image, platform, identity, transportKey, nonce } = description.statement;
  const { acceptance } = eventOf(record, 'accept', site);
  const { attestation } = eventOf(record, 'attest', site);
  // A host asks its platform for a quote. This one's platform is software, and its quotes say so.
  const quote = makeSimulatedQuote({ keys: [identity, transportKey], image, config: fleet.configHash, nonce });
  return { id, site, serial, image, platform, keyStore, description, acceptance, attestation, quote };
}

function selfTestOf({ fleet }: BornFleet, member: number, bytes: Uint8Array): Predicates['self-test'] {
  const { vaultId } = decodeTranscript(bytes);
  const group = groupOf(vaultId, fleet.groups);
  return { member, group, budget: fleet.budgetLimit, transcript: sha256(bytes) };
}

function eventOf<K extends 'accept' | 'attest'>(
  { steps }: CeremonyRecord,
  kind: K,
  site: string,
): Extract<CeremonyEvent, { kind: K }> {
  const found = steps.find(({ step: { event } }) => event.kind === kind && event.site === site)?.step.event;
  return (found ?? missing(site)) as Extract<CeremonyEvent, { kind: K }>;
}

function missing(site: string): never {
  throw new CeremonyError('bad-plan', `nothing is known of ${site}`);
}
