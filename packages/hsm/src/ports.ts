/** The three things an HSM needs from what it runs on (with `Entropy` of @coffer/base). All are synchronous. */

/** Non-volatile memory for at most 4 KiB of sealed state. */
export interface Nvram {
  /** @returns the bytes last persisted, or undefined when there are none. */
  load(): Uint8Array | undefined;
  /**
   * Replaces what is stored, atomically and durably, before it returns. When it throws, either the old or the new bytes
   * are there; the HSM then halts, because it no longer knows what it will remember.
   */
  persist(bytes: Uint8Array): void;
}

/** The HSM's own keys. The private halves never leave it. */
export interface KeyStore {
  /** What holds the keys, as status and evidence show it; a file-backed store says `SIMULATED HARDWARE`. */
  readonly platform: string;
  /** 32-byte Ed25519 identity. */
  readonly publicKey: Uint8Array;
  /** 64-byte Ed25519 signature by the identity. */
  sign(message: Uint8Array): Uint8Array;
  /** Authenticated encryption under the state-sealing key. */
  seal(associatedData: Uint8Array, plaintext: Uint8Array): Uint8Array;
  /** @throws CryptoError `open-failed` when it was not sealed here with the same associated data. */
  open(associatedData: Uint8Array, sealed: Uint8Array): Uint8Array;
}
