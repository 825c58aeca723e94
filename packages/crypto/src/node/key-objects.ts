import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { concat, equalBytes, fromHex, zero } from '@coffer/base';
import sodium from 'libsodium-wrappers-sumo';

await sodium.ready;

/** Parsing a key costs more than signing with it, and a process signs with one or two keys of its own. */
const privateKeysMax = 8;
/** A fleet has tens of HSM keys, and a quorum of them is verified for every entry. */
const publicKeysMax = 512;

type Curve = 'ed25519' | 'x25519';

/** Fixed DER around a raw key: PKCS #8 and SubjectPublicKeyInfo of RFC 8410. */
const pkcs8Prefix = {
  ed25519: fromHex('302e020100300506032b657004220420'),
  x25519: fromHex('302e020100300506032b656e04220420'),
};
const spkiPrefix = {
  ed25519: fromHex('302a300506032b6570032100'),
  x25519: fromHex('302a300506032b656e032100'),
};

function importPrivate(curve: Curve, raw: Uint8Array): KeyObject {
  const der = concat(pkcs8Prefix[curve], raw);
  try {
    return createPrivateKey({
      key: Buffer.from(der.buffer),
      format: 'der',
      type: 'pkcs8',
    });
  } finally {
    zero(der);
  }
}

function importPublic(curve: Curve, raw: Uint8Array): KeyObject {
  return createPublicKey({
    key: Buffer.from(concat(spkiPrefix[curve], raw)),
    format: 'der',
    type: 'spki',
  });
}

/**
 * The most recently used private keys. Raw bytes are compared in constant time and not through a map, which would
 * need them as an immortal string; copies are zeroed on eviction (the KeyObject's own memory is OpenSSL's to clear).
 */
class PrivateKeys {
  readonly #curve: Curve;
  readonly #entries: { raw: Uint8Array; key: KeyObject }[] = [];

  constructor(curve: Curve) {
    this.#curve = curve;
  }

  get(raw: Uint8Array): KeyObject {
    const at = this.#entries.findIndex((entry) => equalBytes(entry.raw, raw));
    if (at === 0) return (this.#entries[0] as { key: KeyObject }).key;
    const entry =
      at > 0
        ? (this.#entries.splice(at, 1)[0] as {
            raw: Uint8Array;
            key: KeyObject;
          })
        : undefined;
    const used = entry ?? {
      raw: raw.slice(),
      key: importPrivate(this.#curve, raw),
    };
    this.#entries.unshift(used);
    if (this.#entries.length > privateKeysMax) zero((this.#entries.pop() as { raw: Uint8Array }).raw);
    return used.key;
  }
}

/** Imported Ed25519 public keys, oldest out first. Undefined is a key outside the prime-order subgroup. */
class PublicKeys {
  readonly #keys = new Map<string, KeyObject | undefined>();

  get(raw: Uint8Array): KeyObject | undefined {
    const name = Buffer.from(raw.buffer, raw.byteOffset, raw.length).toString('latin1');
    if (this.#keys.has(name)) return this.#keys.get(name);
    // OpenSSL does not look at the subgroup, where the portable implementation and other verifiers disagree.
    const key = sodium.crypto_core_ed25519_is_valid_point(raw) ? importPublic('ed25519', raw) : undefined;
    if (this.#keys.size >= publicKeysMax) this.#keys.delete(this.#keys.keys().next().value as string);
    this.#keys.set(name, key);
    return key;
  }
}

export const ed25519PrivateKeys = new PrivateKeys('ed25519');
export const x25519PrivateKeys = new PrivateKeys('x25519');
export const ed25519PublicKeys = new PublicKeys();

/** Ephemeral keys come once, so they are not kept. */
export function importX25519Public(raw: Uint8Array): KeyObject {
  return importPublic('x25519', raw);
}
