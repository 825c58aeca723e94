import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  cosignCheckpoint,
  decodeNote,
  noteKey,
  openCheckpoint,
  quorumNewest,
  quorumOldest,
  signatureOf,
  type TrustRoot,
} from '@coffer/transparency';
import {
  Bench,
  dayMs,
  FakeWitnesses,
  fleetOf,
  keyOf,
  MemoryStore,
  namespace,
  origin,
  rootBytes,
  seedOf,
  startMs,
  TestTime,
  trustRootOf,
} from './harness.js';

const hourMs = 3_600_000;
const one = [[fleetOf('A'), 'serving']] as const;

const timesOf = (bench: Bench, note: Uint8Array | undefined, root = bench.root) => {
  const { cosignedMs } = openCheckpoint(note!, root.policy);
  return [quorumOldest(root.policy, cosignedMs), quorumNewest(root.policy, cosignedMs)];
};

const cosignedMs = (note: Uint8Array | undefined, { policy }: TrustRoot) =>
  Object.fromEntries(openCheckpoint(note!, policy).cosignedMs);

/** Lets everything that is not waiting for a timer go on. */
const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

test('the newest checkpoint stays fresh by itself; each size keeps its earliest cosignatures', async () => {
  const bench = new Bench();
  await bench.publish(one);
  bench.auditor.start();
  for (let hour = 1; hour <= 3; hour++) {
    await settle();
    bench.time.pass(hourMs);
  }
  await settle();
  const last = startMs + 3 * hourMs;
  assert.deepEqual(timesOf(bench, await bench.client.checkpoint()), [last, last]);
  assert.deepEqual(timesOf(bench, await bench.client.checkpointAt(1)), [startMs, startMs]);
  await bench.auditor.stop();
  assert.equal(bench.time.waiting.size, 0);
});

test('too few witnesses are tried again sooner, and what they had cosigned before stays', async () => {
  const bench = new Bench();
  await bench.publish(one);
  const { down } = bench.witnesses;
  for (const name of ['w1', 'w2']) down.add(`witness.example/${name}`);
  bench.time.pass(hourMs);
  bench.auditor.start();
  await settle();
  const now = startMs + hourMs;
  // Two cosigned the first time; the third has cosigned again. Both are in the note that is shown.
  assert.deepEqual(timesOf(bench, await bench.client.checkpoint()), [startMs, startMs]);
  const note = decodeNote((await bench.client.checkpoint())!);
  assert.equal(note.signatures.length, 4);
  down.clear();
  bench.time.pass(60_000);
  await settle();
  assert.deepEqual(timesOf(bench, await bench.client.checkpoint()), [now + 60_000, now + 60_000]);
  await bench.auditor.stop();
});

test('a witness whose clock is ahead is left out, so that it cannot stand for a fresh one later', async () => {
  const time = new TestTime();
  const witnesses = new FakeWitnesses(time);
  const honest = witnesses.cosign.bind(witnesses);
  witnesses.cosign = async (request) => {
    const ahead = cosignCheckpoint(request.text, witnesses.signers[0]!, (startMs + dayMs) / 1000);
    return [ahead, ...(await honest(request)).slice(1)];
  };
  const bench = new Bench({ time, witnesses });
  await bench.publish(one);
  const note = decodeNote((await bench.client.checkpoint())!);
  assert.equal(signatureOf(note, witnesses.signers[0]!), undefined);
  assert.equal(note.signatures.length, 3);
});

test('after a rotation the new log key and the new witnesses sign the same tree', async () => {
  const memory = new MemoryStore();
  const time = new TestTime();
  const witnesses = new FakeWitnesses(time, ['w1', 'w2', 'w3', 'w4']);
  const options = { memory, time, witnesses, logNames: ['log', 'log 2'] };
  const bench = new Bench(options);
  await bench.publish(one);
  const { policy } = bench.root;
  const w4 = { name: 'w4', key: noteKey('witness.example/w4', 'witness', keyOf('w4')) };
  const next = trustRootOf({
    version: 2,
    policy: {
      ...policy,
      logs: [{ key: noteKey(origin, 'log', keyOf('log 2')) }],
      witnesses: [policy.witnesses[2]!, w4],
      groups: [{ name: 'both', threshold: 2, members: ['w3', 'w4'] }],
      quorum: 'both',
    },
    revocations: [{ key: keyOf('log'), revokedAtSize: 1 }],
  });
  await bench.client.postTrustRoot(rootBytes(next));
  time.pass(hourMs);
  assert.equal(await bench.auditor.refresh(namespace), true);
  const now = startMs + hourMs;
  assert.deepEqual(timesOf(bench, await bench.client.checkpoint(), next), [now, now]);
  // w3 has known this size from the beginning, w4 since now.
  assert.deepEqual(cosignedMs(await bench.client.checkpointAt(1), next), { w3: startMs, w4: now });
  assert.equal((await new Bench({ ...options, root: trustRootOf() }).client.namespaceInfo())?.last_verified_epoch, 1);
});

test('an epoch that was signed by a key revoked since is signed again, the same message, by the one in force', async () => {
  const both = [keyOf('auditor'), keyOf('auditor 2')].sort((a, b) => (Buffer.compare(a, b) < 0 ? -1 : 1));
  const root = trustRootOf({ auditors: both });
  const bench = new Bench({ root, auditorNames: ['auditor', 'auditor 2'] });
  const artifact = bench.next(one);
  const request = { artifact, evidence: one[0][0].files, operatorSeed: seedOf('operator') };
  const first = await bench.client.postAudit(request);
  const next = { ...root, version: 2, revocations: [{ key: keyOf('auditor'), revokedAtSize: 0 }] };
  await bench.client.postTrustRoot(rootBytes(next));
  bench.time.pass(hourMs);
  const logged = await bench.client.publish({ ...request, trustRoot: next, notAfterMs: startMs + dayMs });
  const second = await bench.client.audit(1);
  assert.equal(logged.epoch, 1);
  assert.deepEqual(second?.message, first.message);
  assert.notDeepEqual(second?.signature, first.signature);
  assert.equal(second?.keyId, keyOf('auditor 2').at(-1));
});

test('a clock that is set back makes no earlier timestamp', async () => {
  const bench = new Bench();
  await bench.publish(one);
  bench.time.ms -= dayMs;
  await bench.publish([[fleetOf('A'), 'draining']]);
  const [first, second] = [await bench.client.audit(1), await bench.client.audit(2)];
  assert.equal(second?.message.timestampMs, first?.message.timestampMs);
});
