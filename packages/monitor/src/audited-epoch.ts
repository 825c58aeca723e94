import { equalBytes, hex } from '@coffer/base';
import {
  type ArtifactHistory,
  decodePlexiMessage,
  type FleetArtifact,
  type Leaf,
  TransparencyError,
} from '@coffer/transparency';
import { DoubtError, type Doubts, doubtOf } from './doubt.js';
import {
  openArtifact,
  openLeaf,
  succeed,
  verifyAuditor,
  verifyChain,
  verifyInForce,
  verifyOperator,
  verifyPlace,
  verifyRootVersion,
} from './epoch-checks.js';
import { MonitorError } from './errors.js';
import { auditEvidence, type EvidenceFinding, type EvidenceVerifier } from './evidence-audit.js';
import { type FleetDelta, fleetDelta, type LoggedArtifact } from './fleet-delta.js';
import { isLogged, openAnswer } from './plexi-checks.js';
import type { Published } from './published.js';
import { type RoleDelta, roleDelta } from './role-delta.js';
import type { RootChain } from './root-chain.js';

/** One epoch, for people and for `--json`. */
export interface EpochReport {
  readonly epoch: number;
  /** Of the artifact, hexadecimal. */
  readonly digest: string;
  /** When the auditor signed it, by its own clock; milliseconds since 1970. */
  readonly signedMs: number;
  readonly notAfterMs: number;
  /** Of the trust root that it names. */
  readonly trustRootVersion: number;
  readonly delta: FleetDelta;
  /** Of the first epoch under a newer trust root than before. */
  readonly roles?: RoleDelta;
  /** Of every fleet whose evidence is new in this epoch, by configHash. */
  readonly evidence: readonly { readonly configHash: string; readonly findings: readonly EvidenceFinding[] }[];
}

/** What all epochs so far leave behind. */
export interface EpochState {
  readonly history: ArtifactHistory;
  /** The newest epoch whose artifact was whole. */
  readonly before: LoggedArtifact | undefined;
  /** Bytes of the entry before. */
  readonly entry: Uint8Array | undefined;
  readonly trustRootVersion: number;
  /** `configHash:evidence` of everything that was judged, in hexadecimal. */
  readonly judged: ReadonlySet<string>;
}

/** An entry of the log, and what is served beside it. */
export interface EpochFiles {
  readonly epoch: number;
  readonly entry: Uint8Array;
  readonly artifact: Outcome;
  readonly answer: Outcome;
  readonly copy: Outcome;
}

/** A fetch that has ended, well or with a doubt about this one file. */
export type Outcome = { readonly bytes: Uint8Array } | { readonly error: DoubtError };

export interface EpochChecks {
  readonly published: Published;
  readonly roots: RootChain;
  readonly namespace: string;
  readonly evidence: EvidenceVerifier;
  readonly doubts: Doubts;
  /** Makes the case about an answer that contradicts the log. */
  readonly accuse: (epoch: number, entry: Uint8Array, answer: ReturnType<typeof openAnswer>) => Promise<DoubtError>;
}

/** Fetches what belongs to an entry. A file that is missing or too large is a doubt about it alone. */
export async function loadEpoch(published: Published, epoch: number, entry: Uint8Array): Promise<EpochFiles> {
  const [artifact, answer, copy] = await Promise.all([
    outcome(artifactOf(published, entry)),
    outcome(published.audit(epoch)),
    outcome(published.leaf(epoch)),
  ]);
  return { epoch, entry, artifact, answer, copy };
}

async function artifactOf(published: Published, entry: Uint8Array): Promise<Uint8Array> {
  return published.artifact(openLeaf(entry).digest);
}

async function outcome(loading: Promise<Uint8Array>): Promise<Outcome> {
  try {
    return { bytes: await loading };
  } catch (error) {
    if (error instanceof DoubtError) return { error };
    if (error instanceof MonitorError && error.code === 'too-large')
      return { error: new DoubtError('too-large', error.message) };
    throw error;
  }
}

function bytesOf(outcome: Outcome): Uint8Array {
  if ('error' in outcome) throw outcome.error;
  return outcome.bytes;
}

/** Checks one epoch completely: docs/spec/audit.md §2, a line for each row. */
export async function auditEpoch(
  files: EpochFiles,
  state: EpochState,
  checks: EpochChecks,
): Promise<{ readonly state: EpochState; readonly report?: EpochReport }> {
  const { epoch, entry } = files;
  const { doubts, roots, namespace } = checks;
  const next = { ...state, entry };
  const leaf = await doubts.keep(epoch, () => openLeaf(entry));
  if (leaf === undefined) {
    // Junk in the place of a statement is no way out of having made it.
    await doubts.keep(epoch, () => verifyAnswer(files, undefined, checks));
    return { state: { ...next, history: { ...state.history, epoch } } };
  }
  await doubts.keep(epoch, () => {
    if (!equalBytes(bytesOf(files.copy), entry)) throw new DoubtError('leaf-copy', 'another leaf is served by epoch');
  });
  await doubts.keep(epoch, () => verifyPlace(leaf, epoch, namespace));
  await doubts.keep(epoch, () => verifyChain(leaf, state.entry));
  const version = await doubts.keep(epoch, () => verifyRootVersion(leaf, state.trustRootVersion, roots));
  if (version !== undefined) {
    await doubts.keep(epoch, () => verifyAuditor(leaf, roots));
    await doubts.keep(epoch, () => verifyOperator(leaf, roots));
  }
  await doubts.keep(epoch, () => verifyInForce(leaf, epoch, roots));
  await doubts.keep(epoch, () => verifyAnswer(files, leaf, checks));
  const artifact = await doubts.keep(epoch, () => openArtifact(bytesOf(files.artifact), leaf));
  const trustRootVersion = version ?? state.trustRootVersion;
  if (artifact === undefined)
    return { state: { ...next, trustRootVersion, history: { ...state.history, epoch, digest: leaf.digest } } };
  const history = succeed(state.history, bytesOf(files.artifact), (error) => {
    doubts.add(doubtOf(error, epoch));
  });
  const { judged, evidence } = await judgeEvidence(artifact, { epoch, trustRootVersion }, state.judged, checks);
  return {
    state: { history, before: { artifact, leaf }, entry, trustRootVersion, judged },
    report: {
      epoch,
      digest: hex(leaf.digest),
      signedMs: signedMs(leaf),
      notAfterMs: leaf.notAfterMs,
      trustRootVersion: leaf.trustRootVersion,
      delta: fleetDelta(state.before, { artifact, leaf }),
      ...(trustRootVersion > state.trustRootVersion
        ? { roles: roleDelta(roots.of(state.trustRootVersion), roots.of(trustRootVersion)) }
        : {}),
      evidence,
    },
  };
}

async function verifyAnswer(files: EpochFiles, leaf: Leaf | undefined, checks: EpochChecks): Promise<void> {
  const answer = openAnswer(bytesOf(files.answer));
  if (leaf === undefined || !isLogged(answer, leaf)) throw await checks.accuse(files.epoch, files.entry, answer);
}

async function judgeEvidence(
  artifact: FleetArtifact,
  { epoch, trustRootVersion }: Pick<EpochReport, 'epoch' | 'trustRootVersion'>,
  judgedBefore: ReadonlySet<string>,
  { published, evidence, roots, doubts }: EpochChecks,
): Promise<Pick<EpochReport, 'evidence'> & Pick<EpochState, 'judged'>> {
  const reports: EpochReport['evidence'][number][] = [];
  const fresh = artifact.fleets.flatMap((fleet) => {
    const configHash = hex(fleet.descriptor.configHash);
    const name = `${configHash}:${hex(fleet.evidence)}`;
    return judgedBefore.has(name) ? [] : [{ fleet, configHash, name }];
  });
  for (const { fleet, configHash } of fresh) {
    const at = { trustRoot: roots.judging(trustRootVersion), size: epoch };
    const findings = await doubts.keep(epoch, () => auditEvidence(published, evidence, fleet, at));
    if (findings !== undefined) reports.push({ configHash, findings });
  }
  const judged = fresh.length === 0 ? judgedBefore : new Set([...judgedBefore, ...fresh.map(({ name }) => name)]);
  return { judged, evidence: reports };
}

/** 0 for a message that cannot be read, which is a doubt of its own. */
function signedMs({ auditor }: Leaf): number {
  try {
    return decodePlexiMessage(auditor.message).timestampMs;
  } catch (error) {
    if (error instanceof TransparencyError) return 0;
    throw error;
  }
}
