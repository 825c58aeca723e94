import { concat, type Entropy, utf8, zero } from '@coffer/base';
import { CryptoError } from '@coffer/crypto';
import { decode, encode, fixed, struct, text, u8, WireError } from '@coffer/wire';
import { HsmError } from '../errors.js';
import type { KeyStore, Nvram } from '../ports.js';

/** What an HSM remembers before it is a member: enough to be given a fleet's secrets once. */
export interface BirthState {
  readonly version: number;
  readonly site: string;
  readonly serial: Uint8Array;
  /** X-Wing seed; dies with this state. */
  readonly transportSeed: Uint8Array;
}

const birthStateVersion = 1;
const layout = struct<BirthState>({ version: u8, site: text(32), serial: fixed(16), transportSeed: fixed(32) });

/**
 * Makes a new HSM out of a new identity: the first thing that its NVRAM ever holds.
 * @param site - 1 to 32 of `a-z 0-9 -`.
 * @throws HsmError `already-member` when the NVRAM holds anything: an identity has one life.
 */
export function initialiseHsm(options: { keyStore: KeyStore; nvram: Nvram; site: string; entropy: Entropy }): void {
  const { keyStore, nvram, site, entropy } = options;
  if (nvram.load() !== undefined) throw new HsmError('already-member', 'this HSM has been initialised before');
  if (!/^[a-z0-9-]{1,32}$/.test(site)) throw new HsmError('bad-state', 'a site is 1 to 32 of a-z, 0-9 and -');
  const plaintext = encode(layout, {
    version: birthStateVersion,
    site,
    serial: entropy.bytes(16),
    transportSeed: entropy.bytes(32),
  });
  nvram.persist(keyStore.seal(label(keyStore), plaintext));
  zero(plaintext);
}

/**
 * @throws HsmError `no-state`; `already-member` for everything that is not the state of a birth, which is what the state of
 * a member is: a member is never born again, and neither is an HSM whose state is damaged.
 */
export function openBirthState(keyStore: KeyStore, nvram: Nvram): BirthState {
  const sealed = nvram.load();
  if (sealed === undefined) throw new HsmError('no-state', 'this HSM was not initialised');
  try {
    const plaintext = keyStore.open(label(keyStore), sealed);
    const state = decode(layout, plaintext);
    zero(plaintext);
    if (state.version !== birthStateVersion) throw new HsmError('bad-state', 'state of an unknown version');
    return state;
  } catch (cause) {
    if (cause instanceof CryptoError || cause instanceof WireError)
      throw new HsmError('already-member', 'this HSM does not wait for a fleet any more', { cause });
    throw cause;
  }
}

/** Another label than that of a member's state: neither program opens what the other sealed. */
const label = (keyStore: KeyStore): Uint8Array => concat(utf8('coffer/hsm-birth/v1'), keyStore.publicKey);
