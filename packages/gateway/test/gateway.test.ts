import assert from 'node:assert/strict';
import { test } from 'node:test';
import { equalBytes, hex } from '@coffer/base';
import { systemEntropy } from '@coffer/crypto';
import {
  type AgentRoutes,
  createGateway,
  errorResponse,
  GatewayError,
  type GatewayErrorCode,
  type GatewayEvent,
  httpMeanings,
} from '@coffer/gateway';
import {
  decodeFleetDescriptor,
  decodeVaultAnswer,
  encodeVaultCall,
  type FleetDescriptor,
  groupOf,
  sealedRequestBytesMax,
  vaultCallBytesMax,
  vaultIdOf,
} from '@coffer/protocol';
import { bench, committed, FakeAgents, makeFleet, refusal, vaultCall } from './harness.js';

test('a call goes to an agent with the vault of the token, and its committed answer comes back', async () => {
  const { post, agents, fleet } = bench();
  const answer = committed(fleet);
  agents.answer = () => answer;
  const response = await post();
  assert.equal(response.status, 200);
  assert.equal(response.headers.get('content-type'), 'application/octet-stream');
  assert.equal(response.headers.get('cache-control'), 'no-store');
  const { reply } = decodeVaultAnswer(new Uint8Array(await response.arrayBuffer()));
  assert.deepEqual(reply, answer.reply);
  const vaultId = vaultIdOf('example', 'alice');
  const { call } = agents.asked[0] as (typeof agents.asked)[0];
  assert.deepEqual(call.vaultId, vaultId);
  assert.equal(call.group, groupOf(vaultId, fleet.groups));
  assert.deepEqual(call.request, Uint8Array.of(1, 2, 3));
});

test('tenant and account both make the vault', async () => {
  const { post, agents, token } = bench();
  for (const [account, tenant] of [
    ['a', 'bc'],
    ['ab', 'c'],
    ['a', 'c'],
    ['b', 'bc'],
  ] as const)
    await post({ token: await token(account, tenant) });
  assert.equal(new Set(agents.asked.map(({ call }) => hex(call.vaultId))).size, 4);
});

test("a request sealed for another account's vault: the seal does not open, bad-request", async () => {
  const { post, agents, token } = bench();
  const sealedFor = vaultIdOf('example', 'bob');
  // As an HSM would: the associated data of the seal holds the vault that the gateway derived.
  const { fleet } = bench();
  agents.answer = (_, call) => (equalBytes(call.vaultId, sealedFor) ? committed(fleet) : { type: 'bad-request' });
  assert.deepEqual(await refusal(await post({ token: await token('alice') })), { status: 400, code: 'bad-request' });
  assert.equal((await post({ token: await token('bob') })).status, 200);
  assert.equal(agents.members.length, 2, 'a request that does not open is not tried elsewhere');
});

test('no token, or something else for one: unauthorized, and the body is not read', async () => {
  const { gateway, agents, fleet } = bench();
  for (const authorization of [undefined, 'Bearer', 'Bearer ', 'Basic YTpi', 'Bearer a b', 'Bearer not-a-jwt']) {
    const body = new ReadableStream<Uint8Array>(
      {
        pull: () => {
          throw new Error('read');
        },
      },
      { highWaterMark: 0 },
    );
    const request = new Request('http://g/v1/vault', {
      method: 'POST',
      headers: authorization === undefined ? {} : { authorization },
      body,
      duplex: 'half',
    } as RequestInit);
    const response = await gateway.fetch(request);
    assert.equal(response.headers.get('www-authenticate'), 'Bearer');
    assert.deepEqual(await refusal(response), { status: 401, code: 'unauthorized' });
  }
  assert.equal(agents.asked.length, 0);
  assert.equal(fleet.groups, 4);
});

test('a configHash that is not served: unknown-fleet', async () => {
  const { post, agents } = bench();
  assert.deepEqual(await refusal(await post({ body: vaultCall(makeFleet()) })), { status: 404, code: 'unknown-fleet' });
  assert.equal(agents.asked.length, 0);
});

test('malformed bodies: bad-request, and no agent is asked', async () => {
  const { post, agents, fleet } = bench();
  const good = vaultCall(fleet);
  for (const body of [
    new Uint8Array(0),
    good.subarray(0, 31),
    good.subarray(0, good.length - 1),
    new Uint8Array([...good, 0]),
  ]) {
    assert.deepEqual(await refusal(await post({ body })), { status: 400, code: 'bad-request' });
  }
  assert.equal(agents.asked.length, 0);
});

test('body limit: the largest call passes, one byte more does not, announced or not', async () => {
  const { post, fleet, agents } = bench();
  const largest = encodeVaultCall({
    configHash: fleet.configHash,
    request: systemEntropy.bytes(sealedRequestBytesMax),
    known: { epoch: 1, size: 1 },
  });
  assert.equal(largest.length, vaultCallBytesMax);
  assert.equal((await post({ body: largest })).status, 200);
  const larger = new Uint8Array(vaultCallBytesMax + 1);
  const announced = await post({ body: larger, headers: { 'content-length': String(larger.length) } });
  assert.deepEqual(await refusal(announced), { status: 413, code: 'bad-request' });
  const unannounced = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(larger);
      controller.close();
    },
  });
  assert.deepEqual(await refusal(await post({ body: unannounced })), { status: 413, code: 'bad-request' });
  let sent = 0;
  const endless = new ReadableStream<Uint8Array>({
    pull(controller) {
      sent += 100;
      controller.enqueue(new Uint8Array(100));
      // Not without end after all, so that a gateway which counted nothing would fail here instead of reading for ever.
      if (sent > 100 * vaultCallBytesMax) controller.close();
    },
  });
  const streamed = await post({ body: endless });
  assert.equal(streamed.headers.get('connection'), 'close');
  assert.deepEqual(await refusal(streamed), { status: 413, code: 'bad-request' });
  assert.ok(sent < vaultCallBytesMax + 1_000, 'no more was read than the limit');
  assert.equal(agents.asked.length, 1);
  for (const length of ['-', '1e99', 'NaN']) {
    assert.equal((await post({ headers: { 'content-length': length } })).status, 413);
  }
});

test('a body that trickles: given up after its time', async () => {
  const { post, time } = bench({ bodyMs: 1_000 });
  let cancelled = false;
  const silent = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(new Uint8Array(10)),
    cancel: () => {
      cancelled = true;
    },
  });
  const before = time.ms;
  assert.deepEqual(await refusal(await post({ body: silent })), { status: 408, code: 'unavailable' });
  assert.equal(time.ms - before, 1_000);
  assert.ok(cancelled);
});

test('a body that breaks off: bad-request', async () => {
  const { post } = bench();
  const broken = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.error(new Error('reset')),
  });
  assert.deepEqual(await refusal(await post({ body: broken })), { status: 400, code: 'bad-request' });
});

test('rate limit per account: 429 with Retry-After, and other accounts are not touched', async () => {
  const { post, time, token } = bench({ accountBurst: 3, accountPerMinute: 6 });
  for (let i = 0; i < 3; i++) assert.equal((await post()).status, 200);
  const limited = await post();
  assert.equal(limited.headers.get('retry-after'), '10');
  assert.deepEqual(await refusal(limited), { status: 429, code: 'rate-limited', retryAfterMs: 10_000 });
  assert.equal((await post({ token: await token('bob') })).status, 200);
  time.ms += 9_999;
  assert.equal((await post()).status, 429);
  time.ms += 1;
  assert.equal((await post()).status, 200);
  assert.equal((await post()).status, 429);
});

test('rate limit per address comes before the token is looked at', async () => {
  const { post } = bench({ addressBurst: 2, addressPerMinute: 60 });
  const address = '192.0.2.1';
  assert.equal((await post({ address, token: 'x' })).status, 401);
  assert.equal((await post({ address: `::ffff:${address}` })).status, 200);
  assert.equal((await post({ address })).status, 429);
  assert.equal((await post({ address: '192.0.2.2' })).status, 200);
  assert.equal((await post({})).status, 200);
  assert.equal((await post({ address: '2001:db8::1' })).status, 200);
  assert.equal((await post({ address: '2001:db8:0:0:ffff::2' })).status, 200);
  assert.equal((await post({ address: '2001:0db8::3' })).status, 429, 'one /64 is one address');
  assert.equal((await post({ address: '2001:db8:0:1::3' })).status, 200);
});

test('more calls at once than allowed: unavailable', async () => {
  const { fleet, token, post, agents } = bench({ callsMax: 1 });
  let release = (): void => undefined;
  const waiting = new Promise<void>((resolve) => {
    release = resolve;
  });
  const routes: AgentRoutes = { call: (memberId, call) => waiting.then(() => agents.call(memberId, call)) };
  const { gateway } = withRoutes(fleet, routes);
  const make = async (): Promise<Request> =>
    new Request('http://g/v1/vault', {
      method: 'POST',
      headers: { authorization: `Bearer ${await token()}` },
      body: vaultCall(fleet).slice(),
    });
  const first = gateway.fetch(await make());
  while ((await refusedOr200(gateway.fetch(await make()))) !== 503);
  release();
  assert.equal((await first).status, 200);
  assert.equal((await post()).status, 200);
});

async function refusedOr200(response: Promise<Response>): Promise<number> {
  return (await response).status;
}

function withRoutes(fleet: FleetDescriptor, routes: AgentRoutes, log: (event: GatewayEvent) => void = () => undefined) {
  const { time } = bench();
  return {
    gateway: createGateway({
      fleets: [fleet],
      routes,
      tokens: { verify: async () => ({ tenant: 'example', account: 'alice' }) },
      clock: time,
      timers: time,
      limits: { callsMax: 1 },
      log,
    }),
  };
}

test('nobody leads: unavailable, with the longest wait that an agent asked for', async () => {
  const { post, agents, time } = bench({ routeMs: 5_000 });
  agents.answer = (memberId) => (memberId === 2 ? { type: 'unavailable', retryAfterMs: 2_500 } : 'down');
  const before = time.ms;
  const response = await post();
  assert.equal(response.headers.get('retry-after'), '3');
  assert.deepEqual(await refusal(response), { status: 503, code: 'unavailable', retryAfterMs: 2_500 });
  assert.ok(time.ms - before <= 5_000);
});

test('an error of ours: 500, nothing of it in the answer', async () => {
  const { fleet, token } = bench();
  const events: GatewayEvent[] = [];
  const broken = { call: () => Promise.reject(new TypeError('secret detail')) };
  const { gateway } = withRoutes(fleet, broken, (event) => events.push(event));
  const response = await gateway.fetch(
    new Request('http://g/v1/vault', {
      method: 'POST',
      headers: { authorization: `Bearer ${await token()}` },
      body: vaultCall(fleet).slice(),
    }),
  );
  assert.deepEqual(await refusal(response), { status: 500, code: 'unavailable' });
  const [event] = events;
  assert.ok(
    event?.type === 'refused' && event.code === 'internal' && event.cause instanceof TypeError,
    'logged with its cause',
  );
});

test('other paths and methods', async () => {
  const { gateway } = bench();
  const get = (path: string, method = 'GET') => gateway.fetch(new Request(`http://g${path}`, { method }));
  assert.deepEqual(await refusal(await get('/v2/vault')), { status: 404, code: 'bad-request' });
  assert.deepEqual(await refusal(await get('/v1/vault/')), { status: 404, code: 'bad-request' });
  assert.deepEqual(await refusal(await get('/v1/vault')), { status: 405, code: 'bad-request' });
  assert.deepEqual(await refusal(await get('/v1/fleet', 'DELETE')), { status: 405, code: 'bad-request' });
  assert.equal(await (await get('/healthz')).text(), 'ok');
});

test('the descriptor is served as the bytes that its configHash hashes', async () => {
  const { gateway, fleet } = bench();
  const response = await gateway.fetch(new Request('http://g/v1/fleet'));
  const decoded = decodeFleetDescriptor(new Uint8Array(await response.arrayBuffer()));
  assert.deepEqual(decoded.configHash, fleet.configHash);
});

test('status shows leaders by group as they become known', async () => {
  const { gateway, post, fleet } = bench();
  const leaders = async () =>
    ((await (await gateway.fetch(new Request('http://g/v1/status'))).json()) as { fleets: { leaders: number[] }[] })
      .fleets[0]?.leaders;
  assert.deepEqual(await leaders(), [0, 0, 0, 0]);
  await post();
  const group = groupOf(vaultIdOf('example', 'alice'), fleet.groups);
  assert.deepEqual(
    await leaders(),
    [0, 0, 0, 0].map((_, i) => (i === group ? (group % 3) + 1 : 0)),
  );
});

test('no account, token or vault in logs and metrics', async () => {
  const { post, gateway, events, token } = bench({ accountBurst: 1 });
  await post();
  await post();
  await post({ token: 'bad' });
  const page = await (await gateway.fetch(new Request('http://g/metrics'))).text();
  assert.match(page, /coffer_gateway_refused_total\{code="account-limited"\} 1/);
  assert.match(page, /coffer_gateway_refused_total\{code="bad-token"\} 1/);
  assert.match(page, /coffer_gateway_answer_milliseconds_count 1/);
  const all = page + JSON.stringify(events);
  for (const secret of [
    'alice',
    'example',
    hex(vaultIdOf('example', 'alice')).slice(0, 12),
    (await token()).slice(0, 20),
  ]) {
    assert.ok(!all.includes(secret));
  }
});

test('browsers: listed origins only, also on errors', async () => {
  const { post, gateway } = bench({ accountBurst: 1 }, ['https://app.example']);
  const from = (origin: string) => ({ headers: { origin } });
  const allowed = await post(from('https://app.example'));
  assert.equal(allowed.headers.get('access-control-allow-origin'), 'https://app.example');
  const refused = await post(from('https://app.example'));
  assert.equal(refused.status, 429);
  assert.equal(refused.headers.get('access-control-allow-origin'), 'https://app.example');
  assert.match(refused.headers.get('access-control-expose-headers') ?? '', /retry-after/i);
  assert.equal((await post(from('https://evil.example'))).headers.get('access-control-allow-origin'), null);
  const preflight = await gateway.fetch(
    new Request('http://g/v1/vault', {
      method: 'OPTIONS',
      headers: { origin: 'https://app.example', 'access-control-request-method': 'POST' },
    }),
  );
  assert.equal(preflight.status, 204);
  assert.match(preflight.headers.get('access-control-allow-headers') ?? '', /authorization/);
});

test('the error table: every code has a status and one of the five words of a host', async () => {
  const codes = Object.keys(httpMeanings) as GatewayErrorCode[];
  assert.deepEqual(
    Object.fromEntries(codes.map((code) => [code, `${httpMeanings[code].status} ${httpMeanings[code].says}`])),
    {
      'bad-token': '401 unauthorized',
      'keys-unavailable': '503 unavailable',
      'bad-call': '400 bad-request',
      'body-too-large': '413 bad-request',
      'body-too-slow': '408 unavailable',
      'unknown-fleet': '404 unknown-fleet',
      'account-limited': '429 rate-limited',
      'address-limited': '429 rate-limited',
      'no-leader': '503 unavailable',
      'agent-unavailable': '503 unavailable',
      overloaded: '503 unavailable',
      'no-bundle': '503 unavailable',
      'bundle-refused': '503 unavailable',
      'not-operator': '401 unauthorized',
      'not-found': '404 bad-request',
      'bad-method': '405 bad-request',
      internal: '500 unavailable',
      'bad-config': '500 unavailable',
    },
  );
  for (const code of codes) {
    const response = errorResponse(new GatewayError(code, 'not for clients', { retryAfterMs: 1_500 }));
    assert.equal(response.headers.get('retry-after'), '2');
    assert.deepEqual(await response.json(), { code: httpMeanings[code].says, retryAfterMs: 1_500 });
  }
});

test('no gateway without a fleet, or with one fleet twice', () => {
  const { time, fleet } = bench();
  const tokens = { verify: async () => ({ tenant: 't', account: 'a' }) };
  const routes = new FakeAgents(() => 'down');
  for (const fleets of [[], [fleet, fleet]]) {
    assert.throws(
      () => createGateway({ fleets, routes, tokens, clock: time, timers: time }),
      (error) => error instanceof GatewayError && error.code === 'bad-config',
    );
  }
});

test('two fleets, each with its own way', async () => {
  const { time, fleet, token } = bench();
  const other = makeFleet(5, 1);
  const ways = new Map([fleet, other].map((each) => [each, new FakeAgents(() => committed(each))]));
  const gateway = createGateway({
    fleets: [fleet, other],
    routes: (each) => ways.get(each) as FakeAgents,
    tokens: { verify: async () => ({ tenant: 't', account: 'a' }) },
    clock: time,
    timers: time,
  });
  const headers = { authorization: `Bearer ${await token()}` };
  await gateway.fetch(new Request('http://g/v1/vault', { method: 'POST', headers, body: vaultCall(other).slice() }));
  assert.equal(ways.get(fleet)?.asked.length, 0);
  assert.equal(ways.get(other)?.asked[0]?.call.group, 0);
});
