import { logSchema, pathSchema } from '@coffer/host';
import { z } from 'zod';

/** Where the PIN of a token comes from; see `PinSource` of @coffer/keystore-pkcs11. */
const pinSchema = z.union([
  z.strictObject({ file: pathSchema }),
  z.strictObject({ env: z.string().min(1).max(256) }),
  z.strictObject({ fd: z.int().min(0).max(1023) }),
]);

/** A PKCS#11 token that holds the keys. */
const tokenSchema = z.strictObject({
  /** The PKCS#11 module: a shared library. */
  module: pathSchema,
  token: z.union([
    z.strictObject({ label: z.string().min(1).max(32) }),
    z.strictObject({ slot: z.int().min(0).max(Number.MAX_SAFE_INTEGER) }),
  ]),
  pin: pinSchema,
});

/** Configuration of one HSM process. */
export const hsmdSchema = z.strictObject({
  /** The fleet descriptor, canonical JSON. */
  fleet: pathSchema,
  /** Keys of this HSM: a plain file, mode 0600, or a token. SIMULATED HARDWARE either way. */
  keyStore: z.union([pathSchema, z.strictObject({ pkcs11: tokenSchema })]),
  /** Sealed state: the stand-in for non-volatile memory. */
  state: pathSchema,
  /** Unix socket for the agent; 107 bytes at most on Linux, 103 on macOS. */
  socket: pathSchema,
  log: logSchema.prefault({}),
});
export type HsmdConfig = z.input<typeof hsmdSchema>;
