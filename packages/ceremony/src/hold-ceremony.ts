import { type Clock, type Entropy, equalBytes } from '@coffer/base';
import type { VaultExchange } from '@coffer/client';
import { sha256 } from '@coffer/crypto';
import {
  type BuildStatement,
  type CeremonyStep,
  type EvidenceSet,
  encodeTranscript,
  type FleetPlan,
  type MediaStatement,
  type SourceStatement,
} from '@coffer/evidence';
import {
  type Attestation,
  type BirthPlan,
  type FleetDescriptor,
  type Signed,
  verifyAttestation,
} from '@coffer/protocol';
import { type BirthEvents, type BornFleet, checked } from './bear-fleet.js';
import { CeremonyBook, type CeremonyRoles } from './ceremony-book.js';
import { CeremonyError } from './errors.js';
import { assemble, type KeyStoreFacts } from './fleet-evidence.js';
import { exhaustGuesses } from './self-test.js';

/** A fleet that runs, as the ceremony sees it. */
export interface LivingFleet {
  /** @throws CeremonyError `hsm-unavailable`. */
  attest(member: number, nonce: Uint8Array): Promise<Signed<Attestation>>;
  /**
   * The way to a new vault in a group that this member leads now.
   * @throws CeremonyError `not-led` when it leads none.
   */
  vaultLedBy(member: number): Promise<VaultExchange>;
}

export interface CeremonyOptions {
  readonly plan: FleetPlan;
  /** SHA-256 of the program that every HSM is to run. */
  readonly image: Uint8Array;
  readonly roles: CeremonyRoles;
  readonly entropy: Entropy;
  readonly clock: Clock;
  /** Bears the fleet out of new HSMs, as `bearFleet` does. */
  readonly bear: (plan: BirthPlan, events: BirthEvents) => Promise<BornFleet>;
  /** Starts the fleet that was born. */
  readonly awaken: (born: BornFleet) => Promise<LivingFleet>;
  /** What is known of each site's key store, in the order of the sites. */
  readonly keyStores: readonly KeyStoreFacts[];
  readonly source?: SourceStatement | undefined;
  readonly build?: BuildStatement | undefined;
  /** Default: none were issued. */
  readonly media?: MediaStatement | undefined;
  readonly onStep?: (step: CeremonyStep) => void;
  /** Asked before the fleet is closed: exceptions that people want in the book. */
  readonly exceptions?: () => Promise<readonly string[]>;
}

export interface HeldCeremony {
  readonly fleet: FleetDescriptor;
  readonly evidence: EvidenceSet;
}

/**
 * A whole ceremony: open, birth, attestations, self-tests, close, and the evidence of it. A ceremony that throws has made
 * nothing; the next one takes new HSMs.
 * @throws CeremonyError; whatever `bear` and `awaken` throw.
 */
export async function holdCeremony(options: CeremonyOptions): Promise<HeldCeremony> {
  const { plan, image, roles, entropy, clock, media = { issued: [], destroyed: [] } } = options;
  const book = new CeremonyBook(roles, clock, options.onStep);
  const nonce = entropy.bytes(32);
  book.add({ kind: 'open', plan, roles: book.present, nonce, image });
  const born = await options.bear({ ...plan, nonce }, birthEvents(book, plan));
  const { fleet } = born;
  for (const { statement } of born.birth.descriptions) {
    if (!equalBytes(statement.image, image))
      throw new CeremonyError('bad-answer', `the HSM of ${statement.site} runs another image than the plan's`);
  }
  const living = await options.awaken(born);
  for (const { id, site } of fleet.members) {
    const attestation = await living.attest(id, nonce);
    const said = checked(() => verifyAttestation(fleet, attestation));
    if (said.hsm !== id || !equalBytes(said.nonce, nonce) || !equalBytes(said.image, image))
      throw new CeremonyError('bad-answer', `the HSM of ${site} attests something else`);
    book.add({ kind: 'attest', site, attestation });
  }
  const transcripts: Uint8Array[] = [];
  for (const { id, site } of fleet.members) {
    const exchange = await living.vaultLedBy(id);
    const calls = await exhaustGuesses(exchange, entropy);
    if (calls.some(({ answer }) => answer.proof.entries[0]?.term.leaderId !== id))
      throw new CeremonyError('not-led', `another HSM than that of ${site} led during its self-test`);
    const transcript = encodeTranscript({ member: id, vaultId: exchange.vault.vaultId, calls });
    transcripts.push(transcript);
    book.add({ kind: 'self-test', site, transcript: sha256(transcript) });
  }
  for (const what of (await options.exceptions?.()) ?? []) book.add({ kind: 'exception', what });
  book.add({ kind: 'media', ...media });
  book.add({ kind: 'close', configHash: fleet.configHash });
  const evidence = assemble({ ...options, media, born, record: book.record, transcripts });
  return { fleet, evidence };
}

function birthEvents(book: CeremonyBook, { sites }: FleetPlan): BirthEvents {
  const siteOf = (member: number): string => sites[member - 1] ?? '';
  return {
    onDescribed: (description) => book.add({ kind: 'initialise', site: description.statement.site, description }),
    onGenerated: (fleet, shares) =>
      book.add({ kind: 'generate', site: siteOf(1), configHash: fleet.configHash, shares }),
    onAccepted: (acceptance) => book.add({ kind: 'accept', site: siteOf(acceptance.statement.hsm), acceptance }),
  };
}
