import assert from 'node:assert/strict';
import { test } from 'node:test';
import { equalBytes } from '@coffer/base';
import {
  ClientError,
  MemoryClientStore,
  type Transport,
  VaultClient,
  VaultExchange,
  verifyErasureReceipt,
} from '@coffer/client';
import { opaqueGenerateKe1, sha512, systemEntropy } from '@coffer/crypto';
import { createDevIssuer, createGateway, createTokenVerifier, type Gateway, GatewayError } from '@coffer/gateway';
import { groupOf, vaultIdOf } from '@coffer/protocol';
import { TestFleet } from '../packages/agent/test/fleet.js';

/** A whole life of a vault: the SDK, the gateway with real tokens, three agents and three HSM cores, in virtual time. */

const tenant = 'example';
const issuer = 'https://id.example';
const audience = 'coffer';
/** Token checks run on other threads, during which virtual time runs on by itself. */
const finishLimitMs = 100_000_000;

interface House {
  readonly fleet: TestFleet;
  readonly gateway: Gateway;
  /** Called after the gateway answered and before the client hears of it; throw to lose the answer. */
  answered: (post: number) => void | Promise<void>;
  posts: number;
  token(account: string): Promise<string>;
  transport: Transport;
}

async function openHouse(): Promise<House> {
  const fleet = await TestFleet.start({ sites: 3, groups: 2 });
  const clock = fleet.time;
  const dev = createDevIssuer({ seed: systemEntropy.bytes(32), issuer, audience, clock });
  const gateway = createGateway({
    fleets: [fleet.descriptor],
    routes: {
      async call(memberId: number, call: Uint8Array) {
        const { agent } = fleet.site(memberId);
        if (agent === undefined) throw new GatewayError('agent-unavailable', 'no agent');
        return agent.handleRouted(call);
      },
    },
    tokens: createTokenVerifier({ issuer, audience, keys: dev.keys, clock }),
    clock,
    timers: clock,
    limits: { accountBurst: 1_000 },
  });
  const house: House = {
    fleet,
    gateway,
    answered: () => undefined,
    posts: 0,
    token: (account) => dev.issue({ tenant, account }),
    transport: {
      async post(path, headers, body) {
        const request = new Request(`http://gateway.example${path}`, { method: 'POST', headers, body: body.slice() });
        const response = await gateway.fetch(request);
        const answer = new Uint8Array(await response.arrayBuffer());
        await house.answered(++house.posts);
        return { status: response.status, headers: Object.fromEntries(response.headers), body: answer };
      },
    },
  };
  return house;
}

function openClient(house: House, account: string, store = new MemoryClientStore()): Promise<VaultClient> {
  const { fleet, transport } = house;
  return VaultClient.open({
    fleet: fleet.descriptor,
    tenant,
    account,
    transport,
    token: () => house.token(account),
    store,
    clock: fleet.time,
    timers: fleet.time,
    stretch: (input) => sha512(input),
  });
}

const inTime =
  ({ fleet }: House) =>
  <T>(work: Promise<T>): Promise<T> =>
    fleet.time.finish(work, finishLimitMs);

test('protect, forget, remember, change, erase', async () => {
  const house = await openHouse();
  const run = inTime(house);
  const client = await openClient(house, 'alice');
  const backupKey = systemEntropy.bytes(32);
  assert.deepEqual(await run(client.unlock('1234')), { type: 'not-registered' });
  const kept = await run(client.protect('1234', backupKey, { budgetMax: 4 }));
  assert.deepEqual(kept, { type: 'protected', version: 1, budget: 4, resets: 0 });
  assert.deepEqual(await run(client.unlock('0000')), { type: 'wrong-password', budget: 3 });
  assert.deepEqual(await run(client.unlock('0001')), { type: 'wrong-password', budget: 2 });
  const unlocked = await run(client.unlock('1234'));
  assert.ok(unlocked.type === 'unlocked' && equalBytes(unlocked.backupKey, backupKey));
  assert.deepEqual([unlocked.budget, unlocked.failures, unlocked.askRefill], [4, 0, false]);

  // Another device of hers, and a failure on it: this one asks before it refills.
  const other = await openClient(house, 'alice');
  await run(other.unlock('9999'));
  const asked = await run(client.unlock('1234'));
  assert.ok(asked.type === 'unlocked' && asked.askRefill && asked.failures === 1);
  assert.deepEqual(await run(client.refill()), { type: 'refilled', budget: 4 });

  const changed = await run(client.changePassword('1234', 'correct horse'));
  assert.deepEqual(changed, { type: 'protected', version: 2, budget: 10, resets: 0 });
  assert.equal((await run(client.unlock('1234'))).type, 'wrong-password');
  const again = await run(other.unlock('correct horse'));
  assert.ok(again.type === 'unlocked' && equalBytes(again.backupKey, backupKey));

  const erased = await run(client.erase());
  assert.ok(erased.type === 'erased');
  const vaultId = vaultIdOf(tenant, 'alice');
  assert.deepEqual(verifyErasureReceipt(house.fleet.descriptor, erased.receipt), { vaultId, version: 3 });
  assert.deepEqual(await run(other.unlock('correct horse')), { type: 'erased' });
  await house.fleet.stop();
});

test('three wrong guesses lock out; the client never sends a fourth, an attacker does, and the vault is gone', async () => {
  const house = await openHouse();
  const run = inTime(house);
  const client = await openClient(house, 'bob');
  await run(client.protect('1234', systemEntropy.bytes(32), { budgetMax: 3 }));
  for (const [guess, budget] of [
    ['0001', 2],
    ['0002', 1],
    ['0003', 0],
  ] as const) {
    assert.deepEqual(await run(client.unlock(guess)), { type: 'wrong-password', budget });
  }
  assert.deepEqual(await run(client.unlock('1234')), { type: 'locked-out', interrupted: false });
  assert.equal((await run(client.status())).state, 'live');

  const { fleet, transport } = house;
  const attacker = new VaultExchange({
    vault: { fleet: fleet.descriptor, vaultId: vaultIdOf(tenant, 'bob') },
    transport,
    token: () => house.token('bob'),
    entropy: systemEntropy,
    clock: fleet.time,
    timers: fleet.time,
  });
  const { ke1 } = opaqueGenerateKe1(Uint8Array.of(1), systemEntropy);
  assert.deepEqual(await run(attacker.call({ type: 'recover.start', ke1 })), { type: 'destroyed', version: 2 });
  assert.deepEqual(await run(client.unlock('1234')), { type: 'destroyed' });
  await fleet.stop();
});

test('the leader dies after each message of an unlock: another HSM goes on, and no guess is lost', async () => {
  for (const cutAt of [1, 2, 3]) {
    const house = await openHouse();
    const run = inTime(house);
    const { fleet } = house;
    const client = await openClient(house, 'carol');
    const backupKey = systemEntropy.bytes(32);
    await run(client.protect('1234', backupKey));
    const group = groupOf(vaultIdOf(tenant, 'carol'), fleet.descriptor.groups);
    const leader = await fleet.leader(group);
    const from = house.posts;
    house.answered = (post) => {
      if (post !== from + cutAt) return;
      leader.kill();
      throw new ClientError('network', 'the answer was lost');
    };
    const outcome = await run(client.unlock('1234'));
    assert.ok(outcome.type === 'unlocked' && equalBytes(outcome.backupKey, backupKey), `message ${cutAt}`);
    assert.deepEqual([outcome.budget, outcome.failures], [10, 0]);
    await fleet.stop();
  }
});

test("the reply to each operation is lost, and the client's second try gives the same result", async () => {
  const house = await openHouse();
  const run = inTime(house);
  let lost = 0;
  house.answered = (post) => {
    if (post % 2 === 1) {
      lost++;
      throw new ClientError('network', 'lost');
    }
  };
  const client = await openClient(house, 'dave');
  assert.equal((await run(client.protect('1234', systemEntropy.bytes(32)))).type, 'protected');
  assert.deepEqual(await run(client.unlock('0000')), { type: 'wrong-password', budget: 9 });
  const outcome = await run(client.unlock('1234'));
  // The authTicket went with the lost reply; the payload came with the second one.
  assert.ok(outcome.type === 'unlocked' && outcome.failures === 1 && outcome.budget === 9 && !outcome.askRefill);
  const erased = await run(client.erase());
  assert.ok(erased.type === 'erased' && erased.version === 2);
  assert.ok(lost >= 10);
  await house.fleet.stop();
});

test("an account's token with a request sealed for another's vault: bad-request, and nothing is charged", async () => {
  const house = await openHouse();
  const run = inTime(house);
  const victim = await openClient(house, 'victim');
  await run(victim.protect('1234', systemEntropy.bytes(32)));
  const { fleet, transport } = house;
  // A client for the victim's vault with the thief's token.
  const thief = await VaultClient.open({
    fleet: fleet.descriptor,
    tenant,
    account: 'victim',
    transport,
    token: () => house.token('thief'),
    store: new MemoryClientStore(),
    clock: fleet.time,
    timers: fleet.time,
  });
  await assert.rejects(
    run(thief.unlock('1234')),
    (error) => error instanceof ClientError && error.code === 'bad-request',
  );
  const status = await run(victim.status());
  assert.deepEqual([status.budget, status.failures, status.warnings.length], [10, 0, 0]);
  await fleet.stop();
});

test('a client that crashed continues with the same registration bytes on a fleet that failed over', async () => {
  const house = await openHouse();
  const run = inTime(house);
  const { fleet } = house;
  const store = new MemoryClientStore();
  const group = groupOf(vaultIdOf(tenant, 'erin'), fleet.descriptor.groups);
  const leader = await fleet.leader(group);
  house.answered = (post) => {
    if (post >= 2) throw new Error('the device lost power');
  };
  await assert.rejects(
    run((await openClient(house, 'erin', store)).protect('1234', systemEntropy.bytes(32))),
    /lost power/,
  );
  leader.kill();
  house.answered = () => undefined;
  const client = await openClient(house, 'erin', store);
  assert.deepEqual(await run(client.resume()), { type: 'protected', version: 1, budget: 10, resets: 0 });
  assert.equal((await run(client.unlock('1234'))).type, 'unlocked');
  await fleet.stop();
});
