import assert from 'node:assert/strict';
import {
  Agent,
  AgentError,
  type AgentEvent,
  type AgentTuning,
  type HsmConnection,
  type PeerTransport,
} from '@coffer/agent';
import { type Entropy, hex, u64be, utf8 } from '@coffer/base';
import { sha256 } from '@coffer/crypto';
import {
  decodeHostReply,
  encodeHostRequest,
  type GroupPosition,
  type HostReply,
  type HostRequest,
  Hsm,
  MemoryNvram,
  provisionFleet,
  SoftKeyStore,
} from '@coffer/hsm';
import { type Ledger, MemoryLedgerStore } from '@coffer/ledger';
import {
  type CommitProof,
  decodeFleetDescriptor,
  decodeRoutedAnswer,
  decodeSignedEntry,
  encodeRoutedCall,
  entryHash,
  type FleetDescriptor,
  genesisHash,
  groupOf,
  openReply,
  type RoutedAnswer,
  sealRequest,
  type VaultId,
  type VaultReply,
  type VaultRequest,
  vaultIdOf,
  verifyCommitProof,
} from '@coffer/protocol';
import { Replica } from '@coffer/replica';
import { VirtualTime } from './virtual-time.js';

/** The same bytes for the same seed. */
export function seededEntropy(seed: string): Entropy {
  let counter = 0n;
  return {
    bytes(length) {
      const out = new Uint8Array(length);
      for (let at = 0; at < length; at += 32) {
        out.set(sha256(utf8(seed), u64be(counter++)).subarray(0, Math.min(32, length - at)), at);
      }
      return out;
    },
  };
}

/** One-way delay of a message between agents. */
const latencyMs = 2;

/** A site: HSM, replica and agent, each of which can be taken away and brought back. */
export class TestSite implements HsmConnection {
  readonly memberId: number;
  readonly events: AgentEvent[] = [];
  readonly #fleet: TestFleet;
  readonly #keyStore: SoftKeyStore;
  readonly #nvram: MemoryNvram;
  readonly #entropy: Entropy;
  hsm: Hsm | undefined;
  replica: Replica;
  agent: Agent | undefined;
  /** Called before a request reaches the HSM. */
  onHsmRequest: (request: HostRequest) => void = () => undefined;
  ledger: Ledger;
  #hsmQueue: Promise<unknown> = Promise.resolve();

  constructor(fleet: TestFleet, memberId: number, keyStore: SoftKeyStore, state: Uint8Array) {
    this.#fleet = fleet;
    this.memberId = memberId;
    this.#keyStore = keyStore;
    this.#nvram = new MemoryNvram(state);
    this.#entropy = seededEntropy(`site ${memberId}`);
    this.replica = this.#newReplica();
    this.ledger = fleet.ledgerStore.open();
    this.bootHsm();
  }

  bootHsm(): void {
    this.hsm = Hsm.boot({
      fleet: this.#fleet.descriptor,
      keyStore: this.#keyStore,
      nvram: this.#nvram,
      entropy: this.#entropy,
      image: new Uint8Array(32),
    });
  }

  async call(request: HostRequest): Promise<HostReply> {
    this.#checkDataFirst(request);
    this.onHsmRequest(request);
    const turn = this.#hsmQueue.then(() => {
      if (this.hsm === undefined) throw new AgentError('hsm-unavailable', 'no HSM');
      const [reply] = this.hsm.step([encodeHostRequest({ id: 1, body: request })]);
      return decodeHostReply(reply as Uint8Array).body;
    });
    this.#hsmQueue = turn.catch(() => undefined);
    return turn;
  }

  async start(): Promise<void> {
    const { time, descriptor, tuning } = this.#fleet;
    const peers: PeerTransport = {
      call: (to, message, timeoutMs) => this.#fleet.deliver(this.memberId, to, message, timeoutMs),
    };
    this.agent = await Agent.start({
      fleet: descriptor,
      memberId: this.memberId,
      ports: {
        clock: time,
        timers: time,
        entropy: this.#entropy,
        hsm: this,
        peers,
        ledger: this.ledger,
        replica: this.replica,
        log: (event) => this.events.push(event),
      },
      tuning,
    });
  }

  /** The whole site loses power: nothing it does takes effect any more. */
  kill(): void {
    this.hsm = undefined;
    const { agent } = this;
    this.agent = undefined;
    void this.ledger.close();
    void agent?.stop();
  }

  /** Power is back; HSM state and replica are as they were. */
  async restart(): Promise<void> {
    this.bootHsm();
    this.ledger = this.#fleet.ledgerStore.open();
    await this.start();
  }

  loseReplica(): void {
    this.replica.close();
    this.openReplica();
  }

  /** An empty one in place of what was there. */
  openReplica(): void {
    this.replica = this.#newReplica();
  }

  position(group = 0): GroupPosition {
    const [frame] = this.hsm?.step([encodeHostRequest({ id: 1, body: { type: 'inspect', group } })]) ?? [];
    const { body } = decodeHostReply(frame as Uint8Array);
    if (body.type !== 'inspected') throw new Error(body.type);
    return body;
  }

  of<T extends AgentEvent['type']>(type: T): Extract<AgentEvent, { type: T }>[] {
    return this.events.filter((event) => event.type === type) as Extract<AgentEvent, { type: T }>[];
  }

  /**
   * Data first, in every test: whatever an HSM is asked to stand on is in its site's replica when it is asked. And append
   * before capture: the ledger had the entry before (unless a test has made the ledger forget).
   */
  #checkDataFirst(request: HostRequest): void {
    const check = (holds: boolean, what: string): void => {
      if (!holds) this.#fleet.violations.push(`member ${this.memberId}: ${what}`);
    };
    const held = (group: number, index: bigint, hash: Uint8Array): void =>
      check(this.replica.has(group, index, hash), `${request.type} of entry ${index} without its data`);
    if (request.type === 'capture') {
      for (const { entry } of request.entries) {
        held(request.group, entry.index, entryHash(entry));
        const tail = this.#fleet.ledgerStore.logs[request.group]?.tail.index ?? 0n;
        assert.ok(
          this.#fleet.ledgerForgets || tail >= entry.index,
          `capture of entry ${entry.index} before its append`,
        );
      }
    }
    if (request.type === 'adopt') {
      const { group, base } = request.view.statement;
      held(group, base.index, base.hash);
    }
    if (request.type === 'jump') held(request.certificate.group, request.certificate.index, request.certificate.hash);
    if (request.type === 'new-view' && request.base !== undefined) {
      held(request.group, request.base.entry.index, entryHash(request.base.entry));
    }
  }

  #newReplica(): Replica {
    const { configHash, groups } = this.#fleet.descriptor;
    return Replica.open({ path: ':memory:', configHash, groups, undoEntriesMax: this.#fleet.undoEntriesMax });
  }
}

export interface TestFleetOptions {
  readonly sites: number;
  readonly groups?: number;
  readonly tuning?: Partial<AgentTuning>;
  readonly undoEntriesMax?: number;
  readonly seed?: string;
}

/** A whole fleet in one process and in virtual time, with real HSM cores. */
export class TestFleet {
  readonly time = new VirtualTime();
  readonly descriptor: FleetDescriptor;
  ledgerStore: MemoryLedgerStore;
  readonly sites: readonly TestSite[];
  readonly tuning: Partial<AgentTuning>;
  readonly undoEntriesMax: number;
  /** Broken promises of agents; {@link stop} wants none. */
  readonly violations: string[] = [];
  /** Dice that lose a tenth of all messages and delay the others by up to 50 ms. */
  trouble: ((below: number) => number) | undefined;
  /** Set by tests that roll the ledger back. */
  ledgerForgets = false;
  readonly #entropy: Entropy;
  /** `from>to` pairs that do not reach each other. */
  readonly #cut = new Set<string>();

  constructor({ sites: count, groups = 1, tuning = {}, undoEntriesMax = 512, seed = 'fleet' }: TestFleetOptions) {
    this.tuning = tuning;
    this.undoEntriesMax = undoEntriesMax;
    this.#entropy = seededEntropy(seed);
    const sites = Array.from({ length: count }, (_, i) => `site-${i + 1}`);
    const keyStores = sites.map((name) => SoftKeyStore.generate(seededEntropy(`${seed} ${name}`)));
    const { descriptor, states } = provisionFleet({
      sites,
      keyStores,
      groups,
      budgetLimit: 10,
      rollbackTolerance: 0,
      entropy: this.#entropy,
    });
    this.descriptor = decodeFleetDescriptor(descriptor);
    const { configHash } = this.descriptor;
    const genesis = Array.from({ length: groups }, (_, group) => genesisHash(configHash, group));
    this.ledgerStore = new MemoryLedgerStore({ configHash, genesis }, this.time);
    this.sites = keyStores.map((keyStore, i) => new TestSite(this, i + 1, keyStore, states[i] as Uint8Array));
  }

  static async start(options: TestFleetOptions): Promise<TestFleet> {
    const fleet = new TestFleet(options);
    for (const site of fleet.sites) await site.start();
    return fleet;
  }

  site(memberId: number): TestSite {
    const site = this.sites[memberId - 1];
    if (site === undefined) throw new Error('no such site');
    return site;
  }

  /** The site that leads `group`, waiting for one. */
  async leader(group = 0, limitMs = 30_000): Promise<TestSite> {
    for (let waitedMs = 0; waitedMs <= limitMs; waitedMs += 10) {
      for (const site of this.sites) {
        const status = site.agent && (await this.time.finish(site.agent.status()));
        if (site.hsm !== undefined && status?.groups[group]?.leading) return site;
      }
      await this.time.run(10);
    }
    throw new Error('nobody leads');
  }

  cut(a: number, b: number): void {
    this.#cut.add(`${a}>${b}`).add(`${b}>${a}`);
  }

  /** Cuts one site off from all others. */
  isolate(memberId: number): void {
    for (const { memberId: other } of this.sites) if (other !== memberId) this.cut(memberId, other);
  }

  heal(): void {
    this.#cut.clear();
  }

  deliver(from: number, to: number, message: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      const cancel = this.time.after(timeoutMs, () => reject(new AgentError('peer-unavailable', 'timeout')));
      const open = (): boolean => !this.#cut.has(`${from}>${to}`) && this.site(from).agent !== undefined;
      const delayMs = (): number => latencyMs + (this.trouble?.(50) ?? 0);
      const lost = (): boolean => (this.trouble?.(100) ?? 100) < 10;
      this.time.after(delayMs(), () => {
        const agent = this.site(to).agent;
        if (!open() || agent === undefined || lost()) return;
        void agent.handlePeer(message).then((answer) =>
          this.time.after(delayMs(), () => {
            if (!open() || lost() || this.site(to).agent !== agent) return;
            cancel();
            resolve(answer);
          }),
        );
      });
    });
  }

  /** Restarts every site on another ledger. */
  async replaceLedger(store: MemoryLedgerStore): Promise<void> {
    for (const site of this.sites) site.kill();
    this.ledgerStore = store;
    for (const site of this.sites) await site.restart();
  }

  vault(account: string): VaultId {
    return vaultIdOf('tenant', account);
  }

  /** Account names whose vaults are in `group`. */
  accounts(count: number, group = 0): string[] {
    const names: string[] = [];
    for (let i = 0; names.length < count; i++) {
      const name = `account ${i}`;
      if (groupOf(this.vault(name), this.descriptor.groups) === group) names.push(name);
    }
    return names;
  }

  /** Sends one sealed request to one site and opens what comes back, commit proof checked. */
  async ask(
    site: TestSite,
    account: string,
    request: VaultRequest,
  ): Promise<RoutedAnswer & { readonly opened?: VaultReply }> {
    const vaultId = this.vault(account);
    const vault = { fleet: this.descriptor, vaultId };
    const sealed = sealRequest(vault, request, this.#entropy);
    const group = groupOf(vaultId, this.descriptor.groups);
    const call = { configHash: this.descriptor.configHash, request: sealed.sealed, vaultId, group };
    if (site.agent === undefined) throw new Error('site is down');
    const answer = decodeRoutedAnswer(await site.agent.handleRouted(encodeRoutedCall(call)));
    if (answer.type !== 'committed') return answer;
    verifyCommitProof(this.descriptor, group, answer.reply, answer.proof);
    return { ...answer, opened: openReply(vault, sealed, answer.reply) };
  }

  /** Asks whoever leads until a reply is committed. */
  async serve(
    account: string,
    request: VaultRequest = { type: 'status' },
    limitMs = 30_000,
  ): Promise<{ reply: VaultReply; proof: CommitProof }> {
    const group = groupOf(this.vault(account), this.descriptor.groups);
    const endMs = this.time.nowMs() + limitMs;
    while (this.time.nowMs() < endMs) {
      const leader = await this.leader(group, limitMs);
      const answer = await this.time.finish(this.ask(leader, account, request));
      if (answer.type === 'committed' && answer.opened !== undefined)
        return { reply: answer.opened, proof: answer.proof };
      await this.time.run(50);
    }
    throw new Error('not served');
  }

  /** Until every living site has the same newest entry, certified. */
  async converged(group = 0, limitMs = 20_000): Promise<boolean> {
    return this.time.runUntil(() => {
      const up = this.sites.filter(({ agent, hsm }) => agent !== undefined && hsm !== undefined);
      const indexes = up.flatMap((site) => [
        site.position(group).index,
        site.replica.tip(group).index,
        site.replica.certificate(group)?.index ?? 0n,
      ]);
      return new Set(indexes).size === 1;
    }, limitMs);
  }

  async stop(): Promise<void> {
    await this.time.finish(Promise.all(this.sites.map(async ({ agent }) => agent?.stop())));
    assert.deepEqual(this.violations, []);
    this.#checkOneHistory();
  }

  /** What sites hold as committed lies on one chain. */
  #checkOneHistory(): void {
    for (let group = 0; group < this.descriptor.groups; group++) {
      const hashes = new Map<bigint, string>();
      for (const { replica } of this.sites) {
        const committed = replica.describe()[group]?.committedIndex ?? 0n;
        for (let index = 1n; index <= committed; index++) {
          const stored = replica.entry(group, index);
          if (stored === undefined) continue;
          const hash = hex(entryHash(decodeSignedEntry(stored.entry).entry));
          assert.equal(hashes.get(index) ?? hash, hash, `two committed entries ${index} in group ${group}`);
          hashes.set(index, hash);
        }
      }
    }
  }
}
