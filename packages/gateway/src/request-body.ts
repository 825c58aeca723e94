import { ByteCollector, type Timers } from '@coffer/base';
import { GatewayError } from './errors.js';

/**
 * Reads a whole body. The announced length is checked before anything is read, the real one at each chunk, and all of
 * it has one time limit, so that nobody makes us hold a connection by sending a byte now and then.
 * @throws GatewayError `body-too-large`, `body-too-slow`, `bad-call` when it breaks off.
 */
export async function readBody(
  request: Request,
  limits: { readonly bytesMax: number; readonly timeMs: number; readonly timers: Timers },
): Promise<Uint8Array> {
  const announced = request.headers.get('content-length');
  if (announced !== null && !(Number(announced) <= limits.bytesMax)) throw tooLarge();
  const reader = request.body?.getReader();
  if (reader === undefined) return new Uint8Array(0);
  let stop = (): void => undefined;
  const late = new Promise<never>((_, reject) => {
    stop = limits.timers.after(limits.timeMs, () =>
      reject(new GatewayError('body-too-slow', 'the body took too long')),
    );
  });
  try {
    return await Promise.race([readAll(reader, limits.bytesMax), late]);
  } catch (cause) {
    reader.cancel().catch(() => undefined);
    if (cause instanceof GatewayError) throw cause;
    throw new GatewayError('bad-call', 'the body broke off', { cause });
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

const tooLarge = (): GatewayError => new GatewayError('body-too-large', 'the body is too large');
