import type { FleetDescriptor } from '@coffer/protocol';
import type { NoteSignature, Policy, TrustRoot } from '@coffer/transparency';

/** Where an auditor keeps everything. One process at a time uses it. */
export interface AuditorStore {
  /** @returns the bytes under this name, or undefined when there are none. */
  read(name: string): Uint8Array | undefined;
  /**
   * Stores `bytes` under this name in place of what was there, atomically, and durably before it returns. After a crash
   * either the old or the new bytes are there, whole.
   * @param name - segments of `a-z 0-9 . _ -` with `/` between.
   */
  write(name: string, bytes: Uint8Array): void;
}

/** One thing that the evidence of a fleet does not show. */
export interface EvidenceFailure {
  /** The item, such as `config`. */
  readonly name: string;
  readonly code: string;
}

export interface EvidenceRequest {
  /** A file by its SHA-256; undefined when nobody has it. Its digest is checked already. */
  readonly read: (digest: Uint8Array) => Uint8Array | undefined;
  /** SHA-256 of the index. */
  readonly indexDigest: Uint8Array;
  readonly descriptor: FleetDescriptor;
  /** In force; it names whose signatures count. */
  readonly trustRoot: TrustRoot;
  /** Of the log with the leaf that will name the evidence: keys revoked before do not count. */
  readonly size: number;
}

/** Judges the evidence of one fleet. */
export interface EvidenceCheck {
  /** @returns what failed; empty: every item holds. */
  check(request: EvidenceRequest): readonly EvidenceFailure[] | Promise<readonly EvidenceFailure[]>;
}

export interface CosignRequest {
  readonly policy: Policy;
  /** Bytes of the signed note. */
  readonly checkpoint: Uint8Array;
  /** Text of it, which is what witnesses sign. */
  readonly text: string;
  readonly size: number;
  /** Consistency proof from a size of at most `size`. */
  readonly prove: (oldSize: number) => readonly Uint8Array[];
}

/** The way to the witnesses. */
export interface Witnesses {
  /**
   * Asks every witness of the policy to cosign, at once. Never rejects: whoever is dead, slow or wrong is missing from the
   * result. @returns signature lines, which the caller verifies.
   */
  cosign(request: CosignRequest): Promise<readonly NoteSignature[]>;
}

/** What happened, for a log line or a counter. Holds no key, no signature and no byte of a request. */
export type AuditorEvent =
  | { readonly type: 'refused'; readonly code: string; readonly cause?: unknown }
  | { readonly type: 'evidence-failed'; readonly namespace: string; readonly failures: readonly EvidenceFailure[] }
  | { readonly type: 'signed'; readonly namespace: string; readonly epoch: number }
  | { readonly type: 'logged'; readonly namespace: string; readonly epoch: number }
  | { readonly type: 'published'; readonly namespace: string; readonly size: number; readonly cosignatures: number }
  | {
      readonly type: 'no-witness-quorum';
      readonly namespace: string;
      readonly size: number;
      readonly cosignatures: number;
    }
  | { readonly type: 'trust-root'; readonly namespace: string; readonly version: number }
  | { readonly type: 'witness-failed'; readonly witness: string; readonly why: WitnessFailure }
  | { readonly type: 'halted'; readonly cause: unknown };

/** `ahead`: it names a larger log than this one, which means that this log was put back, or that the witness lies. */
export type WitnessFailure = 'no-url' | 'timeout' | 'unreachable' | 'status' | 'bad-answer' | 'ahead' | 'conflict';
