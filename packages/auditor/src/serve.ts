import { createServer as createHttpServer, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import type { Auditor } from './auditor.js';

export interface ServeOptions {
  /** 0 for any free one. */
  readonly port: number;
  /** Default: loopback only. */
  readonly hostname?: string;
  /** PEM. Without it the server speaks plain HTTP, for loopback and for a proxy that ends TLS. */
  readonly tls?: { readonly key: string; readonly cert: string };
}

export interface AuditorServer {
  readonly port: number;
  /** Takes no new connection, waits for the requests under way, resolves when all are closed. */
  close(): Promise<void>;
}

/** Longest that a client may take for its headers, and for a whole request. */
export const headersTimeoutMs = 10_000;
export const requestTimeoutMs = 30_000;
/** How long an idle connection is kept. */
export const keepAliveTimeoutMs = 15_000;
/** Largest header block: nothing here needs more than a path. */
export const headerBytesMax = 8_192;
/** Connections open at once. */
export const connectionsMax = 1_024;

/** Serves an auditor over HTTP/1.1 (or HTTPS), with limits on everything that a connection can take. */
export async function serveAuditor(auditor: Auditor, options: ServeOptions): Promise<AuditorServer> {
  const { hostname = '127.0.0.1', port, tls } = options;
  const listener = getRequestListener((request) => auditor.fetch(request), { overrideGlobalObjects: false });
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
