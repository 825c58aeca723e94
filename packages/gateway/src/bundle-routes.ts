import { equalBytes, utf8 } from '@coffer/base';
import { sha256 } from '@coffer/crypto';
import type { VaultCall } from '@coffer/protocol';
import { PublicationError } from '@coffer/publication';
import { TransparencyError } from '@coffer/transparency';
import type { Hono } from 'hono';
import { GatewayError } from './errors.js';
import type { Peer } from './gateway.js';
import type { BundleSource } from './ports.js';

type App = Hono<{ Bindings: { peer: Peer | undefined } }>;

/** Octets that say nothing about who asks; still never cached, for the newest is what counts. */
const octets = { 'content-type': 'application/octet-stream' };

/**
 * `GET /v1/bundle?size=N`, `GET /v1/trust-roots/{version}` and, for who knows the operator's token,
 * `POST /v1/bundle/refresh`. A client needs no token for the first two: a newcomer asks before it has anything.
 * @returns the paths.
 */
export function addBundleRoutes(
  app: App,
  bundles: BundleSource,
  admit: (peer: Peer | undefined) => void,
  operatorToken: string | undefined,
): string[] {
  app.get('/v1/bundle', async ({ req, env, body }) => {
    admit(env.peer);
    const size = counted(req.query('size') ?? '');
    const bundle = await readable(() => bundles.bundleFrom(size));
    if (bundle !== undefined) return body(bundle.slice().buffer, 200, octets);
    if (bundles.newest() === undefined) throw new GatewayError('no-bundle', 'no bundle yet');
    throw new GatewayError('not-found', 'the log has not reached that size');
  });
  app.get('/v1/trust-roots/:version', async ({ req, env, body }) => {
    admit(env.peer);
    const version = counted(req.param('version'));
    const root = await readable(() => bundles.trustRoot(version));
    if (root === undefined) throw new GatewayError('not-found', 'no such trust root');
    return body(root.slice().buffer, 200, { 'content-type': 'application/json' });
  });
  const paths = ['/v1/bundle', '/v1/trust-roots/:version'];
  if (operatorToken === undefined) return paths;

  // Hashes of one length: neither the token nor its length shows in the time that this takes.
  const expected = sha256(utf8(`Bearer ${operatorToken}`));
  app.post('/v1/bundle/refresh', async ({ req, env, json }) => {
    admit(env.peer);
    if (!equalBytes(sha256(utf8(req.header('authorization') ?? '')), expected))
      throw new GatewayError('not-operator', 'not the operator');
    const { epoch, size } = await readable(() => bundles.refresh());
    return json({ epoch, size });
  });
  return [...paths, '/v1/bundle/refresh'];
}

/**
 * The bundle that goes with the answer to this call: there is one for a client that named an older epoch. Never rejects,
 * because what it goes with is worth more than it.
 */
export async function newsFor(
  { known }: VaultCall,
  bundles: BundleSource | undefined,
): Promise<Uint8Array | undefined> {
  const newest = bundles?.newest();
  if (known === undefined || newest === undefined || known.epoch >= newest.epoch) return undefined;
  try {
    return await bundles?.bundleFrom(known.size);
  } catch {
    return undefined;
  }
}

function counted(text: string): number {
  const value = /^(?:0|[1-9][0-9]{0,15})$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value)) throw new GatewayError('bad-call', 'not a size or a version');
  return value;
}

async function readable<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    if (cause instanceof PublicationError) throw new GatewayError('no-bundle', 'the log cannot be read', { cause });
    if (cause instanceof TransparencyError) throw new GatewayError('bundle-refused', 'the log was refused', { cause });
    throw cause;
  }
}
