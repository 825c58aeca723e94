import {
  rotationsMax,
  summarizeBundle,
  TransparencyError,
  type TrustRoot,
  verifyRotations,
} from '@coffer/transparency';
import { hostError } from '../answers.js';
import { ClientError } from '../errors.js';
import type { OverTheAirTransport } from '../ports.js';

/** The newest bundle for who verified the log at `size` last. @throws ClientError. */
export function fetchBundle(transport: OverTheAirTransport, size: number): Promise<Uint8Array> {
  return fetched(transport, `/v1/bundle?size=${size}`);
}

/**
 * The trust root that a bundle was signed under, and the bytes of it where it is newer than the one held. Each step of
 * the chain is verified before the next is asked for.
 * @throws ClientError `bundle-refused`, and those of the transport.
 */
export async function fetchTrustRoots(
  transport: OverTheAirTransport,
  held: TrustRoot,
  bundle: Uint8Array,
): Promise<{ readonly newest: TrustRoot; readonly bytes: Uint8Array | undefined }> {
  const wanted = refusing(() => summarizeBundle(bundle).trustRootVersion);
  if (wanted - held.version > rotationsMax) throw new ClientError('bundle-refused', 'a trust root too far ahead');
  let newest = held;
  let bytes: Uint8Array | undefined;
  while (newest.version < wanted) {
    const next = await fetched(transport, `/v1/trust-roots/${newest.version + 1}`);
    newest = refusing(() => verifyRotations(newest, [next]));
    bytes = next;
  }
  return { newest, bytes };
}

async function fetched(transport: OverTheAirTransport, path: string): Promise<Uint8Array> {
  const answer = await transport.get(path);
  if (answer.status !== 200) throw hostError(answer);
  return answer.body;
}

function refusing<T>(run: () => T): T {
  try {
    return run();
  } catch (cause) {
    if (cause instanceof TransparencyError)
      throw new ClientError('bundle-refused', 'a validation bundle that does not hold', { cause });
    throw cause;
  }
}
