import type { Entropy } from '@coffer/base';
import {
  type Attestation,
  attestationMessage,
  type Cap,
  capMessage,
  entryHash,
  entrySignatureMessage,
  type FleetDescriptor,
  newViewMessage,
  promiseMessage,
  type Signed,
} from '@coffer/protocol';
import { WireError } from '@coffer/wire';
import { HsmError, Refusal, refuse } from './errors.js';
import { expandFleetSecrets, type FleetKeys, zeroFleetSecrets } from './fleet-secrets.js';
import { Group } from './group.js';
import { decodeHostRequest, encodeHostReply, type HostReply, type HostRequest, type RefusalCode } from './host-api.js';
import type { KeyStore, Nvram } from './ports.js';
import { type HsmState, openState, sealState } from './state.js';

export interface HsmOptions {
  readonly fleet: FleetDescriptor;
  readonly keyStore: KeyStore;
  readonly nvram: Nvram;
  readonly entropy: Entropy;
  /** SHA-256 of the program that runs, 32 bytes; it is only told, in attestations. */
  readonly image: Uint8Array;
}

/** A reply that must not be made, let alone leave, before the state behind it is persisted. */
type Emit = () => HostReply;

/**
 * The trusted program: one member of a fleet. Bytes in, bytes out; it reads no clock and opens no socket.
 *
 * A step is always the same: decide on the state in memory, persist it once, and only then sign and answer (consensus
 * rule 8). Whatever breaks in between halts the HSM for good: it answers nothing any more, because a
 * program that does not know what it has promised must not sign. (docs/model: clause Persist)
 */
export class Hsm {
  readonly #fleet: FleetDescriptor;
  readonly #keyStore: KeyStore;
  readonly #nvram: Nvram;
  readonly #keys: FleetKeys;
  readonly #image: Uint8Array;
  readonly #boot: HsmState;
  readonly #groups: readonly Group[];
  #persisted: readonly unknown[];
  #halted: unknown;

  private constructor({ fleet, keyStore, nvram, entropy, image }: HsmOptions, state: HsmState) {
    this.#fleet = fleet;
    this.#image = image;
    this.#keyStore = keyStore;
    this.#nvram = nvram;
    this.#boot = state;
    this.#keys = expandFleetSecrets(state.secrets);
    this.#groups = state.groups.map(
      (group, i) => new Group({ fleet, keys: this.#keys, entropy, own: state.hsm, group: i, state: group }),
    );
    this.#persisted = this.#groups.map((group) => group.state);
  }

  /**
   * Starts from the persisted state. Leads nothing until it has opened a new term. (docs/model: clause Restart)
   * @throws HsmError `no-state` when there is an identity and no state, `bad-state`, `other-fleet`.
   */
  static boot(options: HsmOptions): Hsm {
    const { fleet, keyStore, nvram } = options;
    const sealed = nvram.load();
    if (sealed === undefined) {
      throw new HsmError(
        'no-state',
        'this HSM has its identity but not its state: it would vote against what it has forgotten, so it never signs again as this member',
      );
    }
    return new Hsm(options, openState(keyStore, fleet, sealed));
  }

  get halted(): boolean {
    return this.#halted !== undefined;
  }

  /** Why it halted, for the operator's log; never a secret. */
  get haltCause(): unknown {
    return this.#halted;
  }

  /**
   * Answers frames of the host in order, with one write to the NVRAM for all of them.
   * @param frames - each an encoded `Numbered<HostRequest>`.
   * @returns one encoded `Numbered<HostReply>` per frame. A frame that does not decode is answered under id 0.
   */
  step(frames: readonly Uint8Array[]): Uint8Array[] {
    const decided = frames.map((frame) => this.#decide(frame));
    this.#persist();
    return decided.map(({ id, emit }) => encodeHostReply({ id, body: this.#emit(emit) }));
  }

  /** Overwrites the fleet secrets in memory; the HSM is of no use afterwards. */
  close(): void {
    this.#halted ??= new Error('closed');
    this.#keys.channelSecretKey.destroy();
    zeroFleetSecrets(this.#keys);
  }

  #decide(frame: Uint8Array): { id: number; emit: Emit } {
    let id = 0;
    try {
      const request = decodeHostRequest(frame);
      id = request.id;
      if (this.halted) refuse('halted', 'halted');
      return { id, emit: this.#dispatch(request.body) };
    } catch (cause) {
      return { id, emit: refusing(this.#refusal(cause)) };
    }
  }

  #dispatch(request: HostRequest): Emit {
    switch (request.type) {
      case 'describe':
        return () => this.#describe();
      case 'attest':
        return () => ({ type: 'attested', attestation: this.#attest(request.nonce) });
      case 'inspect': {
        const position = this.#group(request.group).position();
        return () => ({ type: 'inspected', ...position });
      }
      case 'promise': {
        const statement = this.#group(request.group).promise(request.t, request.nonce);
        return () => ({ type: 'promised', promise: this.#sign(statement, promiseMessage(statement)) });
      }
      case 'new-view': {
        const { view, cap } = this.#group(request.group).newView(request);
        return () => ({ type: 'new-view', view: this.#sign(view, newViewMessage(view)), cap: this.#signCap(cap) });
      }
      case 'adopt':
        return this.#captured(this.#group(request.view.statement.group).adopt(request));
      case 'capture':
        return this.#captured(this.#group(request.group).capture(request.entries));
      case 'jump':
        return this.#captured(this.#group(request.certificate.group).jump(request.certificate));
      case 'execute': {
        const { entry, outcome } = this.#group(request.group).execute(request);
        const { leaves, places } = outcome;
        if (entry === undefined) return () => ({ type: 'executed', entry, leaves, places });
        const message = entrySignatureMessage(entryHash(entry));
        return () => ({ type: 'executed', entry: { entry, signature: this.#keyStore.sign(message) }, leaves, places });
      }
      case 'release': {
        const entries = this.#group(request.certificate.group).release(request.certificate);
        return () => ({ type: 'released', entries });
      }
    }
  }

  #describe(): HostReply {
    const { hsm, groups } = this.#boot;
    const { indexKey } = this.#keys;
    const { configHash } = this.#fleet;
    return { type: 'described', hsm, configHash, groups: groups.length, indexKey, platform: this.#keyStore.platform };
  }

  /** Signed by the identity, under a label of its own: no attestation can be taken for a vote. */
  #attest(nonce: Uint8Array): Signed<Attestation> {
    const { configHash } = this.#fleet;
    const { platform } = this.#keyStore;
    const statement = { configHash, hsm: this.#boot.hsm, nonce, image: this.#image, platform };
    return this.#sign(statement, attestationMessage(statement));
  }

  /** Writes the state if a step changed it. A write that fails leaves us not knowing what we will remember: halt. */
  #persist(): void {
    const groups = this.#groups.map((group) => group.state);
    if (this.halted || groups.every((state, i) => state === this.#persisted[i])) return;
    try {
      this.#nvram.persist(sealState(this.#keyStore, { ...this.#boot, groups }));
      this.#persisted = groups;
    } catch (cause) {
      this.#halted = cause;
    }
  }

  #emit(emit: Emit): HostReply {
    try {
      return this.halted ? { type: 'refused', code: 'halted', message: 'halted' } : emit();
    } catch (cause) {
      return refusing(this.#refusal(cause))();
    }
  }

  /** A refusal is an answer. Anything else is a broken invariant, and the end of this HSM. */
  #refusal(cause: unknown): { code: RefusalCode; message: string } {
    if (cause instanceof Refusal) return cause;
    if (cause instanceof WireError) return { code: 'bad-request', message: 'not a request' };
    this.#halted = cause;
    return { code: 'halted', message: 'halted' };
  }

  #group(group: number): Group {
    return this.#groups[group] ?? refuse('bad-group', 'no such group');
  }

  #captured(cap: Cap): Emit {
    return () => ({ type: 'captured', cap: this.#signCap(cap) });
  }

  #signCap(cap: Cap): Signed<Cap> {
    return this.#sign(cap, capMessage(cap));
  }

  #sign<S>(statement: S, message: Uint8Array): Signed<S> {
    return { statement, signature: this.#keyStore.sign(message) };
  }
}

function refusing({ code, message }: { code: RefusalCode; message: string }): Emit {
  return () => ({ type: 'refused', code, message });
}
