import { hex } from '@coffer/base';
import type { HostReply, HostRequest } from '@coffer/hsm';
import {
  assembleCertificate,
  type Cap,
  type ConfigHash,
  compareTerms,
  entryHash,
  genesisHash,
  type NewView,
  type Position,
  type QuorumCertificate,
  type Signed,
  type SignedEntry,
  type Term,
  type TermPromise,
} from '@coffer/protocol';
import type { Outgoing } from './person.js';
import { StoredState } from './stored-state.js';

/** An entry of some branch, with all that the host needs to go on from it. */
export interface KnownEntry extends Position {
  /** Undefined at index 0. */
  readonly signed: SignedEntry | undefined;
  readonly parent: KnownEntry | undefined;
  readonly state: StoredState;
  /** Whose reply is at which place. */
  readonly senders: readonly (Outgoing | undefined)[];
}

const termName = ({ round, leaderId }: Term): string => `${round}.${leaderId}`;

/** Everything that was ever said about one group. Nothing is thrown away. */
export class GroupRecord {
  readonly entries = new Map<string, KnownEntry>();
  readonly promises: Signed<TermPromise>[] = [];
  readonly views: Signed<NewView>[] = [];
  /** Nonces that leaders drew. */
  readonly nonces: Uint8Array[] = [];
  /** Tips of those who lead or once led, by member. */
  readonly leaders = new Map<number, { readonly term: Term; readonly tip: KnownEntry }>();
  /** Members that promised a term of their own and have not opened it: a restart would lose its nonce. */
  readonly candidates = new Set<number>();
  topRound = 0n;
  /** By position and term: the caps of distinct members. */
  readonly #caps = new Map<string, Map<number, Signed<Cap>>>();

  constructor(configHash: ConfigHash, group: number) {
    const hash = genesisHash(configHash, group);
    const genesis = { index: 0n, hash, signed: undefined, parent: undefined, state: StoredState.empty, senders: [] };
    this.entries.set(hex(hash), genesis);
  }

  known(hash: Uint8Array): KnownEntry | undefined {
    return this.entries.get(hex(hash));
  }

  /** Who leads in the highest term, or believes so. */
  get newestLeader(): number | undefined {
    return [...this.leaders].sort(([, a], [, b]) => compareTerms(a.term, b.term)).at(-1)?.[0];
  }

  /** Every certificate that could be put together, however few its signers; hidden until somebody is shown it. */
  certificates(signersMin: number): QuorumCertificate[] {
    return [...this.#caps.values()]
      .filter((caps) => caps.size >= signersMin)
      .map((caps) => assembleCertificate([...caps.values()]));
  }

  learnPromise(member: number, promise: Signed<TermPromise>): void {
    const { t, nonce } = promise.statement;
    this.promises.push(promise);
    if (t.leaderId === member) {
      this.nonces.push(nonce);
      this.candidates.add(member);
    }
    if (t.round > this.topRound) this.topRound = t.round;
  }

  learnView(member: number, view: Signed<NewView>): void {
    const { t, base } = view.statement;
    this.views.push(view);
    this.candidates.delete(member);
    const tip = this.known(base.hash);
    if (tip !== undefined) this.leaders.set(member, { term: t, tip });
  }

  learnCap(cap: Signed<Cap>): void {
    const { hsm, term, index, hash } = cap.statement;
    const name = `${termName(term)} ${index} ${hex(hash)}`;
    const same = this.#caps.get(name) ?? new Map<number, Signed<Cap>>();
    this.#caps.set(name, same.set(hsm, cap));
  }

  /** @param senderOf - who sent a sealed request. */
  learnEntry(
    member: number,
    { items }: Extract<HostRequest, { type: 'execute' }>,
    { entry: signed, leaves, places }: Extract<HostReply, { type: 'executed' }>,
    senderOf: (sealed: Uint8Array) => Outgoing | undefined,
  ): void {
    if (signed === undefined) return;
    const { prevHash, index, term } = signed.entry;
    const parent = this.known(prevHash);
    if (parent === undefined) return;
    const senders: (Outgoing | undefined)[] = [];
    for (const [i, place] of places.entries()) {
      const item = items[i];
      if (place !== undefined && item !== undefined) senders[place] = senderOf(item.request);
    }
    const hash = entryHash(signed.entry);
    const known = { index, hash, signed, parent, state: parent.state.after(leaves), senders };
    this.entries.set(hex(hash), known);
    this.leaders.set(member, { term, tip: known });
  }

  /** This member has restarted. */
  leadsNothing(member: number): void {
    this.leaders.delete(member);
    this.candidates.delete(member);
  }
}
