import type { ConfigHash } from '@coffer/protocol';
import { EvidenceError, type EvidenceErrorCode } from '../errors.js';

/**
 * `proven`: follows from keys, hashes and proofs that were checked · `attested`: somebody with a name has signed that it is
 * so, and nothing else shows it · `SIMULATED HARDWARE`: checked as if proven, but it rests on HSMs that are programs.
 */
export type Verdict = 'proven' | 'attested' | 'SIMULATED HARDWARE' | 'failed';

/** What became of one item of a set, or of one check of several. */
export interface ReportItem {
  /** Of the index; or `index`, `exact-match`, `rebuilds`, which are no files. */
  readonly kind: string;
  readonly name: string;
  readonly verdict: Verdict;
  /** Of a failed one. */
  readonly code?: EvidenceErrorCode;
  /** A sentence for people. */
  readonly why: string;
}

export interface EvidenceReport {
  /** The evidence digest: SHA-256 of the index that was asked for. */
  readonly digest: Uint8Array;
  /** The fleet that it is about; undefined when there is no index to say so. */
  readonly configHash: ConfigHash | undefined;
  readonly items: readonly ReportItem[];
  /** What did not go by the book at the ceremony, in the words of those who were there. */
  readonly exceptions: readonly string[];
}

/** A check that held. */
export interface Finding<T> {
  readonly value: T;
  /** `by-hsm`: worth what the HSMs are worth whose keys it rests on. */
  readonly verdict: 'proven' | 'attested' | 'simulated' | 'by-hsm';
  readonly why: string;
}

type Row = Omit<ReportItem, 'verdict'> & { readonly verdict: Finding<unknown>['verdict'] | 'failed' };

/** Collects what every check says. */
export class ReportDraft {
  readonly #rows: Row[] = [];

  /** Runs one check. @returns what it verified, or undefined when it failed. */
  check<T>(kind: string, name: string, step: () => Finding<T>): T | undefined {
    try {
      const { value, verdict, why } = step();
      this.#rows.push({ kind, name, verdict, why });
      return value;
    } catch (error) {
      if (!(error instanceof EvidenceError)) throw error;
      this.#rows.push({ kind, name, verdict: 'failed', code: error.code, why: error.message });
      return undefined;
    }
  }

  /** Whether a check of this kind has failed. */
  hasFailed(kind: string): boolean {
    return this.#rows.some((row) => row.kind === kind && row.verdict === 'failed');
  }

  items(): readonly ReportItem[] {
    return this.#rows.map((row) => ({ ...row, verdict: this.#verdictOf(row) }));
  }

  #verdictOf({ verdict }: Row): Verdict {
    if (verdict === 'simulated') return 'SIMULATED HARDWARE';
    if (verdict !== 'by-hsm') return verdict;
    const members = this.#rows.filter(({ kind }) => kind === 'member').map((row) => row.verdict);
    // One simulated member holds the secrets of them all.
    if (members.includes('simulated')) return 'SIMULATED HARDWARE';
    // Signed by keys of which nothing shows that an HSM holds them.
    return members.every((each) => each === 'proven') ? 'proven' : 'attested';
  }
}

/** Whether nothing in a report failed. */
export const holds = ({ items }: EvidenceReport): boolean => items.every(({ verdict }) => verdict !== 'failed');
