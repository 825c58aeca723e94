import assert from 'node:assert/strict';
import { test } from 'node:test';
import { utf8 } from '@coffer/base';
import {
  answerBytesMax,
  ClientError,
  exchangeMsMax,
  fetchTransport,
  postTriesMax,
  retryAfterMsMax,
  VaultClient,
} from '@coffer/client';
import { systemEntropy } from '@coffer/crypto';
import { decodeVaultAnswer, encodeVaultAnswer, type VaultAnswer } from '@coffer/protocol';
import { FakeFleet } from './fake-fleet.js';
import { account, code, Device, hostSays, protectedDevice, tenant, vaultId } from './harness.js';

const status = (device: Device): Promise<unknown> => device.exchange().call({ type: 'status' });

const forgeries: readonly [string, (answer: VaultAnswer, fleet: FakeFleet) => VaultAnswer][] = [
  ['one signature short of a quorum', (answer, fleet) => ({ ...answer, proof: fleet.prove(answer.reply, {}, [3]) })],
  ['one member twice', (answer, fleet) => ({ ...answer, proof: fleet.prove(answer.reply, {}, [2, 2]) })],
  ['another group', (answer, fleet) => ({ ...answer, proof: fleet.prove(answer.reply, { group: 31 }) })],
  ['another fleet', (answer) => ({ ...answer, proof: new FakeFleet(vaultId).prove(answer.reply) })],
  [
    'proof of another reply',
    (answer, fleet) => ({ ...answer, proof: fleet.prove(systemEntropy.bytes(answer.reply.length)) }),
  ],
  ['no entries', (answer) => ({ ...answer, proof: { ...answer.proof, entries: [] } })],
  ['another place in the entry', (answer) => ({ ...answer, proof: { ...answer.proof, replyIndex: 0 } })],
  ['a changed reply', (answer) => ({ ...answer, reply: answer.reply.map((byte, i) => (i === 40 ? byte ^ 1 : byte)) })],
  [
    'a certificate for a later index',
    (answer) => ({
      ...answer,
      proof: {
        ...answer.proof,
        certificate: { ...answer.proof.certificate, index: answer.proof.certificate.index + 1n },
      },
    }),
  ],
];

for (const [name, forge] of forgeries) {
  test(`unproven reply, ${name}: refused at once, nothing opened, no second try`, async () => {
    const { device, client } = await protectedDevice();
    device.fleet.tamper = (answer) => forge(answer, device.fleet);
    await assert.rejects(client.unlock('correct horse'), code('unproven-reply'));
    assert.equal(device.fleet.seen.length, 1);
    assert.deepEqual(device.time.waitsMs, []);
  });
}

test('a 200 without an answer in it is no reply', async () => {
  const device = new Device();
  for (const body of [new Uint8Array(0), utf8('<html>log in</html>'), systemEntropy.bytes(2_000)]) {
    device.intercept = () => ({ status: 200, headers: {}, body });
    await assert.rejects(status(device), code('unproven-reply'));
  }
});

test('a truncated or extended answer is no reply', async () => {
  const device = new Device();
  let whole = new Uint8Array(0);
  device.intercept = (_, body) => {
    whole = device.fleet.answer(body).slice();
    return undefined;
  };
  await status(device);
  assert.deepEqual(encodeVaultAnswer(decodeVaultAnswer(whole)), whole);
  for (const body of [
    ...[0, 1, 100, whole.length - 1].map((end) => whole.slice(0, end)),
    new Uint8Array([...whole, 0]),
  ]) {
    device.intercept = () => ({ status: 200, headers: {}, body });
    await assert.rejects(status(device), code('unproven-reply'));
  }
});

test('a proven reply to another request does not open', async () => {
  const device = new Device();
  const kept: Uint8Array[] = [];
  device.intercept = (post, body) => {
    if (post === 1) kept.push(device.fleet.answer(body));
    return { status: 200, headers: {}, body: kept[0] as Uint8Array };
  };
  await status(device);
  await assert.rejects(status(device), code('bad-reply'));
});

test('a proven reply of a kind that does not answer is refused', async () => {
  const device = new Device();
  device.fleet.say = () => ({ type: 'register.abandoned' });
  const client = await device.open();
  await assert.rejects(client.status(), code('bad-reply'));
  await assert.rejects(client.protect('1234', new Uint8Array(32)), code('bad-reply'));
});

test("the host's codes reach the app", async () => {
  for (const [answer, expected] of [
    [hostSays(400, 'bad-request'), 'bad-request'],
    [hostSays(401, 'unauthorized'), 'unauthorized'],
    [hostSays(404, 'unknown-fleet'), 'unknown-fleet'],
    [hostSays(429, 'rate-limited'), 'rate-limited'],
    [hostSays(503, 'unavailable'), 'unavailable'],
    [{ status: 502, headers: {}, body: utf8('<html>') }, 'unavailable'],
    [{ status: 302, headers: {}, body: utf8('') }, 'unavailable'],
    [{ status: 403, headers: {}, body: utf8('{') }, 'unauthorized'],
    [{ status: 413, headers: {}, body: utf8('null') }, 'bad-request'],
    [{ status: 429, headers: {}, body: utf8('') }, 'rate-limited'],
  ] as const) {
    const device = new Device();
    device.intercept = () => answer;
    await assert.rejects(status(device), code(expected));
    const retried = expected === 'unavailable' || expected === 'rate-limited';
    assert.equal(device.posts, retried ? postTriesMax : 1, expected);
  }
});

test('retries back off, with jitter, and end', async () => {
  const device = new Device();
  device.intercept = () => {
    throw new ClientError('network', 'cut');
  };
  await assert.rejects(status(device), code('network'));
  assert.equal(device.posts, postTriesMax);
  const { waitsMs } = device.time;
  [200, 400, 800, 1_600].forEach((fullMs, i) => {
    assert.ok((waitsMs[i] as number) >= fullMs / 2 && (waitsMs[i] as number) <= fullMs);
  });
});

test('every retry sends the same sealed bytes', async () => {
  const device = new Device();
  const bodies: Uint8Array[] = [];
  device.intercept = (post, body) => {
    bodies.push(body);
    return post < 3 ? hostSays(503, 'unavailable') : undefined;
  };
  await status(device);
  assert.deepEqual(bodies[0], bodies[2]);
});

test('Retry-After is honoured up to its limit', async () => {
  const device = new Device();
  device.intercept = (post) => (post === 1 ? hostSays(429, 'rate-limited', retryAfterMsMax) : undefined);
  await status(device);
  assert.deepEqual(device.time.waitsMs, [retryAfterMsMax]);
  device.posts = 0;
  device.intercept = () => ({ status: 503, headers: { 'retry-after': '9' }, body: utf8('') });
  await assert.rejects(status(device));
  assert.ok(device.time.waitsMs.slice(1).every((waitMs) => waitMs === 9_000));
  assert.ok(device.time.waitsMs.length - 1 <= exchangeMsMax / 9_000);
  device.posts = 0;
  device.intercept = () => hostSays(429, 'rate-limited', retryAfterMsMax + 1);
  await assert.rejects(status(device), (e) => e instanceof ClientError && e.retryAfterMs === retryAfterMsMax + 1);
  assert.equal(device.posts, 1);
});

test('the app has no token: unauthorized, nothing posted', async () => {
  const device = new Device();
  const client = await VaultClient.open({
    fleet: device.fleet.fleet,
    tenant,
    account,
    transport: device.transport,
    token: () => Promise.reject(new Error('signed out')),
    store: device.store,
    clock: device.time,
    timers: device.time,
  });
  await assert.rejects(client.status(), code('unauthorized'));
  assert.equal(device.posts, 0);
});

test('fetchTransport posts, and reads an answer up to its limit', async () => {
  const calls: [unknown, RequestInit | undefined][] = [];
  let body = systemEntropy.bytes(answerBytesMax);
  const transport = fetchTransport('https://vault.example/base/', {
    fetch: async (url, init) => {
      calls.push([url, init]);
      return new Response(body.slice(), { status: 201, headers: { 'Retry-After': '3' } });
    },
  });
  const answer = await transport.post('/v1/vault', { authorization: 'Bearer x' }, utf8('hello'));
  assert.equal(calls[0]?.[0], 'https://vault.example/base/v1/vault');
  assert.equal(calls[0]?.[1]?.redirect, 'error');
  assert.equal(calls[0]?.[1]?.credentials, 'omit');
  assert.deepEqual([answer.status, answer.headers['retry-after'], answer.body.length], [201, '3', answerBytesMax]);
  body = systemEntropy.bytes(answerBytesMax + 1);
  await assert.rejects(transport.post('/', {}, utf8('')), code('network'));
});

test('fetchTransport: whatever fetch throws is network, and it does not wait for ever', async () => {
  const refused = fetchTransport('http://127.0.0.1:1');
  await assert.rejects(refused.post('/', {}, utf8('')), code('network'));
  const silent = fetchTransport('http://silent.example', {
    timeoutMs: 5,
    fetch: (_, init) =>
      new Promise((_resolve, reject) => init?.signal?.addEventListener('abort', () => reject(init.signal?.reason))),
  });
  // AbortSignal.timeout does not keep the process alive by itself.
  const alive = setInterval(() => undefined, 1_000);
  await assert.rejects(silent.post('/', {}, utf8('')), code('network'));
  clearInterval(alive);
});
