/**
 * What a thing does when it is used by one caller at a time. `Call` holds both what was asked and what was heard.
 * A specification may be nondeterministic: every function gives all states that are possible.
 */
export interface SequentialSpec<State, Call> {
  readonly initial: State;
  /**
   * Equal for states between which no later answer can tell, and for no others.
   * @param due - every answered call that returned before this time has been executed, every call of unknown outcome that was
   * invoked before it may be executed. Infinite when nothing is left to be explained.
   */
  key(state: State, due: number): string;
  /** States after an execution of `call` in `state` that answers what was heard; empty when it cannot answer that. */
  answers(state: State, call: Call): readonly State[];
  /** States other than `state` after an execution whose answer nobody heard. */
  effects(state: State, call: Call): readonly State[];
}

/** A call in time. Times are places in one total order of all invocations and returns: no two are equal. */
export interface TimedCall<Call> {
  readonly call: Call;
  readonly invoked: number;
  /** Undefined when the outcome is unknown: it takes effect any number of times after `invoked`, or never. */
  readonly returned: number | undefined;
}

export interface SearchOptions {
  /**
   * Executions of answered calls beyond the first that the whole history may need (the fleet executes a message again that a
   * gateway or the network repeated). The search uses as few as possible. Default 0.
   */
  readonly repeatsMax?: number;
  /**
   * Whether a call may be executed unheard before the execution whose answer was heard: a gateway that loses an agent sends
   * the same message to another one. Default false: every copy of a message is a call of its own.
   */
  readonly resends?: boolean;
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
 * Wing and Gong (1993) with Lowe's memory of configurations (2017), a configuration being the set of answered calls
 * executed so far and the state. What remains grows with the answered calls that overlap and with the states possible.
 *
 * A call of unknown outcome is not in the set: it may be executed as often as it changes something, because whoever lost
 * its answer may have sent it again. So hundreds of lost messages leave few configurations.
 */
export function searchOrder<State, Call>(
  spec: SequentialSpec<State, Call>,
  calls: readonly TimedCall<Call>[],
  options: SearchOptions = {},
): SearchResult<State, Call> {
  const { repeatsMax = 0, resends = false, visitsMax: limit = visitsMax } = options;
  let visits = 0;
  for (let repeats = 0; repeats <= repeatsMax; repeats++) {
    const search = new Search(spec, calls, limit - visits, resends);
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
    states.set(spec.key(last, Number.POSITIVE_INFINITY), last);
    return states.size > statesMax;
  });
  return isOver && states.size <= statesMax ? [...states.values()] : undefined;
}

/** What was executed so far, the state it led to, and the move that came last. */
interface Configuration<State, Call> {
  readonly done: DoneSet;
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
  readonly #resends: boolean;

  constructor(
    spec: SequentialSpec<State, Call>,
    calls: readonly TimedCall<Call>[],
    visitsMax: number,
    resends = false,
  ) {
    this.#resends = resends;
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
    const { done, state, repeatsLeft } = from;
    const spec = this.#spec;
    const [candidates, due] = this.#candidates(done);
    for (const at of candidates) {
      const timed = this.#answered[at] as TimedCall<Call>;
      for (const next of spec.answers(state, timed.call)) {
        yield { ...from, done: withDone(done, at), state: next, move: { timed, isHeard: true } };
      }
    }
    // One whose answer nobody heard matters only where it changes something; the newest one is the likeliest.
    for (const timed of newestBefore(this.#unknown, due)) {
      for (const next of spec.effects(state, timed.call)) {
        yield { ...from, state: next, move: { timed, isHeard: false } };
      }
    }
    for (const at of this.#resends ? candidates : []) {
      const timed = this.#answered[at] as TimedCall<Call>;
      for (const next of spec.effects(state, timed.call)) {
        yield { ...from, state: next, move: { timed, isHeard: false } };
      }
    }
    if (repeatsLeft === 0) return undefined;
    for (const timed of newestBefore(this.#answered, due)) {
      for (const next of spec.effects(state, timed.call)) {
        yield { ...from, state: next, repeatsLeft: repeatsLeft - 1, move: { timed, isHeard: false } };
      }
    }
    return undefined;
  }

  /** Answered calls that may come next, and the first return that is due: whatever comes next comes before it. */
  #candidates({ below, above }: DoneSet): [number[], number] {
    const candidates: number[] = [];
    let due = Number.POSITIVE_INFINITY;
    for (let at = below; at < this.#answered.length; at++) {
      const { invoked, returned } = this.#answered[at] as { invoked: number; returned: number };
      if (invoked > due) break;
      if (above.includes(at)) continue;
      candidates.push(at);
      due = Math.min(due, returned);
    }
    const inTime = candidates.filter((at) => (this.#answered[at] as TimedCall<Call>).invoked < due);
    const returnOf = (at: number): number => this.#answered[at]?.returned ?? 0;
    return [inTime.sort((a, b) => returnOf(a) - returnOf(b)), due];
  }

  #isNew({ done, state, repeatsLeft }: Configuration<State, Call>): boolean {
    const [, due] = this.#candidates(done);
    const key = `${done.below}:${done.above.join(',')}:${this.#spec.key(state, due)}`;
    const seen = this.#seen.get(key);
    if (seen !== undefined && seen >= repeatsLeft) return false;
    this.#seen.set(key, repeatsLeft);
    return true;
  }
}

/** Calls invoked before `due`, the newest first: `calls` are in order of invocation. */
function* newestBefore<Call>(calls: readonly TimedCall<Call>[], due: number): Generator<TimedCall<Call>> {
  for (let at = calls.length - 1; at >= 0; at--) {
    const timed = calls[at] as TimedCall<Call>;
    if (timed.invoked < due) yield timed;
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
