/**
 * What a thing does when it is used by one caller at a time. `Call` holds both what was asked and what was heard.
 * A specification may be nondeterministic: every function gives all states that are possible.
 */
export interface SequentialSpec<State, Call> {
  readonly initial: State;
  /** Equal for equal states, and for no others. */
  key(state: State): string;
  /** States after an execution of `call` in `state` that answers what was heard; empty when it cannot answer that. */
  answers(state: State, call: Call): readonly State[];
  /** States other than `state` after an execution whose answer nobody heard. */
  effects(state: State, call: Call): readonly State[];
}

/** A call in time. Times are places in one total order of all invocations and returns: no two are equal. */
export interface TimedCall<Call> {
  readonly call: Call;
  readonly invoked: number;
  /** Undefined when the outcome is unknown: it takes effect once at any time after `invoked`, or never. */
  readonly returned: number | undefined;
}

export interface SearchOptions {
  /**
   * Executions beyond the first that the whole history may need (the fleet executes a message again that a gateway or the
   * network repeated). The search uses as few as possible. Default 0.
   */
  readonly repeatsMax?: number;
  /** Configurations visited before the search gives up. Default {@link visitsMax}. */
  readonly visitsMax?: number;
}

/** One execution in an order that explains a history. */
export interface Placed<Call> {
  readonly timed: TimedCall<Call>;
  /** Whether somebody heard this execution's answer. */
  readonly isHeard: boolean;
}

/** An order of all executions, the state they end in, and how many of them were repeats. */
export interface Explanation<State, Call> {
  readonly order: readonly Placed<Call>[];
  readonly last: State;
  readonly repeats: number;
}

export type SearchResult<State, Call> =
  | ({ readonly type: 'linearizable'; readonly visits: number } & Explanation<State, Call>)
  | { readonly type: 'not-linearizable'; readonly visits: number }
  /** Too many configurations: nothing is proven either way. */
  | { readonly type: 'undecided'; readonly visits: number };

export const visitsMax = 400_000;

/**
 * Whether calls that overlapped in time can be put into one order that respects time and that `spec` allows: the search of
 * Wing and Gong (1993) with Lowe's memory of configurations (2017), a configuration being the set of executions so far
 * and the state. Lowe's memory makes repeated work constant; what remains grows with the calls that overlap.
 */
export function searchOrder<State, Call>(
  spec: SequentialSpec<State, Call>,
  calls: readonly TimedCall<Call>[],
  options: SearchOptions = {},
): SearchResult<State, Call> {
  const { repeatsMax = 0, visitsMax: limit = visitsMax } = options;
  let visits = 0;
  for (let repeats = 0; repeats <= repeatsMax; repeats++) {
    const search = new Search(spec, calls, limit - visits);
    let found: Explanation<State, Call> | undefined;
    const isOver = search.run(repeats, (explanation) => {
      found = explanation;
      return true;
    });
    visits += search.visits;
    if (found !== undefined) return { type: 'linearizable', ...found, visits };
    if (!isOver) return { type: 'undecided', visits };
  }
  return { type: 'not-linearizable', visits };
}

/**
 * Every state that the calls can have left behind, those of unknown outcome having taken effect or not.
 * @returns undefined when there are more than `statesMax`, or they are too many to visit.
 */
export function reachableStates<State, Call>(
  spec: SequentialSpec<State, Call>,
  calls: readonly TimedCall<Call>[],
  statesMax: number,
): readonly State[] | undefined {
  const states = new Map<string, State>();
  const search = new Search(spec, calls, visitsMax);
  const isOver = search.run(0, ({ last }) => {
    states.set(spec.key(last), last);
    return states.size > statesMax;
  });
  return isOver && states.size <= statesMax ? [...states.values()] : undefined;
}

/** What was executed so far, the state it led to, and the move that came last. */
interface Configuration<State, Call> {
  readonly done: DoneSet;
  /** Calls of unknown outcome that took effect, by place in order of invocation, ascending. */
  readonly taken: readonly number[];
  readonly state: State;
  readonly repeatsLeft: number;
  readonly move: Placed<Call> | undefined;
}

/** A configuration on the way, with the moves out of it that are still to be tried. */
interface Frame<State, Call> extends Configuration<State, Call> {
  readonly moves: Iterator<Configuration<State, Call>, undefined>;
}

/** Answered calls, by place in order of invocation: all below `below`, and `above`, in ascending order. */
interface DoneSet {
  readonly below: number;
  readonly above: readonly number[];
}

class Search<State, Call> {
  visits = 0;
  readonly #spec: SequentialSpec<State, Call>;
  /** In order of invocation. */
  readonly #answered: readonly (TimedCall<Call> & { readonly returned: number })[];
  readonly #unknown: readonly TimedCall<Call>[];
  /** Configurations seen, with the most repeats that were left there. */
  readonly #seen = new Map<string, number>();
  readonly #visitsMax: number;

  constructor(spec: SequentialSpec<State, Call>, calls: readonly TimedCall<Call>[], visitsMax: number) {
    this.#spec = spec;
    this.#visitsMax = visitsMax;
    const inOrder = [...calls].sort((a, b) => a.invoked - b.invoked);
    this.#answered = inOrder.filter((timed): timed is TimedCall<Call> & { returned: number } => isAnswered(timed));
    this.#unknown = inOrder.filter((timed) => !isAnswered(timed));
  }

  /**
   * Visits every configuration, or as many as `onExplained` wants: it hears of each that explains all answers.
   * @returns whether the search came to its end, of itself or because `onExplained` returned true; else it gave up.
   */
  run(repeats: number, onExplained: (explanation: Explanation<State, Call>) => boolean): boolean {
    const stack: Frame<State, Call>[] = [];
    const enter = (at: Configuration<State, Call>): void => {
      this.visits++;
      stack.push({ ...at, moves: this.#moves(at) });
    };
    enter({
      done: { below: 0, above: [] },
      taken: [],
      state: this.#spec.initial,
      repeatsLeft: repeats,
      move: undefined,
    });
    for (let isEntered = true, frame = stack.at(-1); frame !== undefined; frame = stack.at(-1)) {
      if (isEntered && frame.done.below === this.#answered.length) {
        const order = stack.flatMap(({ move }) => (move === undefined ? [] : [move]));
        if (onExplained({ order, last: frame.state, repeats: repeats - frame.repeatsLeft })) return true;
      }
      if (this.visits > this.#visitsMax) return false;
      const { value, done } = frame.moves.next();
      isEntered = done !== true && this.#isNew(value);
      if (done === true) stack.pop();
      else if (isEntered) enter(value);
    }
    return true;
  }

  *#moves(from: Configuration<State, Call>): Generator<Configuration<State, Call>, undefined> {
    const { done, taken, state, repeatsLeft } = from;
    const spec = this.#spec;
    const [candidates, deadline] = this.#candidates(done);
    for (const at of candidates) {
      const timed = this.#answered[at] as TimedCall<Call>;
      for (const next of spec.answers(state, timed.call)) {
        yield { ...from, done: withDone(done, at), state: next, move: { timed, isHeard: true } };
      }
    }
    // One whose answer nobody heard matters only where it changes something; the newest one is the likeliest.
    for (let at = this.#unknown.length - 1; at >= 0; at--) {
      const timed = this.#unknown[at] as TimedCall<Call>;
      if (timed.invoked > deadline || taken.includes(at)) continue;
      for (const next of spec.effects(state, timed.call)) {
        yield { ...from, taken: [...taken, at].sort((a, b) => a - b), state: next, move: { timed, isHeard: false } };
      }
    }
    if (repeatsLeft === 0) return undefined;
    for (const timed of this.#repeatable(taken, deadline)) {
      for (const next of spec.effects(state, timed.call)) {
        yield { ...from, state: next, repeatsLeft: repeatsLeft - 1, move: { timed, isHeard: false } };
      }
    }
    return undefined;
  }

  /** Calls that may be executed a further time before `deadline`, newest first. */
  *#repeatable(taken: readonly number[], deadline: number): Generator<TimedCall<Call>> {
    for (let at = this.#answered.length - 1; at >= 0; at--) {
      const timed = this.#answered[at] as TimedCall<Call>;
      if (timed.invoked < deadline) yield timed;
    }
    for (const at of taken) yield this.#unknown[at] as TimedCall<Call>;
  }

  /** Answered calls that may come next, and the time by which the next of them has to: the first return that is still due. */
  #candidates({ below, above }: DoneSet): [number[], number] {
    const candidates: number[] = [];
    let deadline = Number.POSITIVE_INFINITY;
    for (let at = below; at < this.#answered.length; at++) {
      const { invoked, returned } = this.#answered[at] as { invoked: number; returned: number };
      if (invoked > deadline) break;
      if (above.includes(at)) continue;
      candidates.push(at);
      deadline = Math.min(deadline, returned);
    }
    const inTime = candidates.filter((at) => (this.#answered[at] as TimedCall<Call>).invoked < deadline);
    const returnOf = (at: number): number => this.#answered[at]?.returned ?? 0;
    return [inTime.sort((a, b) => returnOf(a) - returnOf(b)), deadline];
  }

  #isNew({ done, taken, state, repeatsLeft }: Configuration<State, Call>): boolean {
    const key = `${done.below}:${done.above.join(',')}:${taken.join(',')}:${this.#spec.key(state)}`;
    const seen = this.#seen.get(key);
    if (seen !== undefined && seen >= repeatsLeft) return false;
    this.#seen.set(key, repeatsLeft);
    return true;
  }
}

const isAnswered = <Call>({ returned }: TimedCall<Call>): boolean => returned !== undefined;

function withDone({ below, above }: DoneSet, at: number): DoneSet {
  const all = [...above, at].sort((a, b) => a - b);
  let next = below;
  while (all[0] === next) {
    all.shift();
    next++;
  }
  return { below: next, above: all };
}
