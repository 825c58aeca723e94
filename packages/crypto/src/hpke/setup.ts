import { type Entropy, zero } from '@coffer/base';
import { aeadKeyBytes, aeadNonceBytes, aes256gcmOpen, aes256gcmSeal } from '../aead.js';
import { type HpkeContext, hpkeContext } from './context.js';
import { type HpkeSuite, hpkeKeySchedule } from './key-schedule.js';
import { type XWingSecretKey, xwingDecapsulate, xwingEncapsulate, xwingEncapsulationSeedBytes } from './xwing.js';

/** X-Wing (0x647a), HKDF-SHA256 (0x0001), AES-256-GCM (0x0002). */
const suite: HpkeSuite = {
  kemId: 0x647a,
  aead: {
    id: 0x0002,
    keyBytes: aeadKeyBytes,
    nonceBytes: aeadNonceBytes,
    seal: aes256gcmSeal,
    open: aes256gcmOpen,
  },
};

/**
 * SetupBaseS (RFC 9180 §5.1.1).
 * @param publicKey - the receiver's, 1,216 bytes. @param info - public, binds the context; any length.
 * @param entropy - gives 64 bytes.
 * @returns the 1,120-byte encapsulation to send, and the sender's context.
 * @throws CryptoError `bad-length`, `bad-key`.
 */
export function hpkeSetupSender(
  publicKey: Uint8Array,
  info: Uint8Array,
  entropy: Entropy,
): { enc: Uint8Array; context: HpkeContext } {
  const seed = entropy.bytes(xwingEncapsulationSeedBytes);
  const { ciphertext, sharedSecret } = xwingEncapsulate(publicKey, seed);
  const context = hpkeContext(suite, 'sender', hpkeKeySchedule(suite, sharedSecret, info));
  zero(seed, sharedSecret);
  return { enc: ciphertext, context };
}

/**
 * SetupBaseR (RFC 9180 §5.1.1). A tampered `enc` gives a context that opens nothing.
 * @param enc - 1,120 bytes. @throws CryptoError `bad-length`, `bad-key`.
 */
export function hpkeSetupReceiver(secretKey: XWingSecretKey, enc: Uint8Array, info: Uint8Array): HpkeContext {
  const sharedSecret = xwingDecapsulate(secretKey, enc);
  const context = hpkeContext(suite, 'receiver', hpkeKeySchedule(suite, sharedSecret, info));
  zero(sharedSecret);
  return context;
}
