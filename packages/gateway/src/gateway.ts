import { type Clock, hex, type Timers } from '@coffer/base';
import {
  decodeVaultCall,
  encodeFleetDescriptor,
  encodeRoutedCall,
  encodeVaultAnswer,
  type FleetDescriptor,
  groupOf,
  type VaultCall,
  vaultCallBytesMax,
  vaultIdOf,
} from '@coffer/protocol';
import { WireError } from '@coffer/wire';
import { Hono } from 'hono';
import { cors } from 'hono/cors';
import { addBundleRoutes, newsFor } from './bundle-routes.js';
import { GatewayError } from './errors.js';
import { LeaderRouter } from './leader-router.js';
import { defaultLimits, type GatewayLimits, retryAfterMsDefault } from './limits.js';
import { GatewayMetrics } from './metrics.js';
import type { AgentRoutes, BundleSource, GatewayEvent, TokenVerifier } from './ports.js';
import { readBody } from './request-body.js';
import { errorResponse } from './statuses.js';
import { addressKey, TokenBuckets } from './token-bucket.js';

export interface GatewayOptions {
  /** The fleets that are served, the one for new registrations first. */
  readonly fleets: readonly FleetDescriptor[];
  /** The way to the agents; with more than one fleet, the way to each one's. */
  readonly routes: AgentRoutes | ((fleet: FleetDescriptor) => AgentRoutes);
  readonly tokens: TokenVerifier;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly limits?: Partial<GatewayLimits>;
  readonly log?: (event: GatewayEvent) => void;
  /** Web origins that may call from a browser. Default none. `*` for any: the account token is no cookie. */
  readonly origins?: readonly string[];
  /** Validation bundles, for clients that learn fleets over the air. */
  readonly bundles?: BundleSource;
  /** Who knows it may ask for a refresh of the bundles. Absent: nobody may. */
  readonly operatorToken?: string;
}

/** Where a request came from, if the server in front knows. */
export interface Peer {
  /** An IP address as text. */
  readonly address: string;
}

export interface Gateway {
  /** Serves one HTTP request. Never rejects. */
  fetch(request: Request, peer?: Peer): Promise<Response>;
}

interface Served {
  readonly fleet: FleetDescriptor;
  readonly router: LeaderRouter;
}

/**
 * The front door: account tokens, rate limits, and the way to the leader's agent. It learns which account has a vault and
 * when it is used, and nothing of what is said: the seal is opened by HSMs only, for the vault that the token names.
 * @throws GatewayError `bad-config` without a fleet, or with one fleet twice.
 */
export function createGateway(options: GatewayOptions): Gateway {
  const metrics = new GatewayMetrics();
  const log = (event: GatewayEvent): void => {
    metrics.observe(event);
    options.log?.(event);
  };
  const limits = { ...defaultLimits, ...options.limits };
  const served = servedFleets(options, limits, log);
  const { addressBurst, addressPerMinute, bucketsMax } = limits;
  const addresses = new TokenBuckets(options.clock, { burst: addressBurst, perMinute: addressPerMinute, bucketsMax });
  const admit = (peer: Peer | undefined): void => {
    if (peer !== undefined) limited('address-limited', addresses.take(addressKey(peer.address)));
  };
  const serveCall = createCallService(options, limits, served, admit);
  const [newest] = served.values();

  const app = new Hono<{ Bindings: { peer: Peer | undefined } }>();
  app.use('/v1/*', cors(corsOptions(options.origins ?? [])));
  app.use(async (context, next) => {
    await next();
    context.header('cache-control', 'no-store');
    context.header('x-content-type-options', 'nosniff');
  });
  app.post('/v1/vault', async ({ req, env, body }) => {
    const answer = await serveCall(req.raw, env.peer);
    return body(answer.slice().buffer, 200, { 'content-type': 'application/octet-stream' });
  });
  app.get('/v1/fleet', ({ body }) => {
    const descriptor = encodeFleetDescriptor((newest as Served).fleet);
    return body(descriptor.slice().buffer, 200, { 'content-type': 'application/json' });
  });
  app.get('/v1/status', ({ json }) => json({ fleets: [...served.values()].map(statusOf) }));
  app.get('/healthz', ({ text }) => text('ok'));
  app.get('/metrics', ({ text }) =>
    text(metrics.text(options.bundles), 200, { 'content-type': 'text/plain; version=0.0.4' }),
  );
  const refuse = (error: GatewayError, cause?: unknown): Response => {
    log({ type: 'refused', code: error.code, ...(cause === undefined ? {} : { cause }) });
    return errorResponse(error);
  };
  const paths = ['/v1/vault', '/v1/fleet', '/v1/status', '/healthz', '/metrics'];
  if (options.bundles !== undefined) paths.push(...addBundleRoutes(app, options.bundles, admit, options.operatorToken));
  for (const path of paths) {
    app.all(path, () => refuse(new GatewayError('bad-method', 'no such method here')));
  }
  app.notFound(() => refuse(new GatewayError('not-found', 'no such path')));
  app.onError((error) =>
    error instanceof GatewayError ? refuse(error) : refuse(new GatewayError('internal', 'internal error'), error),
  );
  return { fetch: async (request, peer) => app.fetch(request, { peer }) };
}

/** `POST /v1/vault`, in the order in which a refusal costs least. */
function createCallService(
  { tokens, clock, timers, bundles }: GatewayOptions,
  limits: GatewayLimits,
  served: ReadonlyMap<string, Served>,
  admit: (peer: Peer | undefined) => void,
): (request: Request, peer: Peer | undefined) => Promise<Uint8Array> {
  const { accountBurst, accountPerMinute, bucketsMax } = limits;
  const accounts = new TokenBuckets(clock, { burst: accountBurst, perMinute: accountPerMinute, bucketsMax });
  let underWay = 0;

  return async (incoming, peer) => {
    admit(peer);
    const { tenant, account } = await tokens.verify(bearer(incoming));
    // From the token's claims and from nothing else: the body cannot name a vault at all.
    const vaultId = vaultIdOf(tenant, account);
    limited('account-limited', accounts.take(hex(vaultId)));
    const call = parsed(await readBody(incoming, { bytesMax: vaultCallBytesMax, timeMs: limits.bodyMs, timers }));
    const { fleet, router } = servedBy(served, call);
    const group = groupOf(vaultId, fleet.groups);
    if (underWay >= limits.callsMax)
      throw new GatewayError('overloaded', 'too many calls', { retryAfterMs: retryAfterMsDefault });
    underWay++;
    try {
      const news = newsFor(call, bundles);
      const { configHash, request } = call;
      const committed = await router.route(group, encodeRoutedCall({ configHash, request, vaultId, group }));
      return encodeVaultAnswer({ ...committed, bundle: await within(timers, limits.bundleMs, news) });
    } finally {
      underWay--;
    }
  };
}

function servedFleets(
  { fleets, routes, clock, timers }: GatewayOptions,
  limits: GatewayLimits,
  log: (event: GatewayEvent) => void,
): Map<string, Served> {
  const served = new Map<string, Served>();
  for (const fleet of fleets) {
    const own = typeof routes === 'function' ? routes(fleet) : routes;
    served.set(hex(fleet.configHash), {
      fleet,
      router: new LeaderRouter({ fleet, routes: own, clock, timers, limits, log }),
    });
  }
  if (served.size === 0 || served.size < fleets.length)
    throw new GatewayError('bad-config', 'one or more distinct fleets');
  return served;
}

function servedBy(served: ReadonlyMap<string, Served>, { configHash }: VaultCall): Served {
  const fleet = served.get(hex(configHash));
  if (fleet === undefined) throw new GatewayError('unknown-fleet', 'this gateway does not serve that fleet');
  return fleet;
}

function parsed(body: Uint8Array): VaultCall {
  try {
    return decodeVaultCall(body);
  } catch (cause) {
    if (cause instanceof WireError) throw new GatewayError('bad-call', 'not a vault call', { cause });
    throw cause;
  }
}

function bearer(request: Request): string {
  const token = /^Bearer ([A-Za-z0-9._~+/=-]+)$/i.exec(request.headers.get('authorization') ?? '')?.[1];
  if (token === undefined) throw new GatewayError('bad-token', 'no bearer token');
  return token;
}

function limited(code: 'account-limited' | 'address-limited', retryAfterMs: number): void {
  if (retryAfterMs > 0) throw new GatewayError(code, 'too many calls', { retryAfterMs });
}

/** What comes in time; a reply that an HSM has committed is not held back by a slow auditor. */
async function within<T>(timers: Timers, timeMs: number, result: Promise<T>): Promise<T | undefined> {
  let stop = (): void => undefined;
  const late = new Promise<undefined>((resolve) => {
    stop = timers.after(timeMs, () => resolve(undefined));
  });
  try {
    return await Promise.race([result, late]);
  } finally {
    stop();
  }
}

function statusOf({ fleet, router }: Served) {
  return {
    fleetId: hex(fleet.fleetId),
    configHash: hex(fleet.configHash),
    sites: fleet.members.map(({ id, site }) => ({ id, site })),
    leaders: Array.from({ length: fleet.groups }, (_, group) => router.leaderOf(group) ?? 0),
  };
}

function corsOptions(origins: readonly string[]): Parameters<typeof cors>[0] {
  return {
    origin: origins.includes('*') ? '*' : [...origins],
    allowMethods: ['GET', 'POST'],
    allowHeaders: ['authorization', 'content-type'],
    exposeHeaders: ['retry-after'],
    maxAge: 600,
  };
}
