import { ByteCollector, hex } from '@coffer/base';
import {
  artifactBytesMax,
  entryBytesMax,
  leafBytesMax,
  noteBytesMax,
  tileWidth,
  trustRootBytesMax,
} from '@coffer/transparency';
import { PublicationError } from './errors.js';
import type { LogReader } from './log-reader.js';

/** As much of `fetch` as is used. Whoever wants a time limit passes one that has it. */
export type Get = (url: string) => Promise<{
  readonly status: number;
  readonly body: {
    getReader(): {
      read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>;
      cancel(): Promise<unknown>;
    };
  } | null;
}>;

const tileBytesMax = tileWidth * 32;
const entryBundleBytesMax = tileWidth * (2 + entryBytesMax);

/**
 * Reads the log of one namespace over an auditor's HTTP (docs/spec/transparency.md §11).
 * @param baseUrl - of the auditor's origin, such as `https://auditor.example`.
 */
export function httpLogReader(baseUrl: string, namespace: string, get: Get): LogReader {
  const base = baseUrl.replace(/\/+$/, '');
  const from = (path: string, bytesMax: number): Promise<Uint8Array> => download(get, `${base}${path}`, bytesMax);
  return {
    checkpoint: () => from(`/logs/${namespace}/checkpoint`, noteBytesMax),
    checkpointAt: (size) => from(`/checkpoints/${namespace}/${size}`, noteBytesMax),
    tile: (path) =>
      from(`/logs/${namespace}/${path}`, path.startsWith('tile/entries/') ? entryBundleBytesMax : tileBytesMax),
    leaf: (epoch) => from(`/leaves/${namespace}/${epoch}`, leafBytesMax),
    artifact: (digest) => from(`/artifacts/${hex(digest)}`, artifactBytesMax),
    trustRoot: (version) => from(`/trust-roots/${namespace}/${version}`, trustRootBytesMax),
  };
}

/** The whole body, read chunk by chunk so that no answer is held beyond its limit. */
async function download(get: Get, url: string, bytesMax: number): Promise<Uint8Array> {
  try {
    const { status, body } = await get(url);
    const reader = body?.getReader();
    if (status !== 200) {
      await reader?.cancel();
      throw new PublicationError(status === 404 ? 'not-published' : 'unreachable', `the log answered ${status}`);
    }
    const whole = new ByteCollector();
    for (;;) {
      const next = await reader?.read();
      if (next?.value === undefined || next.done) return whole.whole();
      if (whole.length + next.value.length > bytesMax) {
        await reader?.cancel();
        throw new PublicationError('too-large', `an answer over ${bytesMax} bytes`);
      }
      whole.add(next.value);
    }
  } catch (cause) {
    if (cause instanceof PublicationError) throw cause;
    throw new PublicationError('unreachable', 'no answer from the log', { cause });
  }
}
