import { bundleBytesMax } from '@coffer/protocol';

/** Bounds of what a client does on its own. */

/** Posts of one sealed request: the first and its retries. */
export const postTriesMax = 5;
/** How long one sealed request may take, waits included, until no further retry is made. */
export const exchangeMsMax = 90_000;
/** Wait before the first retry; doubles with each one, with full jitter on top of half of it. */
export const backoffMsFirst = 200;
/** Longest wait that the client chooses itself. */
export const backoffMsMax = 5_000;
/** Longest wait that it grants a service which asks for one; a longer one goes to the app as an error. */
export const retryAfterMsMax = 20_000;
/** Largest body of an answer that a transport reads: a committed reply is below 32 KiB, and a bundle may be beside it. */
export const answerBytesMax = 65_536 + bundleBytesMax;
/** Default limit of one post. */
export const postMsMax = 15_000;
/** Largest password after preparation, in UTF-8 bytes. */
export const passwordBytesMax = 1_024;
/** Bytes of the backup key that a vault holds. */
export const backupKeyBytes = 32;
/** Largest stored client state. */
export const stateBytesMax = 4_096;
/** Largest stored state of a device's fleets: 16 descriptors, a trust root, a checkpoint, with room. */
export const deviceStateBytesMax = 1_048_576;
/** Fleets that a device remembers, and old vaults that it still has to erase. */
export const fleetsMax = 16;
/** Age of the verified checkpoint from which a client asks for a newer bundle by itself. */
export const trustRefreshMs = 24 * 3_600_000;
