import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { ByteCollector } from '@coffer/base';
import { sealedRequestBytesMax } from '@coffer/protocol';
import type { Agent } from './agent.js';
import { AgentError } from './errors.js';
import { peerMessageBytesMax } from './peer-messages.js';

/** Largest body of `POST /call`: an encoded `RoutedCall`. */
export const routedCallBytesMax = 32 + 4 + sealedRequestBytesMax + 32 + 2;
/** Largest body of `POST /stand-aside`. */
export const asideBodyBytesMax = 256;
/** How long a client may take to send a whole request. */
export const requestTimeoutMs = 30_000;
/** How long it may take to send its headers, before which nobody has shown a token. */
export const headersTimeoutMs = 10_000;
/** Connections open at once: a gateway keeps 64, another agent a few for each group. One more is closed. */
export const agentConnectionsMax = 512;

type Handler = (body: Uint8Array) => Promise<Answer>;
interface Answer {
  readonly status: number;
  readonly type: 'application/octet-stream' | 'application/json';
  readonly body: Uint8Array;
}

/**
 * Serves an agent to other agents, to gateways and to its operator: `POST /peer`, `POST /call`, `GET /status`, and
 * `POST /stand-aside` with `{"group", "forMs"}`. All ask for the fleet's bearer token; a body's length is checked before it is read. The caller listens and closes.
 */
export function createAgentServer(agent: Agent, token: string): Server {
  const routes: Readonly<Record<string, { readonly bodyBytesMax: number; readonly handle: Handler }>> = {
    'POST /peer': { bodyBytesMax: peerMessageBytesMax, handle: async (body) => octets(await agent.handlePeer(body)) },
    'POST /call': { bodyBytesMax: routedCallBytesMax, handle: async (body) => octets(await agent.handleRouted(body)) },
    'POST /stand-aside': { bodyBytesMax: asideBodyBytesMax, handle: async (body) => standAside(agent, body) },
    'GET /status': { bodyBytesMax: 0, handle: async () => json(200, await agent.status()) },
  };
  const server = createServer(
    { requestTimeout: requestTimeoutMs, headersTimeout: headersTimeoutMs },
    (request, response) => {
      void serve(request).then(
        (answer) => reply(request, response, answer),
        () => reply(request, response, json(500, { error: 'internal' })),
      );
    },
  );

  server.maxConnections = agentConnectionsMax;

  async function serve(request: IncomingMessage): Promise<Answer> {
    const path = (request.url ?? '').split('?')[0] ?? '';
    const name = `${request.method ?? ''} ${path}`;
    const route = Object.hasOwn(routes, name) ? routes[name] : undefined;
    if (route === undefined) return json(404, { error: 'not-found' });
    if (!isBearer(request.headers.authorization, token)) return json(401, { error: 'unauthorized' });
    const body = await readBody(request, route.bodyBytesMax);
    return body === undefined ? json(413, { error: 'too-large' }) : route.handle(body);
  }
  return server;
}

function standAside(agent: Agent, body: Uint8Array): Answer {
  try {
    const { group, forMs } = JSON.parse(new TextDecoder().decode(body)) as Record<string, unknown>;
    agent.standAside(group as number, forMs as number);
    return json(200, {});
  } catch (cause) {
    if (cause instanceof SyntaxError || cause instanceof TypeError || cause instanceof AgentError)
      return json(400, { error: 'bad-request' });
    throw cause;
  }
}

/** Compares hashes of equal length in constant time, so that neither content nor length of the token leaks. */
function isBearer(header: string | undefined, token: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(header ?? ''), digest(`Bearer ${token}`));
}

/** @returns undefined when it is longer than allowed; the rest is then not read. */
async function readBody(request: IncomingMessage, bodyBytesMax: number): Promise<Uint8Array | undefined> {
  if (Number(request.headers['content-length'] ?? 0) > bodyBytesMax) return undefined;
  const body = new ByteCollector();
  for await (const chunk of request as AsyncIterable<Buffer>) {
    if (body.length + chunk.length > bodyBytesMax) return undefined;
    body.add(chunk);
  }
  return body.whole();
}

function octets(body: Uint8Array): Answer {
  return { status: 200, type: 'application/octet-stream', body };
}

function json(status: number, value: unknown): Answer {
  return { status, type: 'application/json', body: new TextEncoder().encode(JSON.stringify(value)) };
}

function reply(request: IncomingMessage, response: ServerResponse, { status, type, body }: Answer): void {
  // An unread body would be taken for the next request on this connection.
  if (!request.complete) response.setHeader('connection', 'close');
  response.writeHead(status, { 'content-type': type, 'content-length': body.length });
  response.end(body);
}
