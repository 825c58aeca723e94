import { reachableStates, type SearchOptions, type SequentialSpec, searchOrder, type TimedCall } from './search.js';

/** The smallest part of a history that no order explains. */
export interface FailingWindow<State, Call> {
  /** The call whose answer is one too many: without it there is an order. */
  readonly last: TimedCall<Call>;
  /** Every state that the vault can be in where the window begins; undefined when they are many. */
  readonly before: readonly State[] | undefined;
  /** Calls in the window, `last` among them. Those that had not returned when `last` did are shown as unknown. */
  readonly calls: readonly TimedCall<Call>[];
  /** Calls from before the window without a known outcome that could still change something in it. */
  readonly loose: readonly TimedCall<Call>[];
}

/** States that a report lists. */
const statesMax = 8;

/**
 * @param calls - no order explains them (with these options).
 * @param isReadOnly - whether a call can be left out without making a good history bad.
 */
export function failingWindow<State, Call>(
  spec: SequentialSpec<State, Call>,
  calls: readonly TimedCall<Call>[],
  isReadOnly: (call: Call) => boolean,
  options: SearchOptions = {},
): FailingWindow<State, Call> {
  const fails = (some: readonly TimedCall<Call>[]): boolean =>
    searchOrder(spec, some, options).type === 'not-linearizable';
  const last = firstFailing(calls, fails);
  const prefix = until(calls, last.returned ?? 0);
  const begins = lastQuietPlace(prefix, last.invoked);
  const isLoose = (timed: TimedCall<Call>): boolean => timed.invoked < begins && timed.returned === undefined;
  const head = prefix.filter(({ invoked }) => invoked < begins);
  const before = reachableStates(spec, head, statesMax);
  // Nothing that only looks is needed to see what is wrong, unless it is what looked wrong.
  let left = prefix;
  for (const timed of prefix) {
    if (timed.invoked < begins || timed.call === last.call || !isReadOnly(timed.call)) continue;
    const without = left.filter((other) => other !== timed);
    if (fails(without)) left = without;
  }
  return {
    last,
    before,
    calls: left.filter(({ invoked }) => invoked >= begins),
    loose: head.filter(
      (timed) => isLoose(timed) && (before ?? []).some((state) => spec.effects(state, timed.call).length > 0),
    ),
  };
}

/** The call whose return makes a prefix fail that did not fail before. Prefixes of good histories are good, so halving finds it. */
function firstFailing<Call>(
  calls: readonly TimedCall<Call>[],
  fails: (some: readonly TimedCall<Call>[]) => boolean,
): TimedCall<Call> {
  const returns = calls
    .filter((timed): timed is TimedCall<Call> & { returned: number } => timed.returned !== undefined)
    .sort((a, b) => a.returned - b.returned);
  let [low, high] = [0, returns.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (fails(until(calls, returns[middle]?.returned ?? 0))) high = middle;
    else low = middle + 1;
  }
  const last = returns[low];
  if (last === undefined) throw new RangeError('a history without an answer is good');
  return last;
}

/** What was known at `time`. */
function until<Call>(calls: readonly TimedCall<Call>[], time: number): TimedCall<Call>[] {
  return calls
    .filter(({ invoked }) => invoked <= time)
    .map((timed) => ((timed.returned ?? 0) > time ? { ...timed, returned: undefined } : timed));
}

/** The latest time, at most `before`, at which no answered call was under way: there the history falls in two. */
function lastQuietPlace<Call>(calls: readonly TimedCall<Call>[], before: number): number {
  let place = before;
  for (;;) {
    const spanning = calls.filter(
      ({ invoked, returned }) => returned !== undefined && invoked < place && returned > place,
    );
    if (spanning.length === 0) return place;
    place = Math.min(...spanning.map(({ invoked }) => invoked));
  }
}
