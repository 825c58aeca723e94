import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { test } from 'node:test';
import { concat } from '@coffer/base';
import {
  createGateway,
  GatewayError,
  HttpAgentRoutes,
  headerBytesMax,
  routedAnswerBytesMax,
  serveGateway,
} from '@coffer/gateway';
import { decodeRoutedCall, encodeRoutedAnswer, encodeVaultAnswer, vaultCallBytesMax } from '@coffer/protocol';
import { bench, committed, vaultCall } from './harness.js';

test('over real connections: gateway, agent, and back', async () => {
  const { fleet, time, token } = bench();
  const answer = committed(fleet);
  let authorization: string | undefined;
  const agent = createServer(async (request, response) => {
    authorization = request.headers.authorization;
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    assert.equal(`${request.method} ${request.url}`, 'POST /call');
    assert.deepEqual(decodeRoutedCall(concat(...chunks)).request, Uint8Array.of(1, 2, 3));
    response.end(encodeRoutedAnswer(answer));
  });
  const url = await listen(agent);
  const routes = new HttpAgentRoutes({ urls: new Map([1, 2, 3].map((id) => [id, url])), token: 'operator' });
  const gateway = createGateway({
    fleets: [fleet],
    routes,
    tokens: { verify: async () => ({ tenant: 't', account: 'a' }) },
    clock: time,
    timers: { after: () => () => undefined },
  });
  const server = await serveGateway(gateway, { port: 0 });
  const response = await fetch(`http://127.0.0.1:${server.port}/v1/vault`, {
    method: 'POST',
    headers: { authorization: `Bearer ${await token()}` },
    body: vaultCall(fleet).slice(),
  });
  assert.deepEqual(new Uint8Array(await response.arrayBuffer()), encodeVaultAnswer(answer));
  assert.equal(authorization, 'Bearer operator');
  await server.close();
  routes.close();
  agent.close();
});

test('over a real connection: an oversize body is refused by its announced length, before it is sent', async () => {
  const { gateway, token } = bench();
  const server = await serveGateway(gateway, { port: 0 });
  const head = [
    'POST /v1/vault HTTP/1.1',
    'host: x',
    `authorization: Bearer ${await token()}`,
    `content-length: ${vaultCallBytesMax + 1}`,
  ];
  assert.match(await raw(server.port, head), /^HTTP\/1\.1 413 /);
  await server.close();
});

test('over a real connection: a header block over its limit is refused', async () => {
  const { gateway } = bench();
  const server = await serveGateway(gateway, { port: 0 });
  const head = ['GET /healthz HTTP/1.1', 'host: x', 'connection: close'];
  assert.match(await raw(server.port, head), /^HTTP\/1\.1 200 /);
  assert.match(await raw(server.port, [...head, `x: ${'a'.repeat(headerBytesMax)}`]), /^HTTP\/1\.1 431 /);
  await server.close();
});

test('X-Forwarded-For counts only behind trusted proxies, from the right', async () => {
  const seen: (string | undefined)[] = [];
  const gateway = {
    fetch: async (_: Request, peer?: { address: string }) => {
      seen.push(peer?.address);
      return new Response('');
    },
  };
  for (const [trustedProxies, header] of [
    [0, '203.0.113.9'],
    [1, '203.0.113.9, 198.51.100.1'],
    [2, '203.0.113.9, 198.51.100.1'],
    [1, ''],
    [1, undefined],
    [1, '203.0.113.9,'],
    [3, '203.0.113.9, 198.51.100.1'],
  ] as const) {
    const server = await serveGateway(gateway, { port: 0, trustedProxies });
    const forwarded = header === undefined ? {} : { 'x-forwarded-for': header };
    await fetch(`http://127.0.0.1:${server.port}/`, { headers: { ...forwarded, connection: 'close' } });
    await server.close();
  }
  // Whoever reaches the port around a proxy is limited by the address of the connection, and not by none.
  const around = ['127.0.0.1', '127.0.0.1', '127.0.0.1', '127.0.0.1'];
  assert.deepEqual(seen, ['127.0.0.1', '198.51.100.1', '203.0.113.9', ...around]);
});

test('agents that fail in every way are agent-unavailable', async () => {
  const agent = createServer((request, response) => {
    request.resume();
    if (request.url !== '/call') return void response.writeHead(404).end();
    if (request.headers.authorization === 'Bearer denied') return void response.writeHead(401).end();
    if (request.headers.authorization === 'Bearer large')
      return void response.end(new Uint8Array(routedAnswerBytesMax + 1));
    if (request.headers.authorization === 'Bearer cut')
      return void response.writeHead(200, { 'content-length': 10 }).write('x', () => response.destroy());
  });
  const url = await listen(agent);
  const unavailable = (error: unknown): boolean => error instanceof GatewayError && error.code === 'agent-unavailable';
  for (const token of ['denied', 'large', 'cut', 'silent']) {
    const routes = new HttpAgentRoutes({ urls: new Map([[1, url]]), token });
    await assert.rejects(routes.call(1, new Uint8Array(3), token === 'silent' ? 20 : 5_000), unavailable);
    await assert.rejects(routes.call(2, new Uint8Array(3), 1_000), unavailable);
    routes.close();
  }
  agent.closeAllConnections();
  agent.close();
  const gone = new HttpAgentRoutes({ urls: new Map([[1, url]]), token: '' });
  await assert.rejects(gone.call(1, new Uint8Array(3), 1_000), unavailable);
  for (const bad of ['ftp://x', 'nonsense']) {
    assert.throws(
      () => new HttpAgentRoutes({ urls: new Map([[1, bad]]), token: '' }),
      (e) => e instanceof GatewayError && e.code === 'bad-config',
    );
  }
});

function listen(server: ReturnType<typeof createServer>): Promise<string> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
  });
}

/** Sends a request's head and nothing else; resolves to what comes back until the other side closes. */
function raw(port: number, head: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(`${head.join('\r\n')}\r\n\r\n`));
    socket.on('data', (chunk) => {
      text += chunk.toString();
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(text));
  });
}
