import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ByteCollector, equalBytes, fromHex, hex } from '@coffer/base';
import {
  decodeEvidenceIndex,
  EvidenceError,
  type EvidenceReader,
  evidenceFileBytesMax,
  evidenceIndexBytesMax,
} from '@coffer/evidence';
import { CliError } from '../cli-error.js';

/** Longest wait for one file. */
const fetchTimeoutMs = 30_000;

/** A set of evidence that can be read. */
export interface EvidenceSource {
  /** The evidence digest. */
  readonly digest: Uint8Array;
  /** Whether the digest came from outside of the set. */
  readonly isPinned: boolean;
  readonly read: EvidenceReader;
}

/**
 * A folder with `index.json` and files named by their digest.
 * @param digest - 64 hex digits that the index should have; without it, it is whatever is there.
 * @throws CliError `unavailable` when there is no index.
 */
export function evidenceFolder(folder: string, digest: string | undefined): EvidenceSource {
  const path = join(folder, 'index.json');
  if (!existsSync(path)) throw new CliError('unavailable', 'no-evidence', `${folder} has no index.json`);
  const index = bounded(path, evidenceIndexBytesMax);
  const own = createHash('sha256').update(index).digest('hex');
  const wanted = digest ?? own;
  return {
    digest: fromHex(wanted),
    isPinned: digest !== undefined,
    read(each) {
      if (hex(each) === wanted) return index;
      const file = join(folder, hex(each));
      return existsSync(file) ? bounded(file, evidenceFileBytesMax) : undefined;
    },
  };
}

function bounded(path: string, bytesMax: number): Uint8Array {
  if (statSync(path).size > bytesMax) throw new CliError('refused', 'too-large', `${path} is over ${bytesMax} bytes`);
  return new Uint8Array(readFileSync(path));
}

const place = /^(.*?)\/evidence\/([0-9a-f]{64})$/;

/**
 * An auditor that serves evidence: its address, or that of the index, `…/evidence/{sha256}`.
 * @throws CliError `usage` when nobody says which evidence, `unavailable` when there is no answer.
 */
export async function auditorEvidence(address: string, given: string | undefined): Promise<EvidenceSource> {
  const base = place.exec(address)?.[1] ?? address.replace(/\/+$/, '');
  const named = place.exec(address)?.[2];
  const digest = given ?? named;
  if (digest === undefined) throw new CliError('usage', 'no-digest', 'which evidence? --digest says it');
  if (named !== undefined && named !== digest) {
    throw new CliError('usage', 'bad-argument', 'the address and --digest name different evidence');
  }
  const files = new Map<string, Uint8Array>();
  const fetchFile = async (name: string, bytesMax: number): Promise<Uint8Array | undefined> => {
    const known = files.get(name);
    if (known !== undefined) return known;
    const bytes = await get(`${base}/evidence/${name}`, bytesMax);
    if (bytes !== undefined) files.set(name, bytes);
    return bytes;
  };
  const index = await fetchFile(digest, evidenceIndexBytesMax);
  for (const name of namedBy(index, fromHex(digest))) await fetchFile(name, evidenceFileBytesMax);
  return { digest: fromHex(digest), isPinned: true, read: (each) => files.get(hex(each)) };
}

/** What to fetch; nothing for an index that does not hold, of which the verification will speak. */
function namedBy(index: Uint8Array | undefined, digest: Uint8Array): readonly string[] {
  const own = index === undefined ? undefined : new Uint8Array(createHash('sha256').update(index).digest());
  if (index === undefined || own === undefined || !equalBytes(own, digest)) return [];
  try {
    return decodeEvidenceIndex(index).items.map((item) => hex(item.digest));
  } catch (cause) {
    if (cause instanceof EvidenceError) return [];
    throw cause;
  }
}

/** @returns undefined when it is not there. */
async function get(url: string, bytesMax: number): Promise<Uint8Array | undefined> {
  try {
    const { status, body } = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(fetchTimeoutMs) });
    if (status === 200) return await readBounded(body, bytesMax);
    await body?.cancel();
    if (status === 404) return undefined;
    throw new CliError('unavailable', 'no-answer', `${url}: answered ${status}`);
  } catch (cause) {
    if (cause instanceof CliError) throw cause;
    throw new CliError('unavailable', 'no-answer', `${url}: no answer`, { cause });
  }
}

async function readBounded(body: ReadableStream<Uint8Array> | null, bytesMax: number): Promise<Uint8Array> {
  const whole = new ByteCollector();
  for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
    if (whole.length + chunk.length > bytesMax)
      throw new CliError('refused', 'too-large', `an answer over ${bytesMax} bytes`);
    whole.add(chunk);
  }
  return whole.whole();
}
