import { logSchema, pathSchema } from '@coffer/host';
import { z } from 'zod';

/** Configuration of one HSM process. */
export const hsmdSchema = z.strictObject({
  /** The fleet descriptor, canonical JSON. */
  fleet: pathSchema,
  /** Keys of this HSM (SIMULATED HARDWARE: a plain file), mode 0600. */
  keyStore: pathSchema,
  /** Sealed state: the stand-in for non-volatile memory. */
  state: pathSchema,
  /** Unix socket for the agent; 107 bytes at most on Linux, 103 on macOS. */
  socket: pathSchema,
  log: logSchema.prefault({}),
});
export type HsmdConfig = z.input<typeof hsmdSchema>;
