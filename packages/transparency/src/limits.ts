/** Every size, count and waiting time of published data. Times in milliseconds unless the name says otherwise. */

const hourMs = 3_600_000;

/** How old the quorum-th newest cosignature of a client's checkpoint may be. */
export const checkpointAgeMsMax = 48 * hourMs;
/** How long a fleet's keys have been public before a client takes them. */
export const waitingMs = 72 * hourMs;
/** Age of the newest verified checkpoint after which a client registers nothing and warns before it recovers. */
export const trustAgeMsMax = 7 * 24 * hourMs;
/** How long after the auditor's own timestamp a signed epoch that is still in no checkpoint counts as withheld. */
export const loggingDelayMsMax = 48 * hourMs;

/** Fleets in one artifact. */
export const artifactFleetsMax = 16;
/** An artifact, in bytes of canonical JSON. */
export const artifactBytesMax = 131_072;
/** A leaf, in bytes of canonical JSON. */
export const leafBytesMax = 16_384;
/** A whole validation bundle: a vault's answer has room for one. */
export { bundleBytesMax } from '@coffer/protocol';
/** Older leaves that one bundle may bring to show how long its fleets have been public. */
export const maturityProofsMax = 4;
/** A client's stored trust, in bytes of canonical JSON. */
export const clientTrustBytesMax = 262_144;
/** A fraud proof, in bytes of canonical JSON. */
export const fraudProofBytesMax = 524_288;

/** A trust root with its signatures, in bytes of canonical JSON. */
export const trustRootBytesMax = 65_536;
/** Root keys, and auditor or operator keys, of one trust root. */
export const trustRootKeysMax = 32;
/** Revocations in one trust root. */
export const revocationsMax = 256;
/** Trust roots that one chain may bring. */
export const rotationsMax = 256;

/** Leaves of a log: what a JavaScript number counts exactly. */
export const treeSizeMax = Number.MAX_SAFE_INTEGER;
/** Hashes in an inclusion or consistency proof; C2SP's limit (tlog-witness, add-checkpoint). */
export const proofHashesMax = 63;
/** One log entry (tlog-tiles, Log entries: a u16 length). */
export const entryBytesMax = 65_535;
/** Hashes in a full tile. */
export const tileWidth = 256;

/** A signed note. 16 post-quantum signatures of 5 kB fit, which signed-note asks for. */
export const noteBytesMax = 131_072;
/** Signature lines of one note, as in Go's sumdb/note: room for every witness of the largest policy and 36 log keys. */
export const noteSignaturesMax = 100;
/** A key name or an origin, in UTF-8 bytes. */
export const keyNameBytesMax = 255;
/** Seconds since 1970 that a cosignature may name: later ones are not exact in milliseconds. */
export const cosignatureSecondsMax = Math.floor(Number.MAX_SAFE_INTEGER / 1000);

/** A policy file. */
export const policyBytesMax = 65_536;
/** Logs, witnesses and groups of one policy, each (tlog-policy, Implementation limits: at least 32). */
export const policyLinesMax = 64;
/** The opaque extra data of a tlog-proof file. */
export const proofExtraBytesMax = 4_096;
