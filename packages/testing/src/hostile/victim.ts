import { type Entropy, equalBytes } from '@coffer/base';
import {
  decodeHostReply,
  encodeHostRequest,
  type GroupPosition,
  type HostReply,
  type Hsm,
  type KeyStore,
  type Nvram,
  sealedStateBytesMax,
} from '@coffer/hsm';
import { compareTerms, type FleetDescriptor } from '@coffer/protocol';
import type { HsmCore, PowerCut } from '../sim-hsm.js';
import type { SimWorld } from '../sim-world.js';

const image = new Uint8Array(32);

/** A disk that keeps every state that was ever written, for somebody who puts old ones back. */
class HoardingNvram implements Nvram {
  readonly images: Uint8Array[];
  current: Uint8Array;
  cut: PowerCut | undefined;

  constructor(state: Uint8Array) {
    this.current = state;
    this.images = [state];
  }

  load(): Uint8Array {
    return this.current.slice();
  }

  persist(bytes: Uint8Array): void {
    const { cut } = this;
    this.cut = undefined;
    if (cut === 'before-persist') throw new Error('power cut');
    this.current = bytes.slice();
    this.images.push(this.current);
    if (cut === 'after-persist') throw new Error('power cut');
  }
}

/** One honest HSM in hostile hands. Everything that its host can do to it, and what must hold whatever the host does. */
export class Victim {
  readonly member: number;
  readonly name: string;
  readonly #world: SimWorld;
  readonly #boot: () => Hsm;
  readonly #groups: number;
  readonly #nvram: HoardingNvram;
  /** Index of the newest entry that it says it holds, by group; asked for again when something went wrong. */
  readonly #held = new Map<number, bigint>();
  #hsm: Hsm;
  #boots = 0;

  constructor(
    world: SimWorld,
    options: {
      readonly member: number;
      readonly fleet: FleetDescriptor;
      readonly keyStore: KeyStore;
      readonly state: Uint8Array;
      readonly core: HsmCore;
      /** Bytes that no earlier boot has drawn. */
      readonly entropy: (boot: number) => Entropy;
    },
  ) {
    const { member, fleet, keyStore, core, entropy } = options;
    this.member = member;
    this.name = `hsm${member}`;
    this.#world = world;
    this.#groups = fleet.groups;
    this.#nvram = new HoardingNvram(options.state);
    this.#boot = () => core.boot({ fleet, keyStore, nvram: this.#nvram, entropy: entropy(this.#boots++), image });
    this.#hsm = this.#boot();
  }

  /** States that were ever persisted. */
  get images(): number {
    return this.#nvram.images.length;
  }

  /** One frame in a step of its own. */
  step(frame: Uint8Array): HostReply {
    const { images } = this.#nvram;
    const before = images.length;
    const isCut = this.#nvram.cut !== undefined;
    const [answer] = this.#hsm.step([frame]) as [Uint8Array];
    const { body } = decodeHostReply(answer);
    this.#learnHeld(body);
    if (isCut && this.#nvram.cut === undefined) {
      if (body.type !== 'refused')
        this.#world.violate('forgotten', `${this.name} answered ${body.type} off a failed write`);
      this.#world.trace.add(this.name, 'power cut');
      this.#hsm = this.#boot();
      return body;
    }
    if (this.#hsm.halted) this.#world.violate('changed-by-refusal', `${this.name} halted: ${this.#hsm.haltCause}`);
    if (body.type === 'refused' && images.length > before) {
      this.#world.violate('changed-by-refusal', `${this.name} wrote its state and refused: ${body.code}`);
    }
    if (this.#nvram.current.length > sealedStateBytesMax) {
      this.#world.violate('state-too-large', `${this.name} persists ${this.#nvram.current.length} bytes`);
    }
    return body;
  }

  /** The power fails at the next write. */
  cutPower(cut: PowerCut): void {
    this.#nvram.cut = cut;
  }

  /** Ends the process and starts it again: it must stand where it stood. */
  restart(): void {
    this.#nvram.cut = undefined;
    const before = this.#positions();
    this.#hsm = this.#boot();
    const after = this.#positions();
    if (before.some((position, group) => !isSamePlace(position, after[group] as GroupPosition))) {
      this.#world.violate('forgotten', `${this.name} was changed by a restart`);
    }
  }

  /** What {@link restore} takes. */
  save(): Uint8Array {
    return this.#nvram.current;
  }

  /** Puts an old state back. @param state - one of its own; default the one that was written as number `at`. */
  restore(at: number, state: Uint8Array = this.#nvram.images[at] as Uint8Array): void {
    this.#nvram.cut = undefined;
    this.#nvram.current = state;
    this.#held.clear();
    this.#hsm = this.#boot();
  }

  position(group: number): GroupPosition {
    const frame = encodeHostRequest({ id: 1, body: { type: 'inspect', group } });
    const { body } = decodeHostReply(this.#hsm.step([frame])[0] as Uint8Array);
    if (body.type !== 'inspected') throw new Error(`${this.name}: ${body.type}`);
    return body;
  }

  /** Index of the newest entry that it holds. */
  heldIndex(group: number): bigint {
    const held = this.#held.get(group) ?? this.position(group).index;
    this.#held.set(group, held);
    return held;
  }

  #learnHeld(reply: HostReply): void {
    if (reply.type === 'refused') this.#held.clear();
    if (reply.type !== 'captured' && reply.type !== 'new-view') return;
    const { group, index } = reply.cap.statement;
    this.#held.set(group, index);
  }

  #positions(): GroupPosition[] {
    return Array.from({ length: this.#groups }, (_, group) => this.position(group));
  }
}

const isSamePlace = (a: GroupPosition, b: GroupPosition): boolean =>
  compareTerms(a.promised, b.promised) === 0 &&
  compareTerms(a.capTerm, b.capTerm) === 0 &&
  a.index === b.index &&
  equalBytes(a.hash, b.hash);
