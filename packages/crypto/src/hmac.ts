import { zero } from '@coffer/base';

/** The two hashes of this package: 32 and 64 bytes of output, 64 and 128 bytes of block. */
export type HashName = 'sha256' | 'sha512';

const blockBytes = { sha256: 64, sha512: 128 } as const;

/** HMAC (RFC 2104) over any implementation of the hash. */
export function composeHmac(
  name: HashName,
  hash: (parts: readonly Uint8Array[]) => Uint8Array,
  key: Uint8Array,
  parts: readonly Uint8Array[],
): Uint8Array {
  const inner = new Uint8Array(blockBytes[name]);
  inner.set(key.length > inner.length ? hash([key]) : key);
  const outer = inner.slice();
  for (let i = 0; i < inner.length; i++) {
    inner[i] = (inner[i] as number) ^ 0x36;
    outer[i] = (outer[i] as number) ^ 0x5c;
  }
  const digest = hash([inner, ...parts]);
  const mac = hash([outer, digest]);
  zero(inner, outer, digest);
  return mac;
}
