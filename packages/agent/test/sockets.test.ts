import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import {
  Agent,
  AgentError,
  agentConnectionsMax,
  createAgentServer,
  defaultTuning,
  HsmSocket,
  PeerHttp,
  peerMessageBytesMax,
  routedCallBytesMax,
} from '@coffer/agent';
import { systemEntropy } from '@coffer/crypto';
import { decodeHostRequest, Hsm, hostFrameBytesMax, MemoryNvram, provisionFleet, SoftKeyStore } from '@coffer/hsm';
import { MemoryLedgerStore } from '@coffer/ledger';
import {
  decodeFleetDescriptor,
  decodeRoutedAnswer,
  encodeRoutedCall,
  genesisHash,
  openReply,
  sealRequest,
  vaultIdOf,
  verifyCommitProof,
} from '@coffer/protocol';
import { Replica } from '@coffer/replica';
import { encodeFrame, FrameDecoder } from '@coffer/wire';

const token = 'a token of the operator';
const clock = { nowMs: () => Date.now() };
const timers = {
  after(delayMs: number, task: () => void) {
    const timer = globalThis.setTimeout(task, delayMs);
    return () => clearTimeout(timer);
  },
};

/** An HSM behind a Unix socket, as its own process serves it. */
async function serveHsm(t: TestContext, hsm: Hsm): Promise<{ path: string; server: Server; sockets: Set<Socket> }> {
  const dir = mkdtempSync(join(tmpdir(), 'agent-'));
  const path = join(dir, 'hsm');
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    const frames = new FrameDecoder(hostFrameBytesMax);
    socket.on('data', (chunk) => {
      const requests = frames.push(chunk);
      if (requests.length > 0)
        for (const reply of hsm.step(requests)) socket.write(encodeFrame(reply, hostFrameBytesMax));
    });
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
    rmSync(dir, { recursive: true });
  });
  return { path, server, sockets };
}

function provision(sites: string[]) {
  const keyStores = sites.map(() => SoftKeyStore.generate(systemEntropy));
  const { descriptor, states } = provisionFleet({
    sites,
    keyStores,
    groups: 1,
    budgetLimit: 10,
    rollbackTolerance: 0,
    entropy: systemEntropy,
  });
  const fleet = decodeFleetDescriptor(descriptor);
  const hsms = keyStores.map((keyStore, i) =>
    Hsm.boot({
      fleet,
      keyStore,
      nvram: new MemoryNvram(states[i] as Uint8Array),
      entropy: systemEntropy,
      image: new Uint8Array(32),
    }),
  );
  return { fleet, hsms };
}

test('three agents over real sockets serve a request posted to POST /call', { timeout: 20_000 }, async (t) => {
  const { fleet, hsms } = provision(['a', 'b', 'c']);
  const store = new MemoryLedgerStore(
    { configHash: fleet.configHash, genesis: [genesisHash(fleet.configHash, 0)] },
    clock,
  );
  const urls = new Map<number, string>();
  const agents = [];
  for (const [i, hsm] of hsms.entries()) {
    const { path } = await serveHsm(t, hsm);
    const hsmSocket = new HsmSocket(path);
    const peers = new PeerHttp({ urls, token });
    const replica = Replica.open({ path: ':memory:', configHash: fleet.configHash, groups: 1, undoEntriesMax: 64 });
    const agent = await Agent.start({
      fleet,
      memberId: i + 1,
      ports: {
        clock,
        timers,
        entropy: systemEntropy,
        hsm: hsmSocket,
        peers,
        ledger: store.open(),
        replica,
        log: () => undefined,
      },
      tuning: { ...defaultTuning, leaseMs: 600, leaseStaggerMs: 20 },
    });
    const server = createAgentServer(agent, token);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    urls.set(i + 1, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    agents.push(agent);
    t.after(async () => {
      await agent.stop();
      server.closeAllConnections();
      server.close();
      peers.close();
      hsmSocket.close();
      replica.close();
    });
  }

  const post = (id: number, path: string, body: Uint8Array, bearer = token) =>
    fetch(`${urls.get(id)}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${bearer}` },
      body: body as BodyInit,
    });
  const vault = { fleet, vaultId: vaultIdOf('tenant', 'alice') };
  const sealed = sealRequest(
    vault,
    { type: 'register.start', blinded: fleet.opaqueKey, authTicket: undefined },
    systemEntropy,
  );
  const call = encodeRoutedCall({
    configHash: fleet.configHash,
    request: sealed.sealed,
    vaultId: vault.vaultId,
    group: 0,
  });
  let id = 1;
  for (let tries = 0; ; tries++) {
    const response = await post(id, '/call', call);
    assert.equal(response.status, 200);
    const answer = decodeRoutedAnswer(new Uint8Array(await response.arrayBuffer()));
    if (answer.type === 'committed') {
      verifyCommitProof(fleet, 0, answer.reply, answer.proof);
      assert.equal(openReply(vault, sealed, answer.reply).type, 'register.started');
      break;
    }
    assert.ok(tries < 100, answer.type);
    id = (id % 3) + 1;
    // Who leads is decided meanwhile.
    await setTimeout(50);
  }

  assert.equal((await post(1, '/peer', new Uint8Array(3), 'another token')).status, 401);
  assert.equal((await post(1, '/nowhere', new Uint8Array(3))).status, 404);
  assert.equal((await post(1, '/call', new Uint8Array(routedCallBytesMax + 1))).status, 413);
  assert.equal(
    (await post(1, '/peer', new Uint8Array(peerMessageBytesMax + 1)).catch(() => ({ status: 413 }))).status,
    413,
  );
  const malformed = await post(1, '/call', new Uint8Array(routedCallBytesMax));
  assert.deepEqual(decodeRoutedAnswer(new Uint8Array(await malformed.arrayBuffer())), { type: 'bad-request' });
  const status = await fetch(`${urls.get(1)}/status`, { headers: { authorization: `Bearer ${token}` } });
  assert.equal(((await status.json()) as { platform: string }).platform, 'SIMULATED HARDWARE');
});

test('an agent holds as many connections as it says, and closes the next one', { timeout: 20_000 }, async (t) => {
  const server = createAgentServer({} as Agent, token);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const sockets: Socket[] = [];
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const open = async (): Promise<Socket> => {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    socket.on('error', () => undefined);
    sockets.push(socket);
    await once(socket, 'connect');
    return socket;
  };
  await Promise.all(Array.from({ length: agentConnectionsMax }, open));
  const [first] = sockets as [Socket];
  first.write('GET /status HTTP/1.1\r\nhost: a\r\n\r\n');
  assert.match(String(await once(first, 'data')), /^HTTP\/1\.1 401 /);
  await once(await open(), 'close');
});

test('an answer in single bytes is not kept as an object for each', async (t) => {
  const server = createHttpServer((request, response) => {
    request.resume();
    for (let i = 0; i < 500; i++) response.write(Uint8Array.of(i));
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const urls = new Map([[2, `http://127.0.0.1:${(server.address() as AddressInfo).port}`]]);
  const peers = new PeerHttp({ urls, token });
  let piecesMax = 0;
  const { concat } = Buffer;
  t.mock.method(Buffer, 'concat', (pieces: readonly Uint8Array[], length?: number) => {
    piecesMax = Math.max(piecesMax, pieces.length);
    return concat(pieces, length);
  });
  const answer = await peers.call(2, new Uint8Array(1), 5_000);
  assert.deepEqual(
    answer,
    Uint8Array.from({ length: 500 }, (_, i) => i),
  );
  assert.ok(piecesMax < 500, `${piecesMax} pieces`);
  peers.close();
  server.close();
});

test('HSM socket: replies pair with requests, a lost connection fails what was in flight, the next call connects again', async (t) => {
  const { hsms } = provision(['a']);
  const { path, sockets } = await serveHsm(t, hsms[0] as Hsm);
  const connection = new HsmSocket(path);
  t.after(() => connection.close());
  const replies = await Promise.all([
    connection.call({ type: 'describe' }),
    connection.call({ type: 'inspect', group: 0 }),
    connection.call({ type: 'inspect', group: 5 }),
  ]);
  assert.deepEqual(
    replies.map(({ type }) => type),
    ['described', 'inspected', 'refused'],
  );
  for (const socket of sockets) socket.pause();
  const pending = connection.call({ type: 'describe' });
  for (const socket of sockets) socket.destroy();
  await assert.rejects(pending, { code: 'hsm-unavailable' });
  assert.equal((await connection.call({ type: 'describe' })).type, 'described');
});

test('HSM socket: nobody there, or somebody who answers nonsense', async (t) => {
  await assert.rejects(new HsmSocket(join(tmpdir(), 'no-such-socket')).call({ type: 'describe' }), {
    code: 'hsm-unavailable',
  });
  for (const answer of [
    (socket: Socket) => socket.write(new Uint8Array([0xff, 0xff, 0xff, 0xff])),
    (socket: Socket) => socket.write(encodeFrame(new Uint8Array(3), hostFrameBytesMax)),
    (socket: Socket) => socket.end(),
  ]) {
    const dir = mkdtempSync(join(tmpdir(), 'agent-'));
    const server = createServer((socket) => {
      const frames = new FrameDecoder(hostFrameBytesMax);
      socket.on('data', (chunk) => {
        for (const frame of frames.push(chunk)) {
          assert.equal(decodeHostRequest(frame).body.type, 'describe');
          answer(socket);
        }
      });
    });
    await new Promise<void>((resolve) => server.listen(join(dir, 'hsm'), resolve));
    const connection = new HsmSocket(join(dir, 'hsm'));
    await assert.rejects(
      connection.call({ type: 'describe' }),
      (error) => error instanceof AgentError && error.code === 'hsm-unavailable',
    );
    connection.close();
    server.close();
    t.after(() => rmSync(dir, { recursive: true }));
  }
});
