import { equalBytes, hex } from '@coffer/base';
import { sha256 } from '@coffer/crypto';
import type { FleetDescriptor } from '@coffer/protocol';
import type { ListedFleet, TrustRoot } from '@coffer/transparency';
import { DoubtError } from './doubt.js';
import { evidenceFilesMax } from './limits.js';
import type { Published } from './published.js';

/** What one item of evidence is worth. */
export interface EvidenceFinding {
  readonly name: string;
  readonly verdict: 'proven' | 'attested' | 'SIMULATED HARDWARE' | 'failed';
  /** Of a failed one. */
  readonly code?: string;
  readonly why: string;
}

export interface EvidenceRequest {
  /** A file by its SHA-256, which is checked already; undefined when it is not there. */
  readonly read: (digest: Uint8Array) => Uint8Array | undefined;
  readonly indexDigest: Uint8Array;
  readonly descriptor: FleetDescriptor;
  /** Roles and thresholds of the root of the leaf that first named the evidence, revocations of every known one. */
  readonly trustRoot: TrustRoot;
  /** Size of the log with the leaf that first named the evidence: keys revoked before do not count. */
  readonly size: number;
}

/** Judges the evidence of one fleet: `verifyEvidence` of @coffer/evidence, bound to whoever's quotes are believed. */
export interface EvidenceVerifier {
  /** @returns what every item is worth; never throws for bad evidence. */
  verify(request: EvidenceRequest): readonly EvidenceFinding[];
}

/**
 * Fetches and judges the evidence of a fleet. The verifier says which files it needs by asking for them: it runs again
 * with those that it missed, until it misses none that are to be had.
 * @throws DoubtError `evidence` unless there are items and none failed.
 */
export async function auditEvidence(
  published: Published,
  verifier: EvidenceVerifier,
  { descriptor, evidence }: ListedFleet,
  { trustRoot, size }: Pick<EvidenceRequest, 'trustRoot' | 'size'>,
): Promise<readonly EvidenceFinding[]> {
  const files = new Map<string, Uint8Array | undefined>();
  for (;;) {
    const missed = new Map<string, Uint8Array>();
    const read = (digest: Uint8Array): Uint8Array | undefined => {
      const name = hex(digest);
      if (!files.has(name)) missed.set(name, digest);
      return files.get(name);
    };
    const findings = verifier.verify({ read, indexDigest: evidence, descriptor, trustRoot, size });
    if (missed.size === 0) return held(findings);
    if (files.size + missed.size > evidenceFilesMax) throw new DoubtError('evidence', 'more files than its limit');
    for (const [name, digest] of missed) files.set(name, await fetched(published, digest));
  }
}

async function fetched(published: Published, digest: Uint8Array): Promise<Uint8Array | undefined> {
  const bytes = await published.evidence(digest);
  if (bytes !== undefined && !equalBytes(sha256(bytes), digest))
    throw new DoubtError('evidence', `the file served as ${hex(digest)} is another one`);
  return bytes;
}

function held(findings: readonly EvidenceFinding[]): readonly EvidenceFinding[] {
  const failed = findings.filter(({ verdict }) => verdict === 'failed');
  if (failed.length === 0 && findings.length > 0) return findings;
  const what = failed.map(({ name, code, why }) => `${name} (${code ?? 'failed'}: ${why})`).join('; ');
  throw new DoubtError('evidence', what === '' ? 'there is none' : what);
}
