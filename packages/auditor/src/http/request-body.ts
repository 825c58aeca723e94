import { ByteCollector, type Timers } from '@coffer/base';
import { AuditorError } from '../errors.js';

export interface BodyLimits {
  readonly bytesMax: number;
  readonly timeMs: number;
  readonly timers: Timers;
}

/**
 * Reads a whole body. The announced length is checked before anything is read, the real one at each chunk, and all of it
 * has one time limit, so that nobody makes us hold memory by sending a byte now and then.
 * @throws AuditorError `body-too-large`, `body-too-slow`, `bad-request` when it breaks off.
 */
export async function readBody(request: Request, { bytesMax, timeMs, timers }: BodyLimits): Promise<Uint8Array> {
  const announced = request.headers.get('content-length');
  if (announced !== null && !(Number(announced) <= bytesMax)) throw tooLarge();
  const reader = request.body?.getReader();
  if (reader === undefined) return new Uint8Array(0);
  let stop = (): void => undefined;
  const late = new Promise<never>((_, reject) => {
    stop = timers.after(timeMs, () => reject(new AuditorError('body-too-slow', 'the body took too long')));
  });
  try {
    return await Promise.race([readAll(reader, bytesMax), late]);
  } catch (cause) {
    reader.cancel().catch(() => undefined);
    if (cause instanceof AuditorError) throw cause;
    throw new AuditorError('bad-request', 'the body broke off', { cause });
  } finally {
    stop();
  }
}

async function readAll(reader: ReadableStreamDefaultReader<Uint8Array>, bytesMax: number): Promise<Uint8Array> {
  const body = new ByteCollector();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return body.whole();
    if (body.length + value.length > bytesMax) throw tooLarge();
    body.add(value);
  }
}

const tooLarge = (): AuditorError => new AuditorError('body-too-large', 'the body is too large');
