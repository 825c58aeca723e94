import { createServer as createHttpServer, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { getRequestListener, type HttpBindings } from '@hono/node-server';
import type { Gateway, Peer } from './gateway.js';

export interface ServeOptions {
  /** 0 for any free one. */
  readonly port: number;
  /** Default: loopback only. */
  readonly hostname?: string;
  /** PEM. Without it the server speaks plain HTTP, for loopback and for a proxy that ends TLS. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /**
   * Reverse proxies in front that append to `X-Forwarded-For`. Default 0: the header is ignored, because anyone can send it.
   * A request with fewer entries did not come through all of them: the address of its connection counts then.
   */
  readonly trustedProxies?: number;
}

export interface GatewayServer {
  readonly port: number;
  /** Takes no new connection, waits for the calls under way, resolves when all are closed. */
  close(): Promise<void>;
}

/** Longest that a client may take for its headers, and for a whole request. */
export const headersTimeoutMs = 10_000;
export const requestTimeoutMs = 30_000;
/** How long an idle connection is kept. */
export const keepAliveTimeoutMs = 15_000;
/** Largest header block; an account token is at most half of it. */
export const headerBytesMax = 16_384;
/** Connections open at once. */
export const connectionsMax = 4_096;

/** Serves a gateway over HTTP/1.1 (or HTTPS), with limits on everything that a connection can take. */
export async function serveGateway(gateway: Gateway, options: ServeOptions): Promise<GatewayServer> {
  const { hostname = '127.0.0.1', port, tls, trustedProxies = 0 } = options;
  const listener = getRequestListener(
    (request, env) => gateway.fetch(request, peerOf(env as HttpBindings, trustedProxies)),
    { overrideGlobalObjects: false },
  );
  const limits = {
    headersTimeout: headersTimeoutMs,
    requestTimeout: requestTimeoutMs,
    keepAliveTimeout: keepAliveTimeoutMs,
    maxHeaderSize: headerBytesMax,
  };
  const server =
    tls === undefined ? createHttpServer(limits, listener) : createHttpsServer({ ...limits, ...tls }, listener);
  server.maxConnections = connectionsMax;
  await listening(server, port, hostname);
  return { port: (server.address() as AddressInfo).port, close: () => closed(server) };
}

/**
 * The connection's own address, or the one that the outermost trusted proxy saw. There always is one: who comes without the
 * proxies' header would otherwise be limited by nothing. Who can reach this port around the proxies can also make that header up.
 */
function peerOf({ incoming }: HttpBindings, trustedProxies: number): Peer {
  const header = incoming.headers['x-forwarded-for'];
  const seen = (Array.isArray(header) ? header.join() : (header ?? '')).split(',').map((part) => part.trim());
  const forwarded = trustedProxies > 0 ? seen.at(-trustedProxies) : undefined;
  return { address: forwarded || incoming.socket.remoteAddress || 'unknown' };
}

function listening(server: Server, port: number, hostname: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, hostname, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.close((error) => (error === undefined ? resolve() : reject(error)));
    server.closeIdleConnections();
  });
}
