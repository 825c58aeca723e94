import { equalBytes } from '@coffer/base';
import { roundStepMax } from '@coffer/hsm';
import {
  type Cap,
  compareTerms,
  type NewView,
  type Signed,
  type Term,
  type TermPromise,
  verifyPromise,
} from '@coffer/protocol';
import { type AgentContext, codeOf, logError, toLedger } from './context.js';
import { AgentError } from './errors.js';
import { captureLedgerTail } from './follow.js';
import { obtain } from './obtain.js';
import { isHigher, isSame, type Site } from './site.js';

/** What our HSM is handed for a term that it would lead itself: it draws its own. */
const noNonce = new Uint8Array(32);
/** Terms that one attempt tries: each refusal tells which round to go above. */
const termsPerTakeover = 3;

/** A term that our HSM leads now. */
export interface TakenOver {
  readonly view: Signed<NewView>;
  /** Our HSM's cap of the base. */
  readonly cap: Signed<Cap>;
}

/**
 * Becomes leader: raises the term in the ledger, so that old appends fail; has every reachable HSM capture the ledger's
 * tail and promise; makes our replica hold the greatest promised position; and opens the view from there.
 * @param promisedElsewhere - highest round that a member is said to have promised.
 * @throws AgentError `refused` without a quorum, or when somebody else is ahead; `missing-data` when a base is nowhere to
 *   be had, and no quorum is left without its promise: then the group waits, and never goes on from an older state.
 */
export async function takeOver(context: AgentContext, site: Site, promisedElsewhere: bigint): Promise<TakenOver> {
  let seenRound = promisedElsewhere;
  for (let tries = 0; tries < termsPerTakeover; tries++) {
    const t = await raiseTerm(context, site, seenRound);
    if (t === undefined) continue;
    const { promises, promisedRound } = await collectPromises(context, site, t);
    if (promises.length >= context.fleet.quorum) return openView(context, site, t, promises);
    if (promisedRound < t.round) break;
    seenRound = promisedRound;
  }
  throw new AgentError('refused', 'no quorum of promises');
}

/** A term above all that was seen, raised in the ledger. @returns undefined when another leader was quicker. */
async function raiseTerm(context: AgentContext, site: Site, seenRound: bigint): Promise<Term | undefined> {
  const { ledger } = context.ports;
  const { promised } = await site.inspect();
  const { term } = await toLedger(context, ledger.tail(site.group));
  // What a peer says it has promised is hearsay: it may move us, but not further than an HSM goes in one step.
  const heard = seenRound > promised.round + roundStepMax ? promised.round + roundStepMax : seenRound;
  const highest = [promised.round, term.round, heard].reduce((a, b) => (a > b ? a : b));
  const t = { round: highest + 1n, leaderId: context.memberId };
  return (await toLedger(context, ledger.raiseTerm(site.group, t))) === 'raised' ? t : undefined;
}

interface Collected {
  readonly promises: readonly Signed<TermPromise>[];
  /** Highest round that somebody said to have promised. */
  readonly promisedRound: bigint;
}

/**
 * Our own HSM first, because it draws the nonce that all promises for this term must carry; then all others at once. A
 * little after the quorum the slow ones are not waited for any longer.
 */
async function collectPromises(context: AgentContext, site: Site, t: Term): Promise<Collected> {
  const { fleet, memberId, peers, ports, tuning } = context;
  const own = await site.lane.run(async () => {
    await captureLedgerTail(context, site);
    return site.promise(t, noNonce);
  });
  if ('type' in own) return { promises: [], promisedRound: own.promised.round };
  const { nonce } = own.statement;
  const promises = new Map([[memberId, own]]);
  let promisedRound = 0n;
  const take = (from: number, reply: Awaited<ReturnType<Site['promise']>>): void => {
    if ('type' in reply) {
      if (reply.promised.round > promisedRound) promisedRound = reply.promised.round;
      return;
    }
    const { hsm, group, t: promised, nonce: given, configHash } = verifyPromise(fleet, reply);
    const asked = hsm === from && group === site.group && compareTerms(promised, t) === 0 && equalBytes(given, nonce);
    if (asked && equalBytes(configHash, fleet.configHash)) promises.set(hsm, reply);
  };
  const asking = peers.others.map((id) => prepare(id));

  async function prepare(id: number): Promise<void> {
    const reply = await peers.send(id, { type: 'prepare', group: site.group, t, nonce });
    if (reply.type === 'promised') take(id, reply.promise);
    else if (reply.type === 'stale') take(id, reply);
  }

  await new Promise<void>((resolve) => {
    let left = asking.length;
    let cancel: () => void = () => undefined;
    if (left === 0) return resolve();
    for (const each of asking) {
      void each
        .catch((cause: unknown) => {
          if (codeOf(cause) !== 'peer-unavailable') logError(context, site.group, 'promise', cause);
        })
        .then(() => {
          left--;
          if (left === 0) {
            cancel();
            resolve();
          } else if (promises.size === fleet.quorum) {
            cancel();
            cancel = ports.timers.after(tuning.leaseStaggerMs, resolve);
          }
        });
    }
  });
  return { promises: [...promises.values()], promisedRound };
}

/** Opens the view from the greatest promise whose data can be had. */
async function openView(
  context: AgentContext,
  site: Site,
  t: Term,
  collected: readonly Signed<TermPromise>[],
): Promise<TakenOver> {
  return site.lane.run(async () => {
    let promises = collected;
    let missing: bigint | undefined;
    while (promises.length >= context.fleet.quorum && promises.some((p) => p.statement.hsm === context.memberId)) {
      const base = greatest(promises);
      const holders = promises.filter((p) => isSame(p.statement, base));
      try {
        await obtain(context, site, base, { prefer: holders.map((p) => p.statement.hsm), snapshot: true });
        const { view, cap } = await site.newView(t, promises, base);
        context.alarms.clear(site.group, 'missing-data');
        return { view, cap };
      } catch (cause) {
        if (!(cause instanceof AgentError && cause.code === 'missing-data')) throw cause;
        // No quorum can have captured what is left out here, or every quorum of promises would name it.
        missing ??= base.index;
        promises = promises.filter((p) => !isSame(p.statement, base));
      }
    }
    context.alarms.raise(
      site.group,
      'missing-data',
      missing,
      'an entry that may be committed is held by nobody reachable',
    );
    throw new AgentError('missing-data', `entry ${missing} is held by nobody reachable`);
  });
}

function greatest(promises: readonly Signed<TermPromise>[]): TermPromise {
  const [first, ...rest] = promises.map(({ statement }) => statement);
  if (first === undefined) throw new AgentError('refused', 'no promises');
  return rest.reduce((a, b) => (isHigher({ term: b.capTerm, index: b.index }, a) ? b : a), first);
}
