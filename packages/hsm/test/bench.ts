import { type Entropy, equalBytes, hex, utf8 } from '@coffer/base';
import { hmacSha256, sha256 } from '@coffer/crypto';
import type { BatchItem, HostReply, HostRequest, Hsm, MemoryNvram, ReleasedEntry, SoftKeyStore } from '@coffer/hsm';
import * as hsmModule from '@coffer/hsm';
import * as protocolModule from '@coffer/protocol';
import {
  assembleCertificate,
  type Cap,
  type CommitProof,
  compareTerms,
  type EntryHash,
  entryHash,
  type FleetDescriptor,
  genesisHash,
  groupOf,
  type LeafWrite,
  type QuorumCertificate,
  type RecordKey,
  recordKeyOf,
  replyPath,
  type Signed,
  type SignedEntry,
  type Term,
  type TermPromise,
  type VaultId,
  vaultIdOf,
} from '@coffer/protocol';
import { PartialTree } from '@coffer/tree';

/** What the HSMs of tests say that they run. */
export const testImage = sha256(utf8('image of tests'));

/** The code under test: the real packages, or copies with one rule taken out. */
export interface Modules {
  readonly hsm: typeof hsmModule;
  readonly protocol: typeof protocolModule;
}
export const realModules: Modules = { hsm: hsmModule, protocol: protocolModule };

export interface BenchOptions {
  readonly sites?: number;
  readonly groups?: number;
  readonly rollbackTolerance?: number;
  readonly budgetLimit?: number;
  readonly quorum?: number;
  readonly modules?: Modules;
  readonly seed?: string;
  /** Identities to use instead of new ones: a second fleet of the same machines. */
  readonly keyStores?: readonly SoftKeyStore[];
}

/** Repeatable bytes: HMAC of a counter. Only for tests. */
export class CountingEntropy implements Entropy {
  #counter = 0;
  readonly #seed: Uint8Array;

  constructor(seed: string) {
    this.#seed = utf8(seed);
  }

  bytes(length: number): Uint8Array {
    const out = new Uint8Array(length);
    for (let at = 0; at < length; at += 32) {
      out.set(hmacSha256(this.#seed, utf8(String(this.#counter++))).subarray(0, Math.min(32, length - at)), at);
    }
    return out;
  }
}

export interface Member {
  readonly id: number;
  readonly keyStore: SoftKeyStore;
  readonly nvram: MemoryNvram;
  hsm: Hsm;
}

/** A request that went all the way: the reply and what proves it. */
export interface Committed {
  readonly reply: Uint8Array;
  readonly proof: CommitProof;
}

type ReplyOf<T extends HostReply['type']> = Extract<HostReply, { type: T }>;

export class RefusedError extends Error {
  constructor(readonly code: string) {
    super(`refused: ${code}`);
  }
}

interface HostTree {
  nodes: Map<string, Uint8Array>;
  leaves: Map<string, Uint8Array>;
}

/** A fleet of real HSM cores and a host in one hand, which may do with them whatever it likes. */
export class Bench {
  readonly modules: Modules;
  readonly fleet: FleetDescriptor;
  readonly members: readonly Member[];
  readonly entropy: Entropy;
  readonly indexKey: Uint8Array;
  leaderId = 1;
  term: Term = { round: 0n, leaderId: 1 };
  readonly entries: SignedEntry[][] = [];
  readonly #trees: HostTree[] = [];
  #ids = 0;

  constructor(options: BenchOptions = {}) {
    const {
      sites = 3,
      groups = 1,
      rollbackTolerance = 0,
      modules = realModules,
      seed = 'bench',
      budgetLimit = 10,
    } = options;
    this.modules = modules;
    const module = modules.hsm;
    this.entropy = new CountingEntropy(seed);
    const names = Array.from({ length: sites }, (_, i) => `site-${i + 1}`);
    const keyStores = options.keyStores ?? names.map(() => module.SoftKeyStore.generate(this.entropy));
    const { descriptor, states } = module.provisionFleet({
      sites: names,
      keyStores,
      groups,
      budgetLimit,
      rollbackTolerance,
      entropy: this.entropy,
      ...(options.quorum === undefined ? {} : { quorum: options.quorum }),
    });
    this.fleet = modules.protocol.decodeFleetDescriptor(descriptor);
    this.members = keyStores.map((keyStore, i) => {
      const nvram = new module.MemoryNvram(states[i] as Uint8Array);
      return {
        id: i + 1,
        keyStore,
        nvram,
        hsm: module.Hsm.boot({ fleet: this.fleet, keyStore, nvram, entropy: this.entropy, image: testImage }),
      };
    });
    for (let group = 0; group < groups; group++) {
      this.#trees.push({ nodes: new Map(), leaves: new Map() });
      this.entries.push([]);
    }
    this.indexKey = this.ask(1, 'described', { type: 'describe' }).indexKey;
  }

  member(id: number): Member {
    const member = this.members[id - 1];
    if (member === undefined) throw new Error(`no member ${id}`);
    return member;
  }

  /** One request to one HSM, through its real frames. */
  call(id: number, body: HostRequest): HostReply {
    const frame = this.modules.hsm.encodeHostRequest({ id: ++this.#ids, body });
    const [answer] = this.member(id).hsm.step([frame]);
    return this.modules.hsm.decodeHostReply(answer as Uint8Array).body;
  }

  /** The same, for a request that must be carried out. */
  ask<T extends HostReply['type']>(id: number, type: T, body: HostRequest): ReplyOf<T> {
    const reply = this.call(id, body);
    if (reply.type === 'refused') throw new RefusedError(reply.code);
    if (reply.type !== type) throw new Error(`expected ${type}, got ${reply.type}`);
    return reply as ReplyOf<T>;
  }

  restart(id: number): void {
    const member = this.member(id);
    const { keyStore, nvram } = member;
    member.hsm = this.modules.hsm.Hsm.boot({
      fleet: this.fleet,
      keyStore,
      nvram,
      entropy: this.entropy,
      image: testImage,
    });
  }

  /** The newest nonce that a leader drew for a term. */
  readonly nonces = new Map<string, Uint8Array>();

  promise(id: number, t: Term, group = 0): Signed<TermPromise> {
    const name = `${group}/${t.round}/${t.leaderId}`;
    const nonce = this.nonces.get(name) ?? new Uint8Array(32);
    const { promise } = this.ask(id, 'promised', { type: 'promise', group, t, nonce });
    if (id === t.leaderId) this.nonces.set(name, promise.statement.nonce);
    return promise;
  }

  /** Takes over a group honestly, with `voters` (the leader among them). @returns the certificate of the base, if any. */
  lead(leaderId: number, voters: readonly number[] = this.members.map((m) => m.id), group = 0): QuorumCertificate {
    const t = { round: this.term.round + 1n, leaderId };
    const leaderFirst = [...voters].sort((a, b) => Number(b === leaderId) - Number(a === leaderId));
    const promises = leaderFirst.map((id) => this.promise(id, t, group));
    this.term = t;
    this.leaderId = leaderId;
    const higher = (a: TermPromise, b: TermPromise): boolean =>
      compareTerms(a.capTerm, b.capTerm) > 0 || (compareTerms(a.capTerm, b.capTerm) === 0 && a.index > b.index);
    const base = promises.map((p) => p.statement).reduce((a, b) => (higher(b, a) ? b : a));
    const { view, cap } = this.ask(leaderId, 'new-view', {
      type: 'new-view',
      group,
      t,
      promises,
      base: this.entryAt(group, base.hash),
    });
    const caps = [
      cap,
      ...voters.filter((id) => id !== leaderId).map((id) => this.ask(id, 'captured', { type: 'adopt', view }).cap),
    ];
    return assembleCertificate(caps);
  }

  entryAt(group: number, hash: EntryHash): SignedEntry | undefined {
    return this.entries[group]?.find((e) => equalBytes(entryHash(e.entry), hash));
  }

  tipHash(group = 0): EntryHash {
    const last = this.entries[group]?.at(-1);
    return last === undefined ? genesisHash(this.fleet.configHash, group) : entryHash(last.entry);
  }

  item(vaultId: VaultId, request: Uint8Array): BatchItem {
    const group = groupOf(vaultId, this.fleet.groups);
    return { vaultId, request, leaf: this.#trees[group]?.leaves.get(hex(this.recordKey(vaultId))) };
  }

  recordKey(vaultId: VaultId): RecordKey {
    return recordKeyOf(this.indexKey, vaultId);
  }

  proof(group: number, items: readonly BatchItem[]): Uint8Array {
    const keys = items.map((item) => this.recordKey(item.vaultId));
    return PartialTree.load(this.#store(group), keys).encodeProof();
  }

  /** Leader executes; the host's tree is not touched until {@link apply}. */
  execute(
    items: readonly BatchItem[],
    options: { group?: number; leaderId?: number; term?: Term; proof?: Uint8Array } = {},
  ): ReplyOf<'executed'> {
    const { group = 0, leaderId = this.leaderId, term = this.term, proof = this.proof(group, items) } = options;
    return this.ask(leaderId, 'executed', { type: 'execute', group, term, items, proof });
  }

  apply(group: number, entry: SignedEntry, leaves: readonly LeafWrite[]): void {
    const host = this.#trees[group] as HostTree;
    const tree = PartialTree.load(
      this.#store(group),
      leaves.map((l) => l.recordKey),
    );
    for (const { recordKey, sealed } of leaves) {
      tree.set(recordKey, sha256(sealed));
      host.leaves.set(hex(recordKey), sealed);
    }
    for (const { path, node } of tree.changes()) host.nodes.set(hex(path), node);
    if (!equalBytes(tree.root(), entry.entry.root)) throw new Error('host and HSM disagree on the root');
    this.entries[group]?.push(entry);
  }

  /** A copy of what the host stores, to go back to. */
  snapshot(group = 0): () => void {
    const host = this.#trees[group] as HostTree;
    const kept = { nodes: new Map(host.nodes), leaves: new Map(host.leaves) };
    const entries = [...(this.entries[group] ?? [])];
    return () => {
      this.#trees[group] = { nodes: new Map(kept.nodes), leaves: new Map(kept.leaves) };
      this.entries[group]?.splice(0, Number.POSITIVE_INFINITY, ...entries);
    };
  }

  capture(id: number, entries: readonly SignedEntry[], group = 0): Signed<Cap> {
    return this.ask(id, 'captured', { type: 'capture', group, entries }).cap;
  }

  /** Captures by `voters`, certificate, release by the leader. */
  commit(
    entry: SignedEntry,
    voters: readonly number[] = this.members.map((m) => m.id),
  ): { certificate: QuorumCertificate; released: readonly ReleasedEntry[] } {
    const { group } = entry.entry;
    const certificate = assembleCertificate(voters.map((id) => this.capture(id, [entry], group)));
    const { entries } = this.ask(entry.entry.term.leaderId, 'released', { type: 'release', certificate });
    return { certificate, released: entries };
  }

  /** The whole honest way of one sealed request. @returns undefined when it did not open. */
  send(vaultId: VaultId, request: Uint8Array): Committed | undefined {
    const group = groupOf(vaultId, this.fleet.groups);
    const { entry, leaves } = this.execute([this.item(vaultId, request)], { group });
    if (entry === undefined) return undefined;
    this.apply(group, entry, leaves);
    const { certificate, released } = this.commit(entry);
    return committed(entry, released, certificate, 0);
  }

  vaultId(account: string): VaultId {
    return vaultIdOf('test', account);
  }

  #store(group: number) {
    return { node: (path: Uint8Array) => this.#trees[group]?.nodes.get(hex(path)) };
  }
}

/** Reply number `at` of a released entry, with its commit proof. */
export function committed(
  entry: SignedEntry,
  released: readonly ReleasedEntry[],
  certificate: QuorumCertificate,
  at: number,
): Committed {
  const replies = released.find((r) => r.index === entry.entry.index)?.replies ?? [];
  const proof = { replyIndex: at, path: replyPath(replies, at), entries: [entry.entry], certificate };
  return { reply: replies[at] as Uint8Array, proof };
}
