import { base64, concat, fromBase64, utf8, utf8Text } from '@coffer/base';
import { TransparencyError } from '../errors.js';
import { noteBytesMax, proofExtraBytesMax, proofHashesMax } from '../limits.js';
import { isTreeSize } from '../log/proofs.js';
import { parseHash, parseSize } from './checkpoint.js';

/** A `.tlog-proof` file (C2SP tlog-proof): an inclusion proof with the checkpoint that it leads to. */
export interface ProofFile {
  /** Of the entry, from 0. */
  readonly index: number;
  readonly hashes: readonly Uint8Array[];
  /** Bytes of the signed note. */
  readonly checkpoint: Uint8Array;
  /** Opaque; nothing authenticates it. */
  readonly extra?: Uint8Array;
}

const firstLine = 'c2sp.org/tlog-proof@v1';
/** The lines before the checkpoint: 63 hashes of 45 bytes, the extra data and the fixed ones, with room. */
const headBytesMax = 45 * proofHashesMax + 2 * proofExtraBytesMax + 256;
export const proofFileBytesMax = headBytesMax + noteBytesMax;

/** @throws TransparencyError `bad-proof-file` for values out of range. */
export function encodeProofFile({ index, hashes, checkpoint, extra }: ProofFile): Uint8Array {
  if (!isTreeSize(index) || hashes.length > proofHashesMax || (extra?.length ?? 0) > proofExtraBytesMax) fail();
  const lines = [
    firstLine,
    ...(extra === undefined ? [] : [`extra ${base64(extra)}`]),
    `index ${index}`,
    ...hashes.map(base64),
    '',
  ];
  return concat(utf8(`${lines.join('\n')}\n`), checkpoint);
}

/** The checkpoint in it is only cut out, not read. @throws TransparencyError `bad-proof-file`. */
export function decodeProofFile(bytes: Uint8Array): ProofFile {
  if (bytes.length > proofFileBytesMax) fail();
  const end = emptyLineAt(bytes);
  const lines = asciiLines(bytes.subarray(0, end));
  if (lines.shift() !== firstLine) fail();
  const extra = lines[0]?.startsWith('extra ') ? decodeExtra((lines.shift() as string).slice(6)) : undefined;
  const [, indexText] = /^index (.*)$/.exec(lines.shift() ?? '') ?? fail();
  const index = parseSize(indexText as string) ?? fail();
  if (lines.length > proofHashesMax) fail();
  const hashes = lines.map((line) => parseHash(line) ?? fail());
  return { index, hashes, checkpoint: bytes.slice(end + 2), ...(extra === undefined ? {} : { extra }) };
}

/** Where the last newline before the first empty line is. */
function emptyLineAt(bytes: Uint8Array): number {
  for (let i = 0; i + 1 < Math.min(bytes.length, headBytesMax); i++) {
    if (bytes[i] === 0x0a && bytes[i + 1] === 0x0a) return i;
  }
  return fail();
}

function asciiLines(bytes: Uint8Array): string[] {
  try {
    return utf8Text(bytes).split('\n');
  } catch (cause) {
    throw new TransparencyError('bad-proof-file', 'not UTF-8', { cause });
  }
}

function decodeExtra(text: string): Uint8Array {
  try {
    const extra = fromBase64(text);
    if (extra.length <= proofExtraBytesMax) return extra;
  } catch (cause) {
    throw new TransparencyError('bad-proof-file', 'not base64', { cause });
  }
  return fail();
}

function fail(): never {
  throw new TransparencyError('bad-proof-file', 'not a tlog-proof file');
}
