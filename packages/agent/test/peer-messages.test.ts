import assert from 'node:assert/strict';
import test from 'node:test';
import { type ConfigHash, decodeRoutedAnswer, encodeRoutedCall, type VaultId } from '@coffer/protocol';
import { WireError } from '@coffer/wire';
import fc from 'fast-check';
import {
  decodePeerMessage,
  decodePeerReply,
  encodePeerMessage,
  type PeerRequest,
  peerEntriesMax,
  storedEntryBytesMax,
} from '../dist/peer-messages.js';
import { TestFleet, type TestSite } from './fleet.js';

const t = { round: 9n, leaderId: 1 };

async function send(
  fleet: TestFleet,
  to: TestSite,
  body: PeerRequest,
  from = 1,
  configHash = fleet.descriptor.configHash,
) {
  return answer(fleet, to, encodePeerMessage({ configHash, from, body }));
}

async function answer(fleet: TestFleet, to: TestSite, bytes: Uint8Array) {
  return decodePeerReply(await fleet.time.finish(to.agent?.handlePeer(bytes) ?? Promise.reject(new Error('down'))));
}

function state(site: TestSite): unknown {
  return [site.position(), site.replica.describe(), site.replica.certificate(0)];
}

test('malformed bytes get bad-message and change nothing', async () => {
  const fleet = await TestFleet.start({ sites: 3 });
  await fleet.serve('alice');
  await fleet.converged();
  const follower = fleet.site(2);
  const before = state(follower);
  const { configHash } = fleet.descriptor;
  const good = encodePeerMessage({
    configHash,
    from: 1,
    body: { type: 'prepare', group: 0, t, nonce: new Uint8Array(32) },
  });
  for (let length = 0; length < good.length; length++) {
    assert.deepEqual(await answer(fleet, follower, good.slice(0, length)), { type: 'error', code: 'bad-message' });
  }
  assert.deepEqual(await answer(fleet, follower, new Uint8Array([...good, 0])), { type: 'error', code: 'bad-message' });
  assert.deepEqual(await answer(fleet, follower, new Uint8Array(good).fill(99, 34, 35)), {
    type: 'error',
    code: 'bad-message',
  });
  assert.deepEqual(state(follower), before);
  await fleet.stop();
});

test('any bytes at all are answered with a code, never thrown at', async () => {
  const fleet = await TestFleet.start({ sites: 3 });
  const follower = fleet.site(2);
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
      const framed = encodePeerMessage({
        configHash: fleet.descriptor.configHash,
        from: 1,
        body: { type: 'position', group: 0 },
      });
      for (const message of [bytes, new Uint8Array([...framed.slice(0, 34), ...bytes])]) {
        const reply = await answer(fleet, follower, message);
        assert.ok(
          reply.type === 'error' || reply.type === 'position' || reply.type === 'promised' || reply.type === 'stale',
        );
      }
    }),
    { numRuns: 100 },
  );
  await fleet.stop();
});

test('a message of another fleet, of no group, of no member or of ourselves does nothing', async () => {
  const fleet = await TestFleet.start({ sites: 3 });
  const site = fleet.site(2);
  const before = state(site);
  const prepare = { type: 'prepare', group: 0, t, nonce: new Uint8Array(32) } as const;
  const other = new Uint8Array(32) as ConfigHash;
  assert.deepEqual(await send(fleet, site, prepare, 1, other), { type: 'error', code: 'other-fleet' });
  assert.deepEqual(await send(fleet, site, { ...prepare, group: 1 }), { type: 'error', code: 'bad-message' });
  for (const from of [0, 2, 4])
    assert.deepEqual(await send(fleet, site, prepare, from), { type: 'error', code: 'bad-message' });
  // A term belongs to its leader; nobody raises another member's.
  assert.deepEqual(await send(fleet, site, prepare, 3), { type: 'error', code: 'refused' });
  assert.deepEqual(state(site), before);
  await fleet.stop();
});

test('entries that no leader signed, or of another term than the push, are refused and not stored', async () => {
  const fleet = await TestFleet.start({ sites: 3 });
  await fleet.serve('alice');
  await fleet.converged();
  const [leader, follower] = [await fleet.leader(), fleet.site(2)];
  const fetched = await send(fleet, leader, { type: 'fetch', group: 0, fromIndex: 1n }, 2);
  assert.equal(fetched.type, 'entries');
  const entry = (fetched.type === 'entries' && fetched.entries[0]) as Uint8Array;
  const term = follower.position().capTerm;
  const before = state(follower);
  const push = { type: 'push', group: 0, view: undefined, certificate: undefined } as const;
  for (const at of [10, 100, 200, 300]) {
    const forged = entry.slice();
    forged[at] = (forged[at] as number) ^ 1;
    const reply = await send(fleet, follower, { ...push, term, entries: [forged] }, term.leaderId);
    assert.equal(reply.type, 'error', `byte ${at}`);
  }
  const later = { round: term.round + 1n, leaderId: term.leaderId };
  const reply = await send(fleet, follower, { ...push, term: later, entries: [entry] }, term.leaderId);
  assert.deepEqual(reply, { type: 'error', code: 'refused' });
  assert.deepEqual(state(follower), before);
  await fleet.stop();
});

test('limits: 64 entries of 640 KiB pass the codec, one more or one byte more does not', () => {
  const message = (entries: Uint8Array[]): Uint8Array =>
    encodePeerMessage({
      configHash: new Uint8Array(32) as ConfigHash,
      from: 1,
      body: { type: 'push', group: 0, term: t, view: undefined, entries, certificate: undefined },
    });
  const isOver = (error: unknown): boolean => error instanceof WireError && error.code === 'over-limit';
  assert.equal(
    decodePeerMessage(message(Array.from({ length: peerEntriesMax }, () => new Uint8Array(1)))).body.type,
    'push',
  );
  assert.throws(() => message(Array.from({ length: peerEntriesMax + 1 }, () => new Uint8Array(1))), isOver);
  assert.equal(decodePeerMessage(message([new Uint8Array(storedEntryBytesMax)])).body.type, 'push');
  assert.throws(() => message([new Uint8Array(storedEntryBytesMax + 1)]), isOver);
});

test('routed calls: malformed, of another fleet, of another group', async () => {
  const fleet = await TestFleet.start({ sites: 3, groups: 2 });
  const leader = await fleet.leader();
  const vaultId = fleet.vault(fleet.accounts(1, 0)[0] as string) as VaultId;
  const call = { configHash: fleet.descriptor.configHash, request: new Uint8Array(50), vaultId, group: 0 };
  const routed = async (bytes: Uint8Array) =>
    decodeRoutedAnswer(await fleet.time.finish(leader.agent?.handleRouted(bytes) ?? Promise.reject(new Error('down'))));
  assert.deepEqual(await routed(new Uint8Array(7)), { type: 'bad-request' });
  assert.deepEqual(await routed(encodeRoutedCall({ ...call, configHash: new Uint8Array(32) as ConfigHash })), {
    type: 'unknown-fleet',
  });
  assert.deepEqual(await routed(encodeRoutedCall({ ...call, group: 1 })), { type: 'bad-request' });
  assert.deepEqual(await routed(encodeRoutedCall({ ...call, group: 9 })), { type: 'bad-request' });
  // Well-formed, but it does not open: the HSM leaves it out of the batch.
  assert.deepEqual(await routed(encodeRoutedCall(call)), { type: 'bad-request' });
  await fleet.stop();
});
