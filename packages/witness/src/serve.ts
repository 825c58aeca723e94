import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ByteCollector } from '@coffer/base';
import { addCheckpointBytesMax } from '@coffer/transparency';
import { WitnessError } from './errors.js';
import { connectionsMax, headerBytesMax, headersTimeoutMs, keepAliveTimeoutMs, requestTimeoutMs } from './limits.js';
import type { Witness } from './witness.js';

export interface ServeOptions {
  /** 0 for any free one. */
  readonly port: number;
  /** Default: loopback only. */
  readonly hostname?: string;
  /** How long a request may take to arrive, headers and body; default {@link requestTimeoutMs}. */
  readonly requestMs?: number;
}

export interface WitnessServer {
  readonly port: number;
  /** Takes no new connection, waits for the requests under way, resolves when all are closed. */
  close(): Promise<void>;
}

/**
 * Serves a witness over plain HTTP: `POST /add-checkpoint` and nothing else. A proxy in front ends TLS.
 *
 * Beside C2SP's statuses: 405 for another method, 413 for a body over its limit, 503 after a write failed. A request that
 * does not arrive in time gets 408 and its connection is closed.
 */
export async function serveWitness(witness: Witness, options: ServeOptions): Promise<WitnessServer> {
  const { port, hostname = '127.0.0.1', requestMs = requestTimeoutMs } = options;
  const limits = {
    headersTimeout: Math.min(headersTimeoutMs, requestMs),
    requestTimeout: requestMs,
    keepAliveTimeout: keepAliveTimeoutMs,
    maxHeaderSize: headerBytesMax,
    connectionsCheckingInterval: Math.min(1_000, requestMs),
  };
  const server = createServer(limits, (request, response) => answer(witness, request, response));
  server.maxConnections = connectionsMax;
  await listening(server, port, hostname);
  return { port: (server.address() as AddressInfo).port, close: () => closed(server) };
}

function answer(witness: Witness, request: IncomingMessage, response: ServerResponse): void {
  const refusal = refusalOf(request);
  if (refusal !== undefined) {
    end(response, refusal);
    return;
  }
  const body = new ByteCollector();
  request.on('data', (chunk: Buffer) => {
    if (response.headersSent) return;
    if (body.length + chunk.length <= addCheckpointBytesMax) body.add(chunk);
    else end(response, 413);
  });
  request.on('end', () => {
    if (!response.headersSent) reply(witness, body.whole(), response);
  });
  // Whoever breaks off gets no answer, and has changed nothing.
  request.on('error', () => response.destroy());
}

/** What is answered without reading the body. */
function refusalOf({ url, method, headers }: IncomingMessage): 404 | 405 | 413 | undefined {
  if (url !== '/add-checkpoint') return 404;
  if (method !== 'POST') return 405;
  return Number(headers['content-length'] ?? 0) > addCheckpointBytesMax ? 413 : undefined;
}

function reply(witness: Witness, body: Uint8Array, response: ServerResponse): void {
  try {
    const { status, contentType, body: text } = witness.addCheckpoint(body);
    response.writeHead(status, { 'content-type': contentType, 'cache-control': 'no-store' }).end(text);
  } catch (error) {
    if (!(error instanceof WitnessError)) throw error;
    end(response, 503);
  }
}

function end(response: ServerResponse, status: number): void {
  // What is left of a body that nobody reads would be taken for the next request.
  const allow = status === 405 ? { allow: 'POST' } : {};
  response.writeHead(status, { ...allow, connection: 'close', 'content-length': 0 }).end();
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
