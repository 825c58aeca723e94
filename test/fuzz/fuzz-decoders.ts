import type { SeededRandom } from '@coffer/testing';
import { CoverageFeedback } from './coverage-feedback.js';
import { mutate } from './mutator.js';
import { checkDecoder, type DecoderTarget, FuzzFinding } from './target.js';

/** Inputs between two looks at the coverage. */
const batchInputs = 1_000;
/** Seeds that a target starts with or finds on its way. */
const poolMax = 400;

export interface FuzzReport {
  readonly inputs: number;
  /** By target: inputs, and how often which outcome. */
  readonly outcomes: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly findings: readonly string[];
  /** Inputs of this run that reached code which nothing before them had reached. */
  readonly kept: ReadonlyMap<string, readonly Uint8Array[]>;
}

export interface FuzzOptions {
  readonly targets: readonly DecoderTarget[];
  readonly seeds: ReadonlyMap<string, readonly Uint8Array[]>;
  readonly corpus: ReadonlyMap<string, readonly Uint8Array[]>;
  readonly random: SeededRandom;
  readonly inputs: number;
  /** Without it every input is judged, and none is kept: several times as fast. */
  readonly isGuided: boolean;
  readonly untilMs?: number;
}

/** Gives decoders mutated inputs, in turn and each as many, and mutates what reached new code further. */
export function fuzzDecoders({ targets, seeds, corpus, random, inputs, isGuided, untilMs }: FuzzOptions): FuzzReport {
  const feedback = isGuided ? new CoverageFeedback() : undefined;
  const outcomes: Record<string, Record<string, number>> = {};
  const findings: string[] = [];
  const kept = new Map<string, Uint8Array[]>();
  const pools = new Map(
    targets.map(({ name }) => [name, [...(seeds.get(name) ?? []), ...(corpus.get(name) ?? []), new Uint8Array()]]),
  );
  const judge = (target: DecoderTarget, input: Uint8Array): void => {
    const counts = outcomes[target.name] ?? {};
    outcomes[target.name] = counts;
    let outcome: string;
    try {
      outcome = checkDecoder(target, input);
    } catch (cause) {
      if (!(cause instanceof FuzzFinding)) throw cause;
      outcome = 'FINDING';
      if (findings.length < 100) findings.push(cause.message);
    }
    counts[outcome] = (counts[outcome] ?? 0) + 1;
  };
  for (const target of targets) {
    feedback?.skip();
    for (const seed of pools.get(target.name) ?? []) judge(target, seed.slice());
    if (feedback === undefined) continue;
    feedback.scope = target.name;
    feedback.takeNew();
  }
  let done = 0;
  try {
    while (done < inputs && (untilMs === undefined || Date.now() < untilMs)) {
      for (const target of targets) {
        const pool = pools.get(target.name) as Uint8Array[];
        const count = Math.min(batchInputs, Math.max(1, Math.ceil(inputs / targets.length)), inputs - done);
        const batch = Array.from({ length: count }, () => mutate(random, pool));
        if (feedback !== undefined) {
          feedback.scope = target.name;
          feedback.skip();
        }
        for (const input of batch) judge(target, input);
        done += count;
        if (feedback === undefined || feedback.peekNew() === 0) continue;
        for (const input of reachingNew(feedback, batch, target)) {
          if (pool.length < poolMax) pool.push(input);
          kept.set(target.name, [...(kept.get(target.name) ?? []), input]);
        }
      }
    }
  } finally {
    feedback?.close();
  }
  return { inputs: done, outcomes, findings, kept };
}

/** The inputs of a batch that reach new code, found by running halves again. */
function reachingNew(feedback: CoverageFeedback, batch: readonly Uint8Array[], target: DecoderTarget): Uint8Array[] {
  const runs = (part: readonly Uint8Array[]): void => {
    feedback.skip();
    for (const input of part) {
      try {
        checkDecoder(target, input.slice());
      } catch {
        // Judged already.
      }
    }
  };
  runs(batch);
  if (feedback.peekNew() === 0) return [];
  if (batch.length > 1) {
    const half = batch.length >> 1;
    return [
      ...reachingNew(feedback, batch.slice(0, half), target),
      ...reachingNew(feedback, batch.slice(half), target),
    ];
  }
  runs(batch);
  feedback.takeNew();
  return [batch[0] as Uint8Array];
}
