import { type AuditorClient, AuditorError, type LoggedEpochAnswer } from '@coffer/auditor';
import type { Clock } from '@coffer/base';
import { equalBytes, fromHex } from '@coffer/base';
import {
  type AuditReport,
  type AuditSource,
  type Doubt,
  type DoubtCode,
  type EpochReport,
  type EvidenceVerifier,
  LogAudit,
} from '@coffer/monitor';
import { artifactDigest, openCheckpoint, quorumNewest, type TrustRoot } from '@coffer/transparency';
import { OperatorError } from './errors.js';
import { begunLog, type FleetChanges, nextArtifact } from './next-artifact.js';

/** How an operator reaches an auditor, and how it judges what that shows. */
export interface Auditing {
  readonly client: AuditorClient;
  /** The same auditor's published log. */
  readonly source: AuditSource;
  /** Believed. Newer ones are followed; it has to be as old as the leaves whose keys were dropped since. */
  readonly trustRoot: TrustRoot;
  readonly evidence: EvidenceVerifier;
  readonly clock: Clock;
  /** Newest checkpoint that this operator saw before; bytes of the note. */
  readonly checkpoint?: Uint8Array;
}

export interface EpochRequest {
  readonly changes: FleetChanges;
  /** Index and files of the evidence of new fleets. */
  readonly evidence: readonly Uint8Array[];
  /** 32 bytes of an operator of the trust root; stays the caller's. */
  readonly operatorSeed: Uint8Array;
  /** Milliseconds since 1970. */
  readonly notAfterMs: number;
  /**
   * Publish also when no fleet changes, if the newest epoch ends earlier or names an older trust root: said again, it
   * changes nothing.
   */
  readonly renew?: boolean;
  /** The log has no epoch yet, and this is the first. */
  readonly isFirst?: boolean;
}

/** What an old or lonely checkpoint raises: the next epoch mends it. */
const mended: ReadonlySet<DoubtCode> = new Set(['expired', 'stale', 'witness-quorum']);

/**
 * Publishes the next epoch: audits the log, builds the artifact on its newest one, has it audited, verifies what the auditor signed,
 * counter-signs, and looks whether the epoch is in a checkpoint that a quorum cosigned.
 *
 * May be repeated after a failure at any point: the same changes give the same artifact, which the auditor answers with
 * the same signature; once it is logged, `nothing-changes` says so.
 *
 * @returns where it is in the log, and bytes of the checkpoint to be kept for the next time.
 * @throws OperatorError; AuditorError with the auditor's refusal.
 */
export async function publishEpoch(
  auditing: Auditing,
  request: EpochRequest,
): Promise<LoggedEpochAnswer & { readonly artifact: Uint8Array; readonly checkpoint: Uint8Array }> {
  const { client } = auditing;
  const { changes, evidence, operatorSeed, notAfterMs, renew = false, isFirst = false } = request;
  const { before, newest, trustRoot } = await newestEpoch(auditing, isFirst);
  if (isFirst && before !== undefined) throw begunLog(trustRoot.namespace, before, changes);
  const artifact = nextArtifact(trustRoot.namespace, before, changes, renew && isOlder(newest, notAfterMs, trustRoot));
  const logged = await client.publish({ artifact, evidence, operatorSeed, trustRoot, notAfterMs });
  return { ...logged, artifact, checkpoint: await publishedCheckpoint(client, trustRoot, logged) };
}

/** What the next epoch is built on: a log without doubts, and the trust root in force. */
async function newestEpoch(
  auditing: Auditing,
  isFirst: boolean,
): Promise<{
  readonly before: Uint8Array | undefined;
  readonly newest: EpochReport | undefined;
  readonly trustRoot: TrustRoot;
}> {
  const { client, source, trustRoot, evidence, clock, checkpoint } = auditing;
  const info = await client.namespaceInfo();
  const isEmpty = info !== undefined && info.status === 'Initialization';
  if (isEmpty) {
    if (!isFirst)
      throw new OperatorError('log-empty', 'the auditor shows no epoch yet; the first one is asked for as such');
    if (checkpoint !== undefined) throw new OperatorError('log-doubted', 'the log had epochs before, and shows none');
    return { before: undefined, newest: undefined, trustRoot };
  }
  let newest: EpochReport | undefined;
  const audit = new LogAudit({
    source,
    trustRoot,
    evidence,
    clock,
    onEpoch: (epoch) => {
      newest = epoch;
    },
  });
  const report = await audit.advance(checkpoint === undefined ? {} : { checkpoints: [checkpoint] });
  verifyUndoubted(report);
  // Assigned in a callback, which the compiler does not see.
  const last = newest as EpochReport | undefined;
  const digest = fromHex(last?.digest ?? '');
  const bytes = await client.artifact(digest);
  if (bytes === undefined || !equalBytes(artifactDigest(bytes), digest))
    throw new OperatorError('log-doubted', 'the newest artifact is not there');
  return { before: bytes, newest: last, trustRoot: audit.trustRoot };
}

function isOlder(newest: EpochReport | undefined, notAfterMs: number, { version }: TrustRoot): boolean {
  return newest !== undefined && (newest.notAfterMs < notAfterMs || newest.trustRootVersion < version);
}

/** Whoever signs on top of a log that was tampered with gives it the operator's word. */
function verifyUndoubted({ doubts, doubtCount }: AuditReport): void {
  const doubt = doubts.find(({ code }: Doubt) => !mended.has(code));
  if (doubt !== undefined) throw new OperatorError('log-doubted', `${doubt.why} (${doubt.code})`);
  if (doubtCount > doubts.length) throw new OperatorError('log-doubted', `${doubtCount} doubts`);
}

/** The auditor's word that it is logged is not enough: clients want to see witnesses. */
async function publishedCheckpoint(
  client: AuditorClient,
  trustRoot: TrustRoot,
  { size, epoch }: LoggedEpochAnswer,
): Promise<Uint8Array> {
  const note = await client.checkpoint();
  if (note === undefined) throw new AuditorError('bad-answer', 'no checkpoint');
  try {
    const { checkpoint, cosignedMs } = openCheckpoint(note, trustRoot.policy);
    const isThere = checkpoint.origin === trustRoot.origin && checkpoint.size >= Math.max(size, epoch);
    if (isThere && quorumNewest(trustRoot.policy, cosignedMs) !== undefined) return note;
  } catch (cause) {
    throw new OperatorError('not-published', 'the checkpoint does not verify', { cause });
  }
  throw new OperatorError('not-published', `epoch ${epoch} is in no checkpoint that a quorum cosigned`);
}
