/** Nibbles of a key, hence the greatest depth of anything in the tree. */
export const keyNibbles = 64;

/** Keys that one proof may cover; a batch touches at most as many records. */
export const proofKeysMax = 256;

/**
 * Bytes of one proof. Keys are outputs of a keyed hash, so a host cannot choose them to lie close together: 256 of them
 * among 10^9 take about 650 kB, and the limit leaves threefold room.
 */
export const proofBytesMax = 2 * 1024 * 1024;
