import { invariant, u64be, zero } from '@coffer/base';
import { CryptoError } from '../errors.js';
import { type HpkeKeys, type HpkeSuite, hpkeSuiteId } from './key-schedule.js';
import { labeledExpand } from './labeled.js';

/** Messages per context. RFC 9180 allows 2^96; nobody sends as many, and a safe integer counts these. */
export const hpkeMessagesMax = Number.MAX_SAFE_INTEGER;

/** The sender's or the receiver's end of one encapsulation (RFC 9180 §5.2, §5.3). Messages open in order only. */
export interface HpkeContext {
  /**
   * Seals the next message. Only the sender's end seals: both ends count from the same nonce.
   * @throws CryptoError `message-limit` after `hpkeMessagesMax` messages.
   */
  seal(aad: Uint8Array, plaintext: Uint8Array): Uint8Array;
  /**
   * Opens the next message. Only the receiver's end opens. A message that fails does not count, so that a forged one
   * cannot push the real one out of order. @throws CryptoError `open-failed`, `message-limit`.
   */
  open(aad: Uint8Array, sealed: Uint8Array): Uint8Array;
  /** A secret of `lengthBytes` (at most 8,160) that both ends know (RFC 9180 §5.3). @throws CryptoError `bad-length`. */
  exportSecret(exporterContext: Uint8Array, lengthBytes: number): Uint8Array;
  /** Overwrites the keys. The context must not be used afterwards. */
  destroy(): void;
}

/** A context over the result of a key schedule; it owns `keys`. `firstSequence` is for tests of the limit. */
export function hpkeContext(
  suite: HpkeSuite,
  role: 'sender' | 'receiver',
  keys: HpkeKeys,
  firstSequence = 0,
): HpkeContext {
  let sequence = firstSequence;

  function nonce(): Uint8Array {
    if (sequence >= hpkeMessagesMax) throw new CryptoError('message-limit', 'HPKE context is used up');
    const bytes = keys.baseNonce.slice();
    u64be(BigInt(sequence)).forEach((byte, i) => {
      const at = bytes.length - 8 + i;
      bytes[at] = (bytes[at] as number) ^ byte;
    });
    return bytes;
  }

  return {
    seal(aad, plaintext) {
      invariant(role === 'sender', 'only the sender of an HPKE context seals');
      const sealed = suite.aead.seal(keys.key, nonce(), aad, plaintext);
      sequence += 1;
      return sealed;
    },
    open(aad, sealed) {
      invariant(role === 'receiver', 'only the receiver of an HPKE context opens');
      const plaintext = suite.aead.open(keys.key, nonce(), aad, sealed);
      sequence += 1;
      return plaintext;
    },
    exportSecret: (exporterContext, lengthBytes) =>
      labeledExpand(hpkeSuiteId(suite), keys.exporterSecret, 'sec', exporterContext, lengthBytes),
    destroy() {
      zero(keys.key, keys.baseNonce, keys.exporterSecret);
    },
  };
}
