/** Groups of a fleet, numbered from 0 (docs/spec/consensus.md, invariant 7). */
export const groupsMax = 32;

/** Bytes of one row's body: a signed entry and the leaves that it changed. */
export const rowBytesMax = 4 * 1024 * 1024;

/** Rows of one `append` or `restore`. */
export const appendRowsMax = 64;

/** Bytes of all bodies of one `append` or `restore`, so that an engine can write them in one transaction. */
export const appendBytesMax = 16 * 1024 * 1024;

/** Rows that one `read` may ask for. */
export const readRowsMax = 1024;

/** Bodies that one `read` returns; it stops early before going over, but always returns one row if there is one. */
export const readBytesMax = 16 * 1024 * 1024;

/** Bytes of the proof that `truncateAfter` takes along. */
export const proofBytesMax = 256 * 1024;

/** Longest leader lease. */
export const leaseMsMax = 600_000;

/** Greatest index: engines keep it in a signed 64-bit column. */
export const indexMax = (1n << 63n) - 1n;

/** Length of every hash. */
export const hashBytes = 32;
