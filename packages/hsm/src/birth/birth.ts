import { type Entropy, equalBytes, zero } from '@coffer/base';
import { isEd25519Signature, oprfRandomKey, type XWingSecretKey, xwingKeyPair } from '@coffer/crypto';
import {
  type BirthAcceptance,
  type BirthDescription,
  type BirthList,
  birthAcceptanceMessage,
  birthDescriptionMessage,
  birthHash,
  decodeFleetDescriptor,
  type FleetDescriptor,
  type FleetId,
  fleetShareMessage,
  ProtocolError,
  type Signed,
} from '@coffer/protocol';
import { WireError } from '@coffer/wire';
import { expandFleetSecrets, type FleetSecrets, zeroFleetSecrets } from '../fleet-secrets.js';
import type { KeyStore, Nvram } from '../ports.js';
import { initialState, sealState } from '../state.js';
import { type BirthReply, type BirthRequest, decodeBirthRequest, encodeBirthReply } from './birth-api.js';
import { descriptorOf, memberOf } from './birth-list.js';
import { type BirthState, openBirthState } from './birth-state.js';
import { BirthRefusal, refuseBirth } from './errors.js';
import { openShare, sealShare } from './fleet-share.js';

export interface BirthOptions {
  readonly keyStore: KeyStore;
  readonly nvram: Nvram;
  readonly entropy: Entropy;
  /** SHA-256 of the program that runs, 32 bytes. */
  readonly image: Uint8Array;
}

/**
 * The trusted program before it is a member of a fleet. It becomes one exactly once, in one write to the NVRAM, and says
 * nothing that holds secrets before that write: the HSM that draws the secrets exports them in the very step that makes
 * it a member, and a member knows no message that exports or imports any (host-api.ts).
 *
 * A crash between that write and the answer loses the shares for good. The ceremony then starts over with new HSMs, which
 * costs nothing but time; an export that could be repeated would be a door.
 */
export class Birth {
  readonly #options: BirthOptions;
  readonly #state: BirthState;
  readonly #transport: { readonly publicKey: Uint8Array; readonly secretKey: XWingSecretKey };
  #isMember = false;
  #halted: unknown;

  private constructor(options: BirthOptions, state: BirthState) {
    this.#options = options;
    this.#state = state;
    this.#transport = xwingKeyPair(state.transportSeed);
  }

  /** @throws HsmError `no-state`, `already-member`. */
  static boot(options: BirthOptions): Birth {
    return new Birth(options, openBirthState(options.keyStore, options.nvram));
  }

  get halted(): boolean {
    return this.#halted !== undefined;
  }

  /** Why it halted, for the operator's log; never a secret. */
  get haltCause(): unknown {
    return this.#halted;
  }

  /** Whether it has become a member: `Hsm` goes on from here. */
  get isMember(): boolean {
    return this.#isMember;
  }

  /** Answers frames in order. A frame that does not decode is answered under id 0. */
  step(frames: readonly Uint8Array[]): Uint8Array[] {
    return frames.map((frame) => this.#answer(frame));
  }

  /** Overwrites the transport key. */
  close(): void {
    this.#halted ??= new Error('closed');
    this.#forgetTransportKey();
  }

  #answer(frame: Uint8Array): Uint8Array {
    let id = 0;
    try {
      const request = decodeBirthRequest(frame);
      id = request.id;
      if (this.halted) refuseBirth('halted', 'halted');
      if (this.#isMember) refuseBirth('already-member', 'this HSM is a member of a fleet');
      return encodeBirthReply({ id, body: this.#dispatch(request.body) });
    } catch (cause) {
      return encodeBirthReply({ id, body: this.#refusal(cause) });
    }
  }

  #dispatch(request: BirthRequest): BirthReply {
    switch (request.type) {
      case 'birth.describe':
        return { type: 'birth.described', description: this.#describe(request.nonce) };
      case 'birth.generate':
        return this.#generate(request.birth);
      case 'birth.accept':
        return this.#accept(request);
    }
  }

  #description(nonce: Uint8Array): BirthDescription {
    const { keyStore, image } = this.#options;
    const { site, serial } = this.#state;
    const { publicKey: identity, platform } = keyStore;
    return { nonce, identity, transportKey: this.#transport.publicKey, site, serial, image, platform };
  }

  #describe(nonce: Uint8Array): Signed<BirthDescription> {
    const statement = this.#description(nonce);
    return { statement, signature: this.#options.keyStore.sign(birthDescriptionMessage(statement)) };
  }

  #generate(birth: BirthList): BirthReply {
    const { entropy, keyStore } = this.#options;
    const own = memberOf(birth, this.#description(birth.plan.nonce));
    const secrets = drawSecrets(entropy);
    try {
      const { descriptor, fleet } = planned(birth, entropy.bytes(16) as FleetId, secrets);
      const hash = birthHash(birth);
      const shares = birth.descriptions.flatMap(({ statement }, i) => {
        const context = { configHash: fleet.configHash, birth: hash, hsm: i + 1 };
        return i + 1 === own ? [] : [sealShare(context, statement.transportKey, secrets, entropy)];
      });
      // A signature or a share that left before this write could be followed by another life of this HSM.
      this.#becomeMember(fleet, own, secrets);
      return {
        type: 'birth.generated',
        descriptor,
        shares: shares.map((statement) => ({ statement, signature: keyStore.sign(fleetShareMessage(statement)) })),
        acceptance: this.#acceptance(fleet, hash, own),
      };
    } finally {
      zeroFleetSecrets(secrets);
    }
  }

  #accept({ birth, descriptor, share }: Extract<BirthRequest, { type: 'birth.accept' }>): BirthReply {
    const own = memberOf(birth, this.#description(birth.plan.nonce));
    const hash = birthHash(birth);
    const fleet = decoded(descriptor);
    const { statement, signature } = share;
    const isOurs =
      statement.hsm === own && equalBytes(statement.birth, hash) && equalBytes(statement.configHash, fleet.configHash);
    if (!isOurs) refuseBirth('bad-share', 'a share of another birth or for another HSM');
    // Drawn by an HSM of the list: secrets that come from anywhere else are secrets that somebody else has.
    const message = fleetShareMessage(statement);
    const author = birth.descriptions.findIndex((d) => isEd25519Signature(d.statement.identity, message, signature));
    if (author < 0 || author + 1 === own) refuseBirth('bad-share', 'not from another HSM of the list');
    const secrets = openShare(statement, this.#transport.secretKey);
    try {
      const followed = planned(birth, fleet.fleetId, secrets);
      if (!equalBytes(followed.descriptor, descriptor))
        refuseBirth('bad-descriptor', 'not what follows from plan, list and secrets');
      this.#becomeMember(fleet, own, secrets);
      return { type: 'birth.accepted', acceptance: this.#acceptance(fleet, hash, own) };
    } finally {
      zeroFleetSecrets(secrets);
    }
  }

  /** The one write that turns this HSM into a member. From here on its NVRAM opens for `Hsm` only. */
  #becomeMember(fleet: FleetDescriptor, own: number, secrets: FleetSecrets): void {
    const { keyStore, nvram } = this.#options;
    const sealed = sealState(keyStore, initialState(fleet, own, secrets));
    // Whatever becomes of the write, this process must not be born a second time.
    this.#isMember = true;
    try {
      nvram.persist(sealed);
    } catch (cause) {
      this.#halted = cause;
      refuseBirth('halted', 'halted');
    }
    this.#forgetTransportKey();
  }

  #acceptance(fleet: FleetDescriptor, birth: Uint8Array, hsm: number): Signed<BirthAcceptance> {
    const statement = { configHash: fleet.configHash, birth, hsm };
    return { statement, signature: this.#options.keyStore.sign(birthAcceptanceMessage(statement)) };
  }

  #forgetTransportKey(): void {
    this.#transport.secretKey.destroy();
    zero(this.#state.transportSeed);
  }

  #refusal(cause: unknown): BirthReply {
    if (cause instanceof BirthRefusal) return { type: 'birth.refused', code: cause.code, message: cause.message };
    if (cause instanceof WireError) return { type: 'birth.refused', code: 'bad-request', message: 'not a request' };
    this.#halted = cause;
    return { type: 'birth.refused', code: 'halted', message: 'halted' };
  }
}

function drawSecrets(entropy: Entropy): FleetSecrets {
  return {
    channelSeed: entropy.bytes(32),
    opaquePrivateKey: oprfRandomKey(entropy),
    recordSecret: entropy.bytes(32),
    ticketSecret: entropy.bytes(32),
    indexKey: entropy.bytes(32),
  };
}

/** The descriptor that plan, list and secrets make. @throws BirthRefusal `bad-plan` when it is none. */
function planned(
  birth: BirthList,
  fleetId: FleetId,
  secrets: FleetSecrets,
): { descriptor: Uint8Array; fleet: FleetDescriptor } {
  const keys = expandFleetSecrets(secrets);
  keys.channelSecretKey.destroy();
  try {
    const descriptor = descriptorOf(birth, fleetId, keys);
    return { descriptor, fleet: decodeFleetDescriptor(descriptor) };
  } catch (cause) {
    if (cause instanceof ProtocolError) return refuseBirth('bad-plan', 'no valid fleet follows from plan and list');
    throw cause;
  }
}

function decoded(descriptor: Uint8Array): FleetDescriptor {
  try {
    return decodeFleetDescriptor(descriptor);
  } catch (cause) {
    if (cause instanceof ProtocolError) return refuseBirth('bad-descriptor', 'not a fleet descriptor');
    throw cause;
  }
}
