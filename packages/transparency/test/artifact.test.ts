import assert from 'node:assert/strict';
import { test } from 'node:test';
import { concat, hex, utf8 } from '@coffer/base';
import { sha256 } from '@coffer/crypto';
import { decodeFleetDescriptor, encodeFleetDescriptor } from '@coffer/protocol';
import {
  type ArtifactHistory,
  artifactBytesMax,
  artifactDigest,
  artifactFleetsMax,
  decodeArtifact,
  decodeLeaf,
  decodePlexiMessage,
  emptyArtifactHistory,
  encodeArtifact,
  encodeLeaf,
  encodePlexiMessage,
  type FleetStatus,
  leafBytesMax,
  parsePlexiAnswer,
  plexiAnswerJson,
  plexiKeyId,
  signPlexiMessage,
  stepArtifacts,
  verifyPlexiAnswer,
} from '@coffer/transparency';
import fc from 'fast-check';
import { coded, vectors } from './files.js';
import { fleetOf, flipBit, keyOf, namespace, seedOf, threeEpochs } from './world.js';

type Listed = Record<string, FleetStatus>;

function artifact(epoch: number, previous: Uint8Array, listed: Listed): Uint8Array {
  return encodeArtifact({
    namespace,
    epoch,
    ...(epoch === 1 ? {} : { previous }),
    fleets: Object.entries(listed).map(([name, status]) => ({ descriptor: fleetOf(name), evidence: sha256(), status })),
  });
}

/** Publishes one artifact after another. */
function publish(...all: Listed[]): ArtifactHistory {
  return all.reduce((history, listed) => {
    return stepArtifacts(history, artifact(history.epoch + 1, history.digest, listed)).history;
  }, emptyArtifactHistory);
}

test('artifacts: what is written is read again, and every changed bit is refused or another digest', () => {
  const bytes = artifact(1, sha256(), { A: 'serving', B: 'draining' });
  assert.deepEqual(encodeArtifact(decodeArtifact(bytes)), bytes);
  for (let bit = 0; bit < bytes.length * 8; bit += 101)
    assert.notDeepEqual(artifactDigest(flipBit(bytes, bit)), artifactDigest(bytes));
});

test('attack: one HSM, or one fleet’s secrets, in two fleets', () => {
  const [a, b] = [fleetOf('A'), fleetOf('B')];
  const of = (descriptor: typeof b): Uint8Array => {
    const fleets = [a, descriptor].map((each) => ({
      descriptor: each,
      evidence: sha256(),
      status: 'serving' as const,
    }));
    return encodeArtifact({ namespace, epoch: 1, fleets });
  };
  const [first, ...rest] = b.members;
  const withKeys = (keys: Partial<typeof b>) => decodeFleetDescriptor(encodeFleetDescriptor({ ...b, ...keys }));
  assert.doesNotThrow(() => of(withKeys({})));
  const member = withKeys({ members: [{ ...first!, key: a.members[0]!.key }, ...rest] });
  for (const shared of [member, withKeys({ channelKey: a.channelKey }), withKeys({ opaqueKey: a.opaqueKey })])
    assert.throws(() => of(shared), coded('bad-artifact'));
});

test('artifacts and leaves: forms that must be refused', () => {
  const { documents } = vectors('transparency/bad-documents.json');
  assert.ok(documents.length > 20);
  const decoders: Record<string, (bytes: Uint8Array) => unknown> = { artifact: decodeArtifact, leaf: decodeLeaf };
  for (const { kind, name, text, code } of documents)
    assert.throws(() => decoders[kind]!(utf8(text)), coded(code), name);
});

test('artifacts: limits at their edges', () => {
  const names = (count: number): Listed =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [String.fromCharCode(65 + i), 'serving']));
  assert.equal(decodeArtifact(artifact(1, sha256(), names(artifactFleetsMax))).fleets.length, artifactFleetsMax);
  assert.throws(() => artifact(1, sha256(), names(artifactFleetsMax + 1)), coded('bad-artifact'));
  assert.throws(() => decodeArtifact(new Uint8Array(artifactBytesMax + 1)), coded('bad-artifact'));
  assert.throws(() => artifact(1, sha256(), {}), coded('bad-artifact'));
  assert.throws(() => decodeLeaf(new Uint8Array(leafBytesMax + 1)), coded('bad-leaf'));
});

test('succession: epochs and digests follow each other', () => {
  const first = publish({ A: 'serving' });
  assert.equal(first.epoch, 1);
  const step = (epoch: number, previous: Uint8Array) =>
    stepArtifacts(first, artifact(epoch, previous, { A: 'serving' }));
  assert.equal(step(2, first.digest).history.epoch, 2);
  assert.throws(() => step(1, first.digest), coded('epoch-not-next'));
  assert.throws(() => step(3, first.digest), coded('epoch-not-next'));
  assert.throws(() => step(2, sha256()), coded('wrong-previous'));
  assert.throws(() => stepArtifacts(first, utf8('{}')), coded('bad-artifact'));
});

test('succession: a retired fleet never returns', () => {
  const [serving, draining, revoked] = [{ A: 'serving' }, { A: 'draining' }, { A: 'revoked' }] as const;
  const B = { B: 'serving' } as const;
  for (const good of [
    [serving, draining, serving],
    [serving, draining, revoked, revoked],
    [serving, { ...draining, ...B }, B],
    [serving, revoked, B, { ...B, ...revoked }],
  ] as Listed[][])
    publish(...good);
  for (const bad of [
    [serving, revoked, serving],
    [serving, revoked, draining],
    [serving, B, { ...serving, ...B }],
    [serving, B, B, { ...draining, ...B }],
    [revoked, serving],
  ] as Listed[][])
    assert.throws(() => publish(...bad), coded('fleet-returned'));
});

test('succession: against a plain reading of the rule', () => {
  const status = fc.constantFrom<FleetStatus | undefined>('serving', 'draining', 'revoked', undefined);
  fc.assert(
    fc.property(fc.array(fc.record({ A: status, B: status }), { maxLength: 6 }), (all) => {
      const histories = all.map((each) => ({ ...each, Z: 'serving' })) as Record<string, FleetStatus | undefined>[];
      const returns = ['A', 'B'].some((name) =>
        histories.some((_, late) =>
          histories.some((_, early) => {
            const before = histories[early]![name];
            const wasListed = histories.slice(0, early).some((each) => each[name] !== undefined);
            const isGone = before === 'revoked' || (before === undefined && wasListed);
            const after = histories[late]![name];
            return early < late && isGone && (after === 'serving' || after === 'draining');
          }),
        ),
      );
      const run = () =>
        publish(...histories.map((each) => Object.fromEntries(Object.entries(each).filter(([, v]) => v)) as Listed));
      if (returns) assert.throws(run, coded('fleet-returned'));
      else run();
    }),
    { numRuns: 200 },
  );
});

test('leaves: what is written is read again', () => {
  for (const leaf of threeEpochs().leaves) assert.deepEqual(encodeLeaf(decodeLeaf(leaf)), leaf);
});

test('Plexi: one encoding for each message', () => {
  const any = fc.record({
    namespace: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }),
    timestampMs: fc.maxSafeNat(),
    epoch: fc.maxSafeNat(),
  });
  fc.assert(
    fc.property(any, fc.nat(), (fields, bit) => {
      const message = { suite: 1, ...fields, digest: sha256() } as const;
      const bytes = encodePlexiMessage(message);
      assert.deepEqual(decodePlexiMessage(bytes), message);
      const changed = flipBit(bytes, bit % (bytes.length * 8));
      try {
        assert.deepEqual(encodePlexiMessage(decodePlexiMessage(changed)), changed);
      } catch (error) {
        coded('bad-plexi')(error);
      }
      assert.throws(() => decodePlexiMessage(bytes.slice(0, -1)), coded('bad-plexi'));
      assert.throws(() => decodePlexiMessage(concat(bytes, Uint8Array.of(0))), coded('bad-plexi'));
    }),
  );
  const base = { suite: 1, namespace: 'n', timestampMs: 0, epoch: 1, digest: sha256() } as const;
  for (const bad of [
    { namespace: '' },
    { namespace: 'n'.repeat(256) },
    { epoch: -1 },
    { epoch: 0.5 },
    { timestampMs: 2 ** 53 },
    { digest: new Uint8Array(31) },
    { suite: 3 as 1 },
  ])
    assert.throws(() => encodePlexiMessage({ ...base, ...bad }), coded('bad-plexi'));
  assert.equal(decodePlexiMessage(encodePlexiMessage({ ...base, namespace: 'n'.repeat(255) })).namespace.length, 255);
  // Protobuf has longer spellings of a small number; none of them is accepted.
  const text = hex(encodePlexiMessage(base)).replace('220208012a', '22030881002a');
  assert.throws(() => decodePlexiMessage(Uint8Array.from(Buffer.from(text, 'hex'))), coded('bad-plexi'));
  assert.throws(() => decodePlexiMessage(new Uint8Array(513)), coded('bad-plexi'));
});

test('Plexi: the API’s answer is read and verified, and disagreement within it refused', () => {
  const message = { suite: 1, namespace, timestampMs: 1, epoch: 2, digest: sha256() } as const;
  const key = keyOf('auditor');
  const answer = { message, signature: signPlexiMessage(message, seedOf('auditor')), keyId: plexiKeyId(key) };
  const json = plexiAnswerJson(answer);
  const read = parsePlexiAnswer(JSON.parse(JSON.stringify(json)));
  assert.deepEqual(read, answer);
  assert.deepEqual(verifyPlexiAnswer(read, [keyOf('other'), key]), key);
  assert.throws(() => verifyPlexiAnswer(read, [keyOf('other')]), coded('bad-auditor-signature'));
  assert.throws(
    () => verifyPlexiAnswer({ ...read, message: { ...message, epoch: 3 } }, [key]),
    coded('bad-auditor-signature'),
  );
  for (const bad of [
    { epoch: 3 },
    { version: 2 },
    { ciphersuite: 2 },
    { digest: hex(sha256(utf8('x'))) },
    { timestamp: 2 },
    { namespace: 'x' },
    { key_id: 256 },
    { more: 1 },
  ])
    assert.throws(() => parsePlexiAnswer({ ...json, ...bad }), coded('bad-plexi'));
});
