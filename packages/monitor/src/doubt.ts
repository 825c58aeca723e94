import { CodedError } from '@coffer/base';
import { MonitorError } from './errors.js';
import { doubtsMax } from './limits.js';

/**
 * What an audit can doubt; docs/spec/audit.md §2 has a row for each.
 *
 * - `unreachable` nothing can be said · `missing` a log of this size has to have it · `too-large` over its limit.
 * - `trust-roots` the published roots do not follow from the one that was given.
 * - `checkpoint` not signed by the log, or not well-formed · `witness-quorum` too few cosigned · `stale` the quorum-th newest
 *   cosignature is too old.
 * - `tile`, `tree-root` something recomputed differs from what the log shows.
 * - `leaf-form` an entry that is no leaf · `leaf-place` a leaf of another epoch or namespace · `leaf-chain` it does not name
 *   the leaf before · `leaf-copy` the leaf that is served by epoch is another one.
 * - `auditor-signature`, `operator-signature`, `key-revoked` · `trust-root-version` a root that was not in force.
 * - `artifact` not the one that was signed, not well-formed, or with other evidence than the leaf lists.
 * - `succession` an epoch that does not follow from the one before: number, previous digest, a fleet that returned.
 * - `evidence` of a fleet does not hold.
 * - `plexi-answer` the Plexi calls say something else than the log.
 * - `expired` the newest epoch is past its notAfter.
 * - `rollback` the log is shorter than a checkpoint that it signed · `split-view` it showed another tree · `unlogged`
 *   something was signed that is not in the log.
 */
export type DoubtCode =
  | 'unreachable'
  | 'missing'
  | 'too-large'
  | 'trust-roots'
  | 'checkpoint'
  | 'witness-quorum'
  | 'stale'
  | 'tile'
  | 'tree-root'
  | 'leaf-form'
  | 'leaf-place'
  | 'leaf-chain'
  | 'leaf-copy'
  | 'auditor-signature'
  | 'operator-signature'
  | 'key-revoked'
  | 'trust-root-version'
  | 'artifact'
  | 'succession'
  | 'evidence'
  | 'plexi-answer'
  | 'expired'
  | 'rollback'
  | 'split-view'
  | 'unlogged';

/** Something that an honest log would not show. */
export interface Doubt {
  readonly code: DoubtCode;
  /** The epoch that it is about, if it is about one. */
  readonly epoch?: number;
  /** Code of the check that failed, such as `fleet-returned`. */
  readonly cause?: string;
  /** A sentence for people. */
  readonly why: string;
  /** Bytes of a fraud proof that anyone can verify, where there is one. */
  readonly fraudProof?: Uint8Array;
}

/** A doubt on its way to the list. */
export class DoubtError extends CodedError<DoubtCode> {
  readonly fraudProof: Uint8Array | undefined;

  constructor(
    code: DoubtCode,
    why: string,
    options: { readonly cause?: unknown; readonly fraudProof?: Uint8Array } = {},
  ) {
    super(code, why, options);
    this.fraudProof = options.fraudProof;
  }
}

/** Runs `step`; a coded error of the format below becomes a doubt with this code. */
export function orDoubt<T>(code: DoubtCode, why: string, step: () => T): T {
  try {
    return step();
  } catch (cause) {
    if (cause instanceof DoubtError || !(cause instanceof CodedError)) throw cause;
    throw new DoubtError(code, why, { cause });
  }
}

/** Collects what is doubted, and goes on where that makes sense. */
export class Doubts {
  readonly #list: Doubt[] = [];
  #count = 0;

  get list(): readonly Doubt[] {
    return this.#list;
  }

  /** How many there are, also beyond {@link doubtsMax}. */
  get count(): number {
    return this.#count;
  }

  add(doubt: Doubt): void {
    this.#count++;
    if (this.#list.length < doubtsMax) this.#list.push(doubt);
  }

  /** Runs `step` and keeps its doubt. @returns its result, or undefined when there was one. */
  async keep<T>(epoch: number | undefined, step: () => T | Promise<T>): Promise<T | undefined> {
    try {
      return await step();
    } catch (error) {
      // Who does not answer has shown nothing, good or bad. The pass ends.
      if (error instanceof MonitorError && error.code === 'unreachable') throw error;
      this.add(doubtOf(error, epoch));
      return undefined;
    }
  }
}

/** What an error says about a log. Anything but a doubt or a source's error is our bug, and goes on. */
export function doubtOf(error: unknown, epoch?: number): Doubt {
  const place = epoch === undefined ? {} : { epoch };
  if (error instanceof MonitorError && error.code !== 'bad-url')
    return { code: error.code, why: error.message, ...place };
  if (!(error instanceof DoubtError)) throw error;
  const { code, message: why, cause, fraudProof } = error;
  return {
    code,
    why,
    ...place,
    ...(cause instanceof CodedError ? { cause: cause.code } : {}),
    ...(fraudProof === undefined ? {} : { fraudProof }),
  };
}
