import { equalBytes } from '@coffer/base';
import {
  type NoteSignature,
  type Policy,
  type PolicyWitness,
  quorumNewest,
  signatureOf,
  verifyCosignature,
} from '@coffer/transparency';
import { witnessClockAheadMsMax } from '../limits.js';

/** A verified line of one witness of the policy. */
export interface Cosignature {
  readonly witness: PolicyWitness;
  readonly line: NoteSignature;
  /** When it cosigned, milliseconds since 1970. */
  readonly timeMs: number;
}

/**
 * The lines of the policy's witnesses that verify over `text`, the first of each. All others are left out, for a
 * witness that answers nonsense must not keep the others' cosignatures from being published; and so are those from the
 * future, which would let one witness stand for fresh ones for as long as its clock was ahead.
 */
export function verifiedCosignatures(
  policy: Policy,
  text: string,
  lines: readonly NoteSignature[],
  nowMs: number,
): readonly Cosignature[] {
  return policy.witnesses.flatMap((witness) => {
    const line = signatureOf({ text, signatures: lines }, witness.key);
    const timeMs = line === undefined ? undefined : timeOf(text, witness, line);
    if (line === undefined || timeMs === undefined || timeMs > nowMs + witnessClockAheadMsMax) return [];
    return [{ witness, line, timeMs }];
  });
}

function timeOf(text: string, { key }: PolicyWitness, line: NoteSignature): number | undefined {
  try {
    return 1000 * verifyCosignature(text, key, line);
  } catch {
    return undefined;
  }
}

/** Whether these are a quorum of the policy. */
export function isQuorum(policy: Policy, cosignatures: readonly Cosignature[]): boolean {
  const times = new Map(cosignatures.map(({ witness, timeMs }) => [witness.name, timeMs]));
  return quorumNewest(policy, times) !== undefined;
}

/** One of each witness: that of `first` where it has one, else that of `second`. */
export function mergeCosignatures(
  first: readonly Cosignature[],
  second: readonly Cosignature[],
): readonly Cosignature[] {
  const has = (key: Uint8Array): boolean => first.some(({ witness }) => equalBytes(witness.key.key, key));
  return [...first, ...second.filter(({ witness }) => !has(witness.key.key))];
}
