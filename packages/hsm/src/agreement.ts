import { equalBytes } from '@coffer/base';
import {
  compareTerms,
  type FleetDescriptor,
  memberById,
  type NewView,
  type Position,
  ProtocolError,
  type Signed,
  type SignedEntry,
  type Term,
  type TermPromise,
  verifyEntrySignature,
  verifyPromise,
} from '@coffer/protocol';
import { refuse } from './errors.js';
import { roundStepMax } from './host-api.js';
import type { GroupState } from './state.js';

/**
 * The rules by which HSMs agree while every host lies (docs/spec/consensus.md §3), as pure transitions of one group's
 * state. Each returns the next state or refuses; the caller persists it, and only then signs anything.
 */

/**
 * Rule 1: promise only upwards, and only by a bounded step, so that no host can use the rounds up.
 * (docs/model: clause Promise)
 */
export function promiseTerm(fleet: FleetDescriptor, state: GroupState, t: Term): GroupState {
  if (memberById(fleet, t.leaderId) === undefined) refuse('bad-request', 'the leader is no member');
  if (compareTerms(t, state.promised) <= 0) refuse('stale-term', 'already promised as much');
  if (t.round - state.promised.round > roundStepMax) refuse('round-step', 'round raised by too much');
  return { ...state, promised: t };
}

/**
 * Rule 2: the leader of t starts from the greatest position that a quorum reports. Any certified entry is held by a
 * member of every quorum, so it is at or below that position on the same chain. (docs/model: clause NewView)
 * @param nonce - drawn by this process when it promised t; every promise carries it.
 */
export function openView(
  fleet: FleetDescriptor,
  own: number,
  state: GroupState,
  view: Omit<NewView, 'base'>,
  nonce: Uint8Array,
): NewView {
  const { t, promises } = view;
  if (t.leaderId !== own) refuse('not-leader', 'the term has another leader');
  // capTerm < t: a restarted leader needs a new term, or it would lead one term twice and could fork it.
  if (compareTerms(state.promised, t) !== 0 || compareTerms(state.capTerm, t) >= 0)
    refuse('stale-term', 'not the promised term');
  // Promises that were given to an earlier life of this leader, before its state was put back, must not open its term
  // again: two chains of one term could outrank each other, and a committed entry would lose to one that never was.
  // (docs/model: clause Nonce)
  if (!promises.every((p) => equalBytes(p.statement.nonce, nonce)))
    refuse('bad-statement', 'a promise to an earlier life');
  const base = greatestPromise(fleet, view, promises);
  if (!promises.some((p) => p.statement.hsm === own)) refuse('bad-statement', 'own promise missing');
  return { ...view, base };
}

/**
 * Rule 3: follow a view that a quorum's promises justify. Recomputes the base instead of believing it.
 * (docs/model: clause Adopt)
 */
export function adoptView(fleet: FleetDescriptor, state: GroupState, view: NewView): GroupState {
  const { t, promises, base } = view;
  if (compareTerms(t, state.promised) < 0 || compareTerms(state.capTerm, t) >= 0)
    refuse('stale-term', 'not a newer view');
  if (!promises.some((p) => p.statement.hsm === t.leaderId)) refuse('bad-statement', "the leader's promise is missing");
  const greatest = greatestPromise(fleet, view, promises);
  if (comparePositions(greatest, base) !== 0 || !equalBytes(greatest.hash, base.hash)) {
    refuse('bad-statement', 'the base is not the greatest promise');
  }
  return atBase(view);
}

/** State of every member that starts term t from its base: uncommitted captures beyond it are rewound. */
export function atBase({ t, base }: NewView): GroupState {
  return { promised: t, capTerm: t, index: base.index, hash: base.hash };
}

/**
 * Rule 5, for consecutive entries; those at or below the captured index are passed over if they lead to it.
 * (docs/model: clause Capture)
 */
export function captureEntries(fleet: FleetDescriptor, state: GroupState, entries: readonly SignedEntry[]): GroupState {
  if (compareTerms(state.capTerm, state.promised) < 0) refuse('stale-term', 'promised to a later term');
  let next = state;
  for (const signed of entries) {
    const { entry } = signed;
    if (entry.index < next.index) continue;
    const hash = entryHashOf(fleet, signed);
    if (entry.index === next.index && equalBytes(hash, next.hash)) continue;
    // Also an old leader's entry that arrives late: whoever captured it under a new term would split the chain.
    if (compareTerms(entry.term, next.capTerm) !== 0) refuse('stale-term', 'entry of another term');
    if (entry.index !== next.index + 1n || !equalBytes(entry.prevHash, next.hash))
      refuse('not-next', 'does not follow');
    next = { ...next, index: entry.index, hash };
  }
  return next;
}

/**
 * Rule 7. @param at - position of a verified quorum certificate; nothing less moves an HSM forward.
 * (docs/model: clause Jump)
 */
export function jumpTo(state: GroupState, at: Position & { readonly term: Term }): GroupState {
  if (comparePositions({ capTerm: at.term, index: at.index }, state) <= 0) refuse('not-newer', 'nothing newer');
  const promised = compareTerms(at.term, state.promised) > 0 ? at.term : state.promised;
  return { promised, capTerm: at.term, index: at.index, hash: at.hash };
}

/** The greatest (capTerm, index) among promises for t of a quorum of distinct members. (docs/model: clause Quorum) */
function greatestPromise(
  fleet: FleetDescriptor,
  view: { readonly group: number; readonly t: Term },
  promises: readonly Signed<TermPromise>[],
): NewView['base'] {
  const members = new Set<number>();
  let greatest: TermPromise | undefined;
  for (const signed of promises) {
    const promise = promiseOf(fleet, signed);
    const here = promise.group === view.group && equalBytes(promise.configHash, fleet.configHash);
    if (!here || compareTerms(promise.t, view.t) !== 0) refuse('bad-statement', 'a promise for something else');
    if (!equalBytes(promise.nonce, (promises[0] as Signed<TermPromise>).statement.nonce)) {
      refuse('bad-statement', 'promises to different lives of a leader');
    }
    if (members.has(promise.hsm)) refuse('bad-statement', 'a member twice');
    members.add(promise.hsm);
    const order = greatest === undefined ? 1 : comparePositions(promise, greatest);
    if (order === 0 && greatest !== undefined && !equalBytes(promise.hash, greatest.hash)) {
      refuse('bad-statement', 'two entries at one position');
    }
    if (order > 0) greatest = promise;
  }
  if (greatest === undefined || members.size < fleet.quorum) return refuse('bad-statement', 'no quorum of promises');
  return { capTerm: greatest.capTerm, index: greatest.index, hash: greatest.hash };
}

type Height = { readonly capTerm: Term; readonly index: bigint };

function comparePositions(a: Height, b: Height): number {
  const terms = compareTerms(a.capTerm, b.capTerm);
  if (terms !== 0) return terms;
  return a.index === b.index ? 0 : a.index < b.index ? -1 : 1;
}

function promiseOf(fleet: FleetDescriptor, signed: Signed<TermPromise>): TermPromise {
  try {
    return verifyPromise(fleet, signed);
  } catch (cause) {
    if (cause instanceof ProtocolError) refuse('bad-statement', 'a promise that nobody signed');
    throw cause;
  }
}

function entryHashOf(fleet: FleetDescriptor, signed: SignedEntry) {
  try {
    return verifyEntrySignature(fleet, signed);
  } catch (cause) {
    if (cause instanceof ProtocolError) refuse('bad-statement', 'an entry that its leader did not sign');
    throw cause;
  }
}
