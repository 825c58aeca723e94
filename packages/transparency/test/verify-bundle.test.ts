import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hex } from '@coffer/base';
import { sha256 } from '@coffer/crypto';
import {
  type Bundle,
  type BundleRequest,
  bundleBytesMax,
  type ClientTrust,
  checkpointAgeMsMax,
  clientTrustBytesMax,
  decodeBundle,
  decodeClientTrust,
  decodePlexiMessage,
  decodeProofFile,
  demoWaiting,
  encodeBundle,
  encodeClientTrust,
  encodePlexiMessage,
  encodeProofFile,
  type Leaf,
  maturityProofsMax,
  newClientTrust,
  proofHashesMax,
  signPlexiMessage,
  standardWaiting,
  summarizeBundle,
  TransparencyError,
  trustAge,
  trustAgeMsMax,
  trustedTimeMs,
  verifyBundle,
  waitingMs,
} from '@coffer/transparency';
import fc from 'fast-check';
import { coded } from './files.js';
import { forgeries, goodRequest } from './forgeries.js';
import {
  dayMs,
  fleetOf,
  flipBit,
  keyOf,
  namespace,
  nowMs,
  origin,
  requestFor,
  seedOf,
  startMs,
  threeEpochBundle,
  threeEpochs,
  World,
} from './world.js';

const world = threeEpochs();
const bundle = threeEpochBundle(world);
const ask = (fields: Partial<BundleRequest> = {}, change: Partial<Bundle> = {}) =>
  verifyBundle(requestFor(world, { ...bundle, ...change }, fields));
const any = { namespace, origin };

test('a good bundle: the fleets that have been public long enough, and the next state', () => {
  const verified = verifyBundle(goodRequest);
  assert.equal(verified.epoch, 3);
  assert.equal(verified.waiting, 'standard: 72 h');
  assert.deepEqual(
    verified.fleets.map(({ descriptor, status, maturity }) => [hex(descriptor.configHash), status, maturity]),
    [
      [hex(fleetOf('A').configHash), 'draining', 'waited'],
      [hex(fleetOf('B').configHash), 'serving', 'waited'],
    ],
  );
  assert.deepEqual(
    verified.listed.map(({ status }) => status),
    ['draining', 'serving', 'serving'],
  );
  const { checkpoint, ...rest } = verified.clientTrust;
  assert.deepEqual(rest, { trustRootVersion: 1, epoch: 3, verifiedMs: nowMs - 2 * 3_600_000 });
  assert.equal(checkpoint?.size, 3);
  assert.deepEqual(checkpoint?.root, world.root());
});

for (const { row, name, code, request } of forgeries)
  test(`refused: ${row}: ${name} (${code})`, () => {
    assert.throws(() => verifyBundle(request), coded(code));
  });

test('every rule of the table has its forgery, and its own code', () => {
  const codes = new Set(forgeries.map(({ code }) => code));
  assert.equal(codes.size, 27);
  const rows = new Map<string, string>();
  for (const { row, code } of forgeries) {
    const other = rows.get(code);
    // Only a contradiction between histories, in the newest or in an older leaf, has one code in two rows.
    if (code !== 'inconsistent') assert.ok(other === undefined || other === row, code);
    rows.set(code, row);
  }
});

test('a sample of flipped bits: each is refused', () => {
  const bits = goodRequest.bundle.length * 8;
  fc.assert(
    fc.property(fc.integer({ min: 0, max: bits - 1 }), (bit) => {
      assert.throws(
        () => verifyBundle({ ...goodRequest, bundle: flipBit(goodRequest.bundle, bit) }),
        (error) => error instanceof TransparencyError,
      );
    }),
    { numRuns: 400 },
  );
});

test('a sample of truncations and additions: each is refused', () => {
  fc.assert(
    fc.property(fc.nat(goodRequest.bundle.length - 1), (length) => {
      assert.throws(
        () => verifyBundle({ ...goodRequest, bundle: goodRequest.bundle.slice(0, length) }),
        coded('bad-bundle'),
      );
    }),
  );
  const longer = new Uint8Array(goodRequest.bundle.length + 1);
  longer.set(goodRequest.bundle);
  assert.throws(() => verifyBundle({ ...goodRequest, bundle: longer }), coded('bad-bundle'));
});

test('freshness: 48 hours to the millisecond, of the quorum and not of the newest witness', () => {
  const newest = nowMs - 2 * 3_600_000;
  ask({ nowMs: newest + checkpointAgeMsMax });
  assert.throws(() => ask({ nowMs: newest + checkpointAgeMsMax + 1 }), coded('stale'));
});

test('waiting: 72 hours between the two quorums', () => {
  const newest = nowMs - 2 * 3_600_000;
  const at = (sinceMs: number, other = sinceMs) => {
    const part = world.epochPart(2, world.checkpoint(2, [sinceMs, other]), 2);
    return [{ ...part, consistency: world.maturity(2, 2, sinceMs).consistency }];
  };
  ask({}, { maturity: at(newest - waitingMs) });
  assert.throws(() => ask({}, { maturity: at(newest - waitingMs + 1000) }), coded('immature'));
  // One witness who was there early does not make a quorum old.
  assert.throws(() => ask({}, { maturity: at(newest - waitingMs, newest - 1000) }), coded('immature'));
});

test('waiting: a compiled-in fleet is exempt, a demo policy is named, and both need everything else', () => {
  const fleetC = { ...any, fleetId: fleetOf('C').fleetId };
  const exempt = ask({ expectations: fleetC, waiting: standardWaiting([fleetOf('C').configHash]) });
  assert.deepEqual(
    exempt.fleets.map(({ maturity }) => maturity),
    ['waited', 'waited', 'exempt'],
  );
  const demo = ask({ expectations: fleetC, waiting: demoWaiting(0) }, { maturity: [] });
  assert.equal(demo.waiting, 'DEMO: 0 ms instead of 72 h');
  assert.deepEqual(
    demo.fleets.map(({ maturity }) => maturity),
    ['waited', 'waited', 'waited'],
  );
  for (const { code, request } of forgeries.filter(({ code }) => code !== 'immature')) {
    const waiting = demoWaiting(0, [fleetOf('B').configHash]);
    assert.throws(() => verifyBundle({ ...request, waiting }), coded(code));
  }
});

test('without a fleet in mind a client still learns what is listed, revoked and waiting', () => {
  const verified = ask({ expectations: any }, { maturity: [] });
  assert.deepEqual(verified.fleets, []);
  assert.equal(verified.listed.length, 3);
});

test('a draining fleet recovers and registers nothing', () => {
  const expectations = { ...any, configHash: fleetOf('A').configHash, group: 1 };
  ask({ expectations: { ...expectations, use: 'recover' } });
  assert.throws(() => ask({ expectations }), coded('fleet-not-serving'));
});

test('keys: a revocation counts from its place in the log on', () => {
  for (const key of world.trustRoot().auditors) {
    ask({ trustRoot: world.trustRoot({ revocations: [{ key, revokedAtSize: 3 }] }) });
    assert.throws(
      () => ask({ trustRoot: world.trustRoot({ revocations: [{ key, revokedAtSize: 2 }] }) }),
      coded('key-revoked'),
    );
  }
});

test('time: a clock set back revives nothing', () => {
  const late: ClientTrust = { ...requestFor(world, bundle).clientTrust, verifiedMs: nowMs + checkpointAgeMsMax };
  assert.equal(trustedTimeMs(late, 0), late.verifiedMs);
  assert.throws(() => ask({ nowMs: 0, clientTrust: late }), coded('stale'));
  // A slow clock alone refuses nothing, and the state takes over what witnesses know.
  assert.equal(ask({ nowMs: 0 }).clientTrust.verifiedMs, nowMs - 2 * 3_600_000);
  assert.equal(ask({ clientTrust: { ...late, verifiedMs: nowMs } }).clientTrust.verifiedMs, nowMs);
  const expired = threeEpochs({}, { notAfterMs: nowMs - 3 * 3_600_000 });
  const request = requestFor(expired, threeEpochBundle(expired), { nowMs: 0 });
  assert.throws(() => verifyBundle(request), coded('expired'));
});

test('trust age: seven days to the millisecond', () => {
  const trust = { ...newClientTrust, verifiedMs: startMs };
  assert.deepEqual(trustAge(trust, startMs + trustAgeMsMax), { ageMs: trustAgeMsMax, isTooOld: false });
  assert.equal(trustAge(trust, startMs + trustAgeMsMax + 1).isTooOld, true);
  assert.equal(trustAge(trust, 0).ageMs, 0);
  assert.equal(trustAge(newClientTrust, startMs).isTooOld, true);
});

test('a client goes forward through a log and never back', () => {
  const log = new World();
  let trust = newClientTrust;
  for (let epoch = 1; epoch <= 12; epoch++) {
    const atMs = startMs + epoch * dayMs;
    log.publish({ A: 'serving' }, { atMs });
    const waiting = standardWaiting([fleetOf('A').configHash]);
    const from = trust.checkpoint?.size ?? 0;
    const request = requestFor(log, log.bundle(atMs, from), {
      clientTrust: trust,
      nowMs: atMs,
      waiting,
      expectations: any,
    });
    const verified = verifyBundle(request);
    if (trust.epoch > 0) {
      const old = { ...request, bundle: encodeBundle(log.bundle(atMs, trust.epoch, [], trust.epoch)) };
      assert.throws(() => verifyBundle({ ...old, clientTrust: verified.clientTrust }), coded('rollback'));
    }
    trust = decodeClientTrust(encodeClientTrust(verified.clientTrust));
    assert.deepEqual(trust, verified.clientTrust);
    // The same bundle again only needs another consistency proof.
    const again = log.bundle(atMs + 1000, epoch);
    assert.equal(verifyBundle({ ...request, bundle: encodeBundle(again), clientTrust: trust }).epoch, epoch);
  }
});

test('stored trust: what is written is read again, anything else refused', () => {
  for (const trust of [newClientTrust, requestFor(world, bundle).clientTrust]) {
    const bytes = encodeClientTrust(trust);
    assert.deepEqual(decodeClientTrust(bytes), trust);
    for (let bit = 0; bit < bytes.length * 8; bit += 13) {
      try {
        const changed = flipBit(bytes, bit);
        assert.deepEqual(encodeClientTrust(decodeClientTrust(changed)), changed);
      } catch (error) {
        coded('bad-client-trust')(error);
      }
    }
  }
  assert.throws(() => decodeClientTrust(new Uint8Array(clientTrustBytesMax + 1)), coded('bad-client-trust'));
});

test('bundles: limits at their edges', () => {
  const [proof] = bundle.maturity;
  const maturity = (count: number) => Array.from({ length: count }, () => proof!);
  ask({}, { maturity: maturity(maturityProofsMax) });
  assert.throws(() => encodeBundle({ ...bundle, maturity: maturity(maturityProofsMax + 1) }), coded('bad-bundle'));
  const hashes = (count: number) => ({ fromSize: 1, hashes: Array.from({ length: count }, () => new Uint8Array(32)) });
  decodeBundle(encodeBundle({ ...bundle, consistency: hashes(proofHashesMax) }));
  assert.throws(() => encodeBundle({ ...bundle, consistency: hashes(proofHashesMax + 1) }), coded('bad-bundle'));
  assert.throws(() => decodeBundle(new Uint8Array(bundleBytesMax + 1)), coded('bad-bundle'));
  assert.throws(() => encodeBundle({ ...bundle, consistency: { fromSize: -1, hashes: [] } }), coded('bad-bundle'));
  const tail = requestFor(world, { ...bundle, consistency: { fromSize: 0, hashes: [] } }).bundle;
  tail.fill(0xff, tail.length - 12, tail.length - 4);
  assert.throws(() => decodeBundle(tail), coded('bad-bundle'));
});

test('extra data in a proof, which nobody would check, is refused', () => {
  const proof = (file: Uint8Array) => encodeProofFile({ ...decodeProofFile(file), extra: Uint8Array.of(1) });
  const [older] = bundle.maturity;
  assert.throws(() => ask({}, { proof: proof(bundle.proof) }), coded('bad-proof-file'));
  assert.throws(() => ask({}, { maturity: [{ ...older!, proof: proof(older!.proof) }] }), coded('bad-proof-file'));
});

test('a summary says what to fetch', () => {
  assert.deepEqual(summarizeBundle(goodRequest.bundle), { namespace, epoch: 3, trustRootVersion: 1, origin, size: 3 });
  assert.throws(() => summarizeBundle(goodRequest.bundle.slice(1)), coded('bad-bundle'));
});

test('attack: a thief of rotated keys goes on under the old trust root, and an older epoch tells of the new one', () => {
  const log = (first: number, second: number, third: number): World => {
    const thiefs = new World();
    thiefs.publish({ A: 'serving' }, { atMs: startMs, trustRootVersion: first });
    thiefs.publish({ A: 'serving', B: 'serving' }, { atMs: startMs + dayMs, trustRootVersion: second });
    thiefs.publish({ A: 'draining', B: 'serving' }, { atMs: startMs + 4.9 * dayMs, trustRootVersion: third });
    return thiefs;
  };
  const askOf = (thiefs: World) => verifyBundle(requestFor(thiefs, threeEpochBundle(thiefs)));
  assert.doesNotThrow(() => askOf(log(1, 1, 1)));
  assert.throws(() => askOf(log(1, 2, 1)), coded('trust-root-version'));
});

test('attack: operator and log put another statement of the auditor under a leaf', () => {
  const askWith = (change: { digest?: Uint8Array; epoch?: number; namespace?: string }) => {
    const edit = (leaf: Leaf): Leaf => {
      const message = { ...decodePlexiMessage(leaf.auditor.message), ...change };
      const signature = signPlexiMessage(message, seedOf('auditor'));
      return { ...leaf, auditor: { ...leaf.auditor, message: encodePlexiMessage(message), signature } };
    };
    const log = threeEpochs({}, { edit });
    return verifyBundle(requestFor(log, threeEpochBundle(log)));
  };
  assert.doesNotThrow(() => askWith({}));
  assert.throws(() => askWith({ digest: sha256() }), coded('bad-digest'));
  const log = threeEpochs({}, { edit: (leaf) => ({ ...leaf, digest: sha256() }) });
  assert.throws(() => verifyBundle(requestFor(log, threeEpochBundle(log))), coded('bad-digest'));
  assert.throws(() => askWith({ epoch: 2 }), coded('contradictory-leaf'));
  assert.throws(() => askWith({ namespace: `staging.${namespace}` }), coded('contradictory-leaf'));
});

test('attack: older epochs of a bundle that a thief signed, or that were logged at another place', () => {
  const askOf = (artifactEpoch: number, revokedAtSize: number) => {
    const log = new World();
    log.publish({ A: 'serving' }, { atMs: startMs });
    log.publish({ A: 'serving', B: 'serving' }, { atMs: startMs + dayMs, artifactEpoch });
    log.publish({ A: 'draining', B: 'serving' }, { atMs: startMs + 4.9 * dayMs, auditor: 'auditor 2' });
    const auditors = [keyOf('auditor'), keyOf('auditor 2')];
    const trustRoot = log.trustRoot({ auditors, revocations: [{ key: keyOf('auditor'), revokedAtSize }] });
    return verifyBundle(requestFor(log, threeEpochBundle(log), { trustRoot }));
  };
  assert.doesNotThrow(() => askOf(2, 2));
  assert.throws(() => askOf(2, 1), coded('key-revoked'));
  assert.throws(() => askOf(5, 2), coded('wrong-epoch'));
});
