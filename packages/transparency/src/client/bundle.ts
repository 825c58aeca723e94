import { concat, equalBytes, utf8 } from '@coffer/base';
import { bytes, decode, encode, fixed, type Layout, list, struct, u64, WireError } from '@coffer/wire';
import { proofFileBytesMax } from '../c2sp/proof-file.js';
import { TransparencyError } from '../errors.js';
import { artifactBytesMax, bundleBytesMax, leafBytesMax, maturityProofsMax, proofHashesMax } from '../limits.js';
import { hashBytes } from '../log/hashing.js';
import { isTreeSize } from '../log/proofs.js';

/** One epoch as it was logged: the artifact, the leaf that names it, and where that is in the log. */
export interface LoggedEpoch {
  /** Bytes of `encodeArtifact`. */
  readonly artifact: Uint8Array;
  /** Bytes of `encodeLeaf`. */
  readonly leaf: Uint8Array;
  /** Bytes of a `.tlog-proof` file for the leaf, without extra data and with signatures of listed keys only. */
  readonly proof: Uint8Array;
}

/** An older epoch that shows since when a fleet has been public. */
export interface MaturityProof extends LoggedEpoch {
  /** Consistency proof from its checkpoint to the bundle's. */
  readonly consistency: readonly Uint8Array[];
}

/**
 * All that a client needs to accept fleet keys it has never seen. There is nothing in it that is not checked, so that
 * every changed bit is refused.
 */
export interface Bundle extends LoggedEpoch {
  readonly maturity: readonly MaturityProof[];
  /** From the checkpoint that the client verified last; `fromSize` 0 and no hashes for a new client. */
  readonly consistency: { readonly fromSize: number; readonly hashes: readonly Uint8Array[] };
}

const magic = utf8('coffer/bundle/v1\0');
const hashes = list(fixed(hashBytes), proofHashesMax);

const treeSize: Layout<number> = {
  write: (writer, value) => u64.write(writer, BigInt(value)),
  read(reader) {
    const value = Number(u64.read(reader));
    if (!isTreeSize(value)) throw new WireError('bad-value', 'not a tree size');
    return value;
  },
};

const logged = {
  artifact: bytes(artifactBytesMax),
  leaf: bytes(leafBytesMax),
  proof: bytes(proofFileBytesMax),
};

const layout = struct<Bundle>({
  ...logged,
  maturity: list(struct<MaturityProof>({ ...logged, consistency: hashes }), maturityProofsMax),
  consistency: struct<Bundle['consistency']>({ fromSize: treeSize, hashes }),
});

/** @throws TransparencyError `bad-bundle` for parts over their limits. */
export function encodeBundle(bundle: Bundle): Uint8Array {
  try {
    const encoded = concat(magic, encode(layout, bundle));
    if (encoded.length <= bundleBytesMax) return encoded;
  } catch (cause) {
    throw new TransparencyError('bad-bundle', 'parts over their limits', { cause });
  }
  throw new TransparencyError('bad-bundle', 'over its limit');
}

/** Cuts a bundle into its parts and verifies nothing. @throws TransparencyError `bad-bundle`. */
export function decodeBundle(encoded: Uint8Array): Bundle {
  if (encoded.length > bundleBytesMax || !equalBytes(encoded.subarray(0, magic.length), magic))
    throw new TransparencyError('bad-bundle', 'not a bundle within its limit');
  try {
    return decode(layout, encoded.subarray(magic.length));
  } catch (cause) {
    throw new TransparencyError('bad-bundle', 'not a bundle', { cause });
  }
}
