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
export const hsmdSchema = z
  .strictObject({
    /** The fleet descriptor, canonical JSON: this HSM is a member of that fleet. */
    fleet: pathSchema.optional(),
    /** Instead of `fleet`: this HSM is new, stands at that site, and waits for the ceremony. */
    birth: z.strictObject({ site: z.string().regex(/^[a-z0-9-]{1,32}$/, 'not 1 to 32 of a-z, 0-9 and -') }).optional(),
    /** Keys of this HSM: a plain file, mode 0600, or a token. SIMULATED HARDWARE either way. */
    keyStore: z.union([pathSchema, z.strictObject({ pkcs11: tokenSchema })]),
    /** Sealed state: the stand-in for non-volatile memory. */
    state: pathSchema,
    /** Unix socket for the agent; 107 bytes at most on Linux, 103 on macOS. */
    socket: pathSchema,
    log: logSchema.prefault({}),
  })
  .refine(({ fleet, birth }) => (fleet === undefined) !== (birth === undefined), 'one of fleet and birth');
export type HsmdConfig = z.input<typeof hsmdSchema>;

/** The token of a configuration. @param path - absolute form of a path of that configuration. */
export function tokenAt(
  token: z.output<typeof tokenSchema>,
  path: (path: string) => string,
): z.output<typeof tokenSchema> {
  const pin = 'file' in token.pin ? { file: path(token.pin.file) } : token.pin;
  return { ...token, module: path(token.module), pin };
}
