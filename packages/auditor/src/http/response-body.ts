import { ByteCollector } from '@coffer/base';

/** The whole body of an answer. @throws RangeError when it is over `bytesMax`; whatever the connection throws. */
export async function readBytes(response: Response, bytesMax: number): Promise<Uint8Array> {
  const reader = response.body?.getReader();
  if (reader === undefined) return new Uint8Array(0);
  const body = new ByteCollector();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return body.whole();
    if (body.length + value.length > bytesMax) {
      reader.cancel().catch(() => undefined);
      throw new RangeError('an answer over its limit');
    }
    body.add(value);
  }
}
