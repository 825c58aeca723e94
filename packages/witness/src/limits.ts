/** Every size, count and time of a witness. Times in milliseconds. A body's limit is `addCheckpointBytesMax`. */

/** Logs that one witness watches. */
export const logsMax = 64;
/** Connections open at once: each may hold a body in memory. */
export const connectionsMax = 256;
/** Longest that a client may take for its headers. */
export const headersTimeoutMs = 5_000;
/** Longest that it may take for a whole request. */
export const requestTimeoutMs = 15_000;
/** How long an idle connection is kept. */
export const keepAliveTimeoutMs = 15_000;
/** Largest header block. */
export const headerBytesMax = 8_192;
