import {
  decodeHostReply,
  encodeHostRequest,
  type HostReply,
  type HostRequest,
  type Hsm,
  HsmError,
  type KeyStore,
  MemoryNvram,
  type Nvram,
  sealedStateBytesMax,
} from '@coffer/hsm';
import type { FleetDescriptor } from '@coffer/protocol';
import { describeReply } from './describe.js';
import { SeededEntropy } from './seeded-random.js';
import type { SimWorld } from './sim-world.js';

/** Hears every exchange that left an HSM, in order; the host may do with the reply what it likes. */
export type HsmObserver = (member: number, request: HostRequest, reply: HostReply) => void;

/** Changes what the host hears, or undefined to leave it: how a test plays an HSM that breaks a rule. */
export type HsmMutation = (member: number, request: HostRequest, reply: HostReply) => HostReply | undefined;

/** What simulated HSMs say that they run. */
const simImage = new Uint8Array(32);

/** The program that an HSM runs: {@link Hsm}, or a copy of it with a rule cut out. */
export type HsmCore = Pick<typeof Hsm, 'boot'>;

/** Where the power fails around a write of the state. */
export type PowerCut = 'before-persist' | 'after-persist';

/** How long a step takes, and how long a call and its answer are on their way over the socket. */
const hsmDelayMsMax = 2;

/** Thrown at a caller whose HSM is not there. */
export class HsmGone extends Error {
  override readonly name = 'HsmGone';
}

interface PendingCall {
  readonly request: HostRequest;
  readonly resolve: (reply: HostReply) => void;
  readonly reject: (cause: Error) => void;
}

/** Persisted state that survives the process, and a power switch that can fail on either side of a write. */
class PoweredNvram implements Nvram {
  #memory: MemoryNvram;
  readonly #world: SimWorld;
  readonly #name: string;
  cut: PowerCut | undefined;
  isOff = false;

  constructor(world: SimWorld, name: string, state: Uint8Array) {
    this.#world = world;
    this.#name = name;
    this.#memory = new MemoryNvram(state);
  }

  load(): Uint8Array | undefined {
    return this.#memory.load();
  }

  /** The state is gone. */
  wipe(): void {
    this.#memory = new MemoryNvram();
  }

  persist(bytes: Uint8Array): void {
    if (bytes.length > sealedStateBytesMax) {
      this.#world.violate('state-too-large', `${this.#name} persists ${bytes.length} bytes`);
    }
    const { points } = this.#world;
    const write = points.begin('hsm');
    if (this.cut === 'before-persist' || points.isDeath('hsm', write, 'before')) this.#powerCut('before');
    this.#memory.persist(bytes);
    if (this.cut === 'after-persist' || points.isDeath('hsm', write, 'after')) this.#powerCut('after');
  }

  #powerCut(moment: 'before' | 'after'): never {
    this.#world.trace.add(this.#name, `power cut ${moment} a write`);
    this.cut = undefined;
    this.isOff = true;
    throw new HsmGone('power cut');
  }
}

/** One HSM's process: a real core over state that survives it, answering calls in order, several with one write. */
export class SimHsm {
  readonly member: number;
  readonly name: string;
  readonly #world: SimWorld;
  readonly #fleet: FleetDescriptor;
  readonly #keyStore: KeyStore;
  readonly #newNvram: (() => PoweredNvram) | undefined;
  #nvram: PoweredNvram;
  readonly #core: HsmCore;
  readonly #observe: HsmObserver;
  readonly #mutate: HsmMutation;
  readonly #random;
  /** Milliseconds that each step takes longer than usual. */
  slowMs = 0;
  #boots = 0;
  #hsm: Hsm | undefined;
  #queue: PendingCall[] = [];
  #isBusy = false;

  constructor(
    world: SimWorld,
    options: {
      readonly member: number;
      readonly fleet: FleetDescriptor;
      readonly keyStore: KeyStore;
      readonly state: Uint8Array;
      /** Sabotage: every boot starts from the first state. */
      readonly forgets?: boolean;
      readonly core: HsmCore;
      readonly observe: HsmObserver;
      readonly mutate: HsmMutation;
    },
  ) {
    this.member = options.member;
    this.name = `hsm${options.member}`;
    this.#world = world;
    this.#fleet = options.fleet;
    this.#keyStore = options.keyStore;
    const newNvram = (): PoweredNvram => new PoweredNvram(world, this.name, options.state);
    this.#nvram = newNvram();
    this.#newNvram = options.forgets === true ? newNvram : undefined;
    this.#core = options.core;
    this.#observe = options.observe;
    this.#mutate = options.mutate;
    this.#random = world.random.fork(this.name);
  }

  get isUp(): boolean {
    return this.#hsm !== undefined;
  }

  boot(): void {
    this.#boots++;
    if (this.#newNvram !== undefined) this.#nvram = this.#newNvram();
    this.#nvram.isOff = false;
    this.#nvram.cut = undefined;
    this.#world.trace.add(this.name, 'boots');
    this.#hsm = this.#core.boot({
      fleet: this.#fleet,
      keyStore: this.#keyStore,
      nvram: this.#nvram,
      // A real HSM never draws the same bytes again after a restart; neither may this one.
      entropy: new SeededEntropy(this.#random.fork(`boot${this.#boots}`)),
      image: simImage,
    });
  }

  /** The process ends; calls in flight get no answer. */
  crash(): void {
    if (this.#hsm === undefined) return;
    this.#world.trace.add(this.name, 'crashes');
    this.#hsm = undefined;
    const waiting = this.#queue;
    this.#queue = [];
    this.#isBusy = false;
    for (const { reject } of waiting) reject(new HsmGone('crashed'));
  }

  /** The power fails at the next write. */
  cutPower(cut: PowerCut): void {
    this.#nvram.cut = cut;
  }

  /** Takes back a {@link cutPower} that no write has met yet. */
  restorePower(): void {
    this.#nvram.cut = undefined;
  }

  /** The machine's state is lost for good; its identity is not. @returns whether the HSM refuses to start, as it must. */
  wipe(): boolean {
    this.crash();
    this.#nvram.wipe();
    try {
      this.boot();
      return false;
    } catch (cause) {
      return cause instanceof HsmError && cause.code === 'no-state';
    }
  }

  /** Requests that have arrived and are not executed yet are lost. */
  dropCalls(): void {
    const waiting = this.#queue;
    this.#queue = [];
    for (const { reject } of waiting) reject(new HsmGone('connection lost'));
  }

  /** @throws HsmGone when there is no answer. */
  call(request: HostRequest): Promise<HostReply> {
    return new Promise((resolve, reject) => {
      if (this.#hsm === undefined) {
        this.#world.time.after(1, () => reject(new HsmGone('not running')));
        return;
      }
      this.#queue.push({ request, resolve, reject });
      if (!this.#isBusy) this.#schedule();
    });
  }

  #schedule(): void {
    this.#isBusy = true;
    const boot = this.#boots;
    this.#world.time.after(this.slowMs + this.#random.integer(0, hsmDelayMsMax), () => {
      if (this.#hsm !== undefined && boot === this.#boots) this.#step(this.#hsm);
    });
  }

  /** Everything that has arrived goes into one step, as in a process that reads its socket until it is empty. */
  #step(hsm: Hsm): void {
    const batch = this.#queue;
    this.#queue = [];
    const replies = hsm.step(batch.map(({ request }, i) => encodeHostRequest({ id: i + 1, body: request })));
    if (this.#nvram.isOff) {
      this.#queue = batch;
      this.crash();
      return;
    }
    if (hsm.halted) this.#world.violate('crashed', `${this.name} halted`, hsm.haltCause);
    const answers = batch.map(({ request, resolve, reject }, i) => {
      const reply = decodeHostReply(replies[i] as Uint8Array).body;
      const heard = this.#mutate(this.member, request, reply) ?? reply;
      this.#world.trace.add(this.name, describeReply(request, heard));
      this.#observe(this.member, request, heard);
      return { resolve: () => resolve(heard), reject };
    });
    const boot = this.#boots;
    this.#world.time.after(this.#random.integer(0, hsmDelayMsMax), () => {
      const isGone = this.#hsm === undefined || boot !== this.#boots;
      for (const { resolve, reject } of answers) isGone ? reject(new HsmGone('crashed')) : resolve();
    });
    this.#isBusy = false;
    if (this.#queue.length > 0) this.#schedule();
  }
}
