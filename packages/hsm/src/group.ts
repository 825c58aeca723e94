import { type Entropy, equalBytes, invariant } from '@coffer/base';
import {
  type Cap,
  compareTerms,
  type Entry,
  type EntryHash,
  entryHash,
  type FleetDescriptor,
  genesisHash,
  leavesDigest,
  type NewView,
  ProtocolError,
  type QuorumCertificate,
  repliesRoot,
  requestsDigest,
  type SignedEntry,
  type Term,
  type TermPromise,
  verifyNewViewSignature,
  verifyQuorumCertificate,
} from '@coffer/protocol';
import { emptyRoot } from '@coffer/tree';
import { adoptView, atBase, captureEntries, jumpTo, openView, promiseTerm } from './agreement.js';
import { type BatchOutcome, executeBatch } from './batch.js';
import { refuse } from './errors.js';
import type { FleetKeys } from './fleet-secrets.js';
import { entriesInFlightMax, type GroupPosition, type HostRequest, type ReleasedEntry } from './host-api.js';
import { KeptReplies } from './kept-replies.js';
import type { GroupState } from './state.js';

/** What an HSM is in one group while it leads: where its own chain ends. */
interface Leadership {
  readonly term: Term;
  readonly nonce: Uint8Array;
  readonly tip: { readonly index: bigint; readonly hash: EntryHash; readonly root: Uint8Array };
}

type Of<T extends HostRequest['type']> = Omit<Extract<HostRequest, { type: T }>, 'type'>;

/**
 * One group in one HSM. Every method either refuses and changes nothing, or changes `state` (which the caller persists
 * before anything that the method returns is signed) and the memory that a restart may lose.
 */
export class Group {
  readonly #fleet: FleetDescriptor;
  readonly #keys: FleetKeys;
  readonly #entropy: Entropy;
  readonly #own: number;
  readonly #group: number;
  readonly #kept = new KeptReplies();
  #state: GroupState;
  #leadership: Leadership | undefined;
  /**
   * The term of our own that we promised last, in this process, and the nonce drawn for it.
   * (docs/model: clause Nonce)
   */
  #candidacy: { readonly t: Term; readonly nonce: Uint8Array } | undefined;

  constructor(options: {
    readonly fleet: FleetDescriptor;
    readonly keys: FleetKeys;
    readonly entropy: Entropy;
    readonly own: number;
    readonly group: number;
    readonly state: GroupState;
  }) {
    this.#fleet = options.fleet;
    this.#keys = options.keys;
    this.#entropy = options.entropy;
    this.#own = options.own;
    this.#group = options.group;
    this.#state = options.state;
  }

  /** What must survive a restart. */
  get state(): GroupState {
    return this.#state;
  }

  position(): GroupPosition {
    const { promised, capTerm, index, hash } = this.#state;
    const leading = this.#leads();
    return {
      promised,
      capTerm,
      index,
      hash,
      leading,
      tipIndex: leading ? (this.#leadership?.tip.index ?? index) : index,
    };
  }

  promise(t: Term, givenNonce: Uint8Array): TermPromise {
    this.#state = promiseTerm(this.#fleet, this.#state, t);
    this.#candidacy = t.leaderId === this.#own ? { t, nonce: this.#entropy.bytes(32) } : undefined;
    const nonce = this.#candidacy?.nonce ?? givenNonce;
    const { capTerm, index, hash } = this.#state;
    return { hsm: this.#own, group: this.#group, configHash: this.#fleet.configHash, t, nonce, capTerm, index, hash };
  }

  newView({ t, promises, base: baseEntry }: Of<'new-view'>): { view: NewView; cap: Cap } {
    const { configHash } = this.#fleet;
    const candidacy = this.#candidacy;
    if (candidacy === undefined || compareTerms(candidacy.t, t) !== 0) {
      return refuse('stale-term', 'not promised in this process');
    }
    const { nonce } = candidacy;
    const view = openView(this.#fleet, this.#own, this.#state, { group: this.#group, configHash, t, promises }, nonce);
    const root = this.#rootAt(view.base, baseEntry);
    this.#state = atBase(view);
    this.#kept.retain(view.base);
    this.#leadership = {
      term: t,
      nonce,
      tip: { index: view.base.index, hash: view.base.hash, root },
    };
    return { view, cap: this.#cap() };
  }

  adopt({ view: signed }: Of<'adopt'>): Cap {
    const view = checked(() => verifyNewViewSignature(this.#fleet, signed));
    if (!equalBytes(view.configHash, this.#fleet.configHash)) refuse('bad-group', 'another fleet');
    this.#state = adoptView(this.#fleet, this.#state, view);
    this.#kept.retain(view.base);
    this.#leadership = undefined;
    return this.#cap();
  }

  /**
   * Rule 4. Executes on the tip, not on the captured entry, so that the next batch need not wait for the last one.
   * (docs/model: clause Execute)
   */
  execute({
    term,
    items,
    proof,
  }: Of<'execute'>): { entry: Entry; outcome: BatchOutcome } | { entry: undefined; outcome: BatchOutcome } {
    const leadership = this.#leadership;
    if (leadership === undefined || !this.#leads()) return refuse('not-leader', 'leads no term');
    if (compareTerms(term, leadership.term) !== 0) refuse('stale-term', 'leads another term');
    if (this.#kept.size >= entriesInFlightMax) refuse('in-flight', 'too many entries wait for their majority');
    const { tip, nonce } = leadership;
    const outcome = executeBatch(
      { fleet: this.#fleet, keys: this.#keys, entropy: this.#entropy, group: this.#group, root: tip.root },
      items,
      proof,
    );
    const { root, leaves, replies, executed } = outcome;
    if (executed.length === 0) return { entry: undefined, outcome };
    const entry: Entry = {
      group: this.#group,
      configHash: this.#fleet.configHash,
      term,
      nonce,
      index: tip.index + 1n,
      prevHash: tip.hash,
      root,
      requestsDigest: requestsDigest(executed),
      repliesRoot: repliesRoot(replies),
      leavesDigest: leavesDigest(leaves),
      count: replies.length,
    };
    const hash = entryHash(entry);
    this.#kept.add({ index: entry.index, hash, term, replies });
    this.#leadership = { term, nonce, tip: { index: entry.index, hash, root } };
    return { entry, outcome };
  }

  capture(entries: readonly SignedEntry[]): Cap {
    for (const { entry } of entries) {
      if (entry.group !== this.#group || !equalBytes(entry.configHash, this.#fleet.configHash)) {
        refuse('bad-group', 'an entry of another group or fleet');
      }
    }
    this.#state = captureEntries(this.#fleet, this.#state, entries);
    return this.#cap();
  }

  release(certificate: QuorumCertificate): ReleasedEntry[] {
    checked(() => verifyQuorumCertificate(this.#fleet, certificate));
    // Rule 6 asks for our own capture too: what we release must be on the chain that we ourselves hold on to.
    if (this.#state.index < certificate.index) refuse('not-next', 'not captured here yet');
    return this.#kept.release(certificate) ?? refuse('unknown-entry', 'no replies kept for exactly this entry');
  }

  jump(certificate: QuorumCertificate): Cap {
    checked(() => verifyQuorumCertificate(this.#fleet, certificate));
    this.#state = jumpTo(this.#state, certificate);
    this.#kept.retain(certificate);
    this.#leadership = undefined;
    return this.#cap();
  }

  /** Leads only what it opened itself in this process, and only until it has promised anything higher. */
  #leads(): boolean {
    const { promised, capTerm } = this.#state;
    const term = this.#leadership?.term;
    return term !== undefined && compareTerms(term, capTerm) === 0 && compareTerms(term, promised) === 0;
  }

  /** Says where this HSM stands, and under which term. (docs/model: clause Cap) */
  #cap(): Cap {
    const { capTerm: term, index, hash } = this.#state;
    return { hsm: this.#own, group: this.#group, configHash: this.#fleet.configHash, term, index, hash };
  }

  /** The root comes with the entry whose hash the promises name: a host cannot slip in another one. */
  #rootAt(base: NewView['base'], signed: SignedEntry | undefined): Uint8Array {
    if (base.index === 0n) {
      invariant(equalBytes(base.hash, genesisHash(this.#fleet.configHash, this.#group)), 'index 0 is the genesis');
      return emptyRoot;
    }
    if (signed === undefined || !equalBytes(entryHash(signed.entry), base.hash))
      return refuse('bad-base', 'not the base entry');
    return signed.entry.root;
  }
}

/** Turns a statement that does not hold into a refusal. */
function checked<T>(verify: () => T): T {
  try {
    return verify();
  } catch (cause) {
    if (cause instanceof ProtocolError) refuse('bad-statement', 'a signature or certificate does not hold');
    throw cause;
  }
}
