import assert from 'node:assert/strict';
import { test } from 'node:test';
import { utf8 } from '@coffer/base';
import { sha256 } from '@coffer/crypto';
import {
  decodeFraudProof,
  decodeLeaf,
  decodePlexiMessage,
  encodeBundle,
  encodeFraudProof,
  encodeLeaf,
  entryBytesMax,
  type FraudProof,
  fraudOfBundle,
  fraudProofBytesMax,
  loggingDelayMsMax,
  plexiKeyId,
  proveConsistency,
  signPlexiMessage,
  verifyBundle,
  verifyFraudProof,
} from '@coffer/transparency';
import { coded } from './files.js';
import {
  dayMs,
  flipBit,
  keyOf,
  nowMs,
  requestFor,
  seedOf,
  startMs,
  threeEpochBundle,
  threeEpochs,
  World,
} from './world.js';

const world = threeEpochs();
const trustRoot = world.trustRoot();
const verify = (proof: FraudProof, root = trustRoot) => verifyFraudProof(encodeFraudProof(proof), root);

/** A log of five epochs, and what it showed somebody else after two that were the same. */
function fork(sameUntil: number): { honest: World; victim: World } {
  const [honest, victim] = [new World(), new World()];
  for (let epoch = 1; epoch <= 5; epoch++) {
    honest.publish({ A: 'serving' }, { atMs: startMs + epoch });
    if (epoch <= sameUntil) victim.logLeaf(honest.artifacts[epoch - 1]!, honest.leaves[epoch - 1]!);
    else victim.publish({ A: 'serving', B: 'serving' }, { atMs: startMs + epoch + 100 });
  }
  return { honest, victim };
}

test('two trees of one size', () => {
  const { honest, victim } = fork(2);
  const proof: FraudProof = {
    kind: 'conflicting-checkpoints',
    first: honest.checkpoint(5, []),
    second: victim.checkpoint(5, []),
  };
  assert.deepEqual(verify(proof), {
    kind: 'conflicting-checkpoints',
    culprit: 'log',
    finding: 'The log signed two different trees of 5 leaves.',
  });
  assert.throws(() => verify({ ...proof, second: honest.checkpoint(5, []) }), coded('not-fraud'));
  assert.throws(() => verify({ ...proof, second: victim.checkpoint(4, []) }), coded('not-fraud'));
  const elsewhere = threeEpochs({ origin: 'x.example' });
  assert.throws(() => verify({ ...proof, second: elsewhere.checkpoint(3, []) }), coded('bad-log-signature'));
  const revocations = [{ key: world.log.key, revokedAtSize: 4 }];
  assert.throws(() => verify(proof, world.trustRoot({ revocations })), coded('key-revoked'));
});

test('a longer tree that does not begin with the shorter one', () => {
  const { honest, victim } = fork(2);
  const prefix = { root: victim.root(3), consistency: proveConsistency(3, 5, victim.read) };
  const proof: FraudProof = {
    kind: 'conflicting-checkpoints',
    first: honest.checkpoint(3, []),
    second: victim.checkpoint(5, []),
    prefix,
  };
  assert.equal(verify(proof).culprit, 'log');
  // A proof that merely fails accuses nobody, nor does one between trees that agree.
  const { prefix: _, ...untied } = proof;
  assert.throws(() => verify(untied as FraudProof), coded('not-fraud'));
  assert.throws(() => verify({ ...proof, prefix: { ...prefix, root: sha256() } }), coded('inconsistent'));
  assert.throws(() => verify({ ...proof, prefix: { ...prefix, consistency: [sha256()] } }), coded('inconsistent'));
  const agreeing = { root: honest.root(3), consistency: proveConsistency(3, 5, honest.read) };
  assert.throws(() => verify({ ...proof, second: honest.checkpoint(5, []), prefix: agreeing }), coded('not-fraud'));
  assert.throws(() => verify({ ...proof, first: proof.second, second: proof.first }), coded('not-fraud'));
});

test('a split view fails the client, which makes the case by itself', () => {
  for (let sameUntil = 0; sameUntil < 5; sameUntil++) {
    const { honest, victim } = fork(sameUntil);
    for (let seen = sameUntil + 1; seen <= 5; seen++) {
      const { clientTrust } = requestFor(honest, honest.bundle(nowMs, 0));
      const note = honest.checkpoint(seen, [startMs, startMs]);
      const trust = {
        ...clientTrust,
        checkpoint: { origin: honest.origin, size: seen, root: honest.root(seen), note },
      };
      const request = requestFor(victim, victim.bundle(nowMs, seen), { clientTrust: trust });
      assert.throws(() => verifyBundle(request), coded('inconsistent'));
      const proof = fraudOfBundle(trust, request.bundle);
      // A tree of 1, 2 or 4 leaves is one node of the longer tree, which its consistency proof leaves out.
      if ([1, 2, 4].includes(seen)) assert.equal(proof, undefined);
      else assert.equal(verify(proof ?? assert.fail('no proof')).culprit, 'log');
    }
  }
});

test('an honest bundle, or one that was only damaged, makes no case', () => {
  const request = requestFor(world, threeEpochBundle(world));
  assert.equal(fraudOfBundle(request.clientTrust, request.bundle), undefined);
  assert.equal(fraudOfBundle(verifyBundle(request).clientTrust, request.bundle), undefined);
  const { honest } = fork(2);
  const trust = {
    ...request.clientTrust,
    checkpoint: { ...request.clientTrust.checkpoint!, size: 3, root: honest.root(3) },
  };
  const damaged = { ...honest.bundle(nowMs, 3), consistency: { fromSize: 3, hashes: [sha256(), sha256(), sha256()] } };
  assert.equal(fraudOfBundle(trust, encodeBundle(damaged)), undefined);
});

/** The auditor signed another second epoch for somebody. */
function twoFaced() {
  const other = new World();
  other.logLeaf(world.artifacts[0]!, world.leaves[0]!);
  const artifact = other.artifactOf({ A: 'serving', D: 'serving' });
  return { leaf: other.leafOf(artifact, { atMs: startMs + dayMs }), artifact };
}

const logged = (epoch: number) => {
  const { proof, leaf } = world.epochPart(epoch, world.checkpoint(3, []), 3);
  return { proof, leaf };
};

test('a bundle that was signed, and another one logged in its place', () => {
  const proof: FraudProof = { kind: 'unlogged-bundle', leaf: twoFaced().leaf, log: logged(2) };
  assert.equal(verify(proof).culprit, 'auditor');
  assert.throws(() => verify({ ...proof, leaf: world.leaves[1]! }), coded('not-fraud'));
  assert.throws(() => verify({ ...proof, log: logged(3) }), coded('not-fraud'));
  assert.throws(() => verify({ ...proof, log: { ...logged(2), leaf: twoFaced().leaf } }), coded('not-included'));
  const thief = world.leafOf(world.artifacts[1]!, { auditor: 'thief' });
  assert.throws(() => verify({ ...proof, leaf: thief }), coded('bad-auditor-signature'));
  const revocations = [{ key: keyOf('auditor'), revokedAtSize: 1 }];
  assert.throws(() => verify(proof, world.trustRoot({ revocations })), coded('key-revoked'));
});

test('an entry that is no leaf at all', () => {
  const log = new World();
  log.logLeaf(world.artifacts[0]!, world.leaves[0]!);
  log.logLeaf(utf8('nothing'), utf8('something else'));
  // Bytes that are no text, up to the longest entry that a log can have: none of them is a way out.
  log.logLeaf(utf8('nothing'), Uint8Array.of(0xff, 0, 0xfe));
  log.logLeaf(utf8('nothing'), new Uint8Array(entryBytesMax).fill(0x80));
  const honest = new World();
  for (let i = 0; i < 4; i++) honest.publish({ A: 'serving' });
  for (const epoch of [2, 3, 4]) {
    const { proof, leaf } = log.epochPart(epoch, log.checkpoint(4, []));
    const fraud: FraudProof = { kind: 'unlogged-bundle', leaf: honest.leaves[epoch - 1]!, log: { proof, leaf } };
    assert.deepEqual(decodeFraudProof(encodeFraudProof(fraud)), fraud);
    assert.equal(verify(fraud).culprit, 'auditor');
  }
});

test('a bundle that stays out of the log', () => {
  const signedMs = startMs + 4.9 * dayMs;
  const at = (...cosignedMs: number[]): FraudProof => ({
    kind: 'unlogged-bundle',
    leaf: world.leaves[2]!,
    log: { checkpoint: world.checkpoint(2, cosignedMs) },
  });
  const late = signedMs + loggingDelayMsMax;
  assert.equal(verify(at(late, late)).culprit, 'auditor or operator');
  assert.throws(() => verify(at(late - 1000, late)), coded('not-fraud'));
  assert.throws(() => verify(at(late)), coded('no-witness-quorum'));
  const whole = { checkpoint: world.checkpoint(3, [late, late]) };
  assert.throws(() => verify({ kind: 'unlogged-bundle', leaf: world.leaves[2]!, log: whole }), coded('not-fraud'));
});

test('attack: an operator that never counter-signs accuses the auditor that waits for it', () => {
  const late = startMs + 4.9 * dayMs + loggingDelayMsMax;
  const log = { checkpoint: world.checkpoint(2, [late, late]) };
  const leaf = decodeLeaf(world.leaves[2]!);
  const made = (signatures: Partial<typeof leaf.operator.signatures>, key = leaf.operator.key): FraudProof => {
    const operator = { key, signatures: { ...leaf.operator.signatures, ...signatures } };
    return { kind: 'unlogged-bundle', leaf: encodeLeaf({ ...leaf, operator }), log };
  };
  assert.equal(verify(made({})).culprit, 'auditor or operator');
  for (const side of ['full', 'compatible'] as const)
    assert.throws(() => verify(made({ [side]: new Uint8Array(64) })), coded('bad-operator-signature'), side);
  assert.throws(() => verify(made({}, keyOf('thief'))), coded('bad-operator-signature'));
  const revocations = [{ key: leaf.operator.key, revokedAtSize: 2 }];
  assert.throws(() => verify(made({}), world.trustRoot({ revocations })), coded('key-revoked'));
});

test('an answer of the API that the log contradicts', () => {
  const { auditor } = decodeLeaf(world.leaves[1]!);
  const message = decodePlexiMessage(auditor.message);
  const answer = (fields: object, suite: 1 | 2 = 1) => {
    const other = { ...message, ...fields, suite };
    return {
      message: other,
      signature: signPlexiMessage(other, seedOf('auditor')),
      keyId: plexiKeyId(keyOf('auditor')),
    };
  };
  const make = (fields: object, suite: 1 | 2 = 1): FraudProof => ({
    kind: 'contradicted-answer',
    answer: answer(fields, suite),
    log: logged(2),
  });
  assert.equal(verify(make({ digest: sha256() })).culprit, 'auditor');
  assert.equal(verify(make({ timestampMs: 1 })).culprit, 'auditor');
  assert.equal(verify(make({ digest: sha256() }, 2)).culprit, 'auditor');
  assert.throws(() => verify(make({})), coded('not-fraud'));
  assert.throws(() => verify(make({}, 2)), coded('not-fraud'));
  assert.throws(() => verify(make({ epoch: 3 })), coded('not-fraud'));
  assert.throws(() => verify(make({ namespace: 'x' })), coded('not-fraud'));
  const forged = { ...answer({ digest: sha256() }), signature: new Uint8Array(64) };
  assert.throws(
    () => verify({ kind: 'contradicted-answer', answer: forged, log: logged(2) }),
    coded('bad-auditor-signature'),
  );
});

test('files: what is written is read again, and no changed bit proves anything else', () => {
  const { honest, victim } = fork(2);
  const prefix = { root: victim.root(3), consistency: proveConsistency(3, 5, victim.read) };
  const proofs: FraudProof[] = [
    { kind: 'conflicting-checkpoints', first: honest.checkpoint(3, []), second: victim.checkpoint(5, []), prefix },
    { kind: 'unlogged-bundle', leaf: twoFaced().leaf, log: logged(2) },
    {
      kind: 'unlogged-bundle',
      leaf: world.leaves[2]!,
      log: { checkpoint: world.checkpoint(2, [nowMs * 2, nowMs * 2]) },
    },
  ];
  for (const proof of proofs) {
    const bytes = encodeFraudProof(proof);
    assert.deepEqual(decodeFraudProof(bytes), proof);
    const finding = verifyFraudProof(bytes, trustRoot);
    for (let bit = 0; bit < bytes.length * 8; bit += 61) {
      try {
        // What is not signed, such as the operator's part of a leaf, may differ; the finding may not.
        assert.deepEqual(verifyFraudProof(flipBit(bytes, bit), trustRoot), finding);
      } catch (error) {
        assert.ok(error instanceof Error && error.name === 'TransparencyError', String(error));
      }
    }
  }
  assert.throws(() => decodeFraudProof(new Uint8Array(fraudProofBytesMax + 1)), coded('bad-fraud-proof'));
  for (const bad of [
    '{}',
    '{"case":{},"kind":"x","v":1}',
    '{"case":{"first":1,"prefix":null,"second":""},"kind":"conflicting-checkpoints","v":1}',
    '{"case":{"answer":{},"log":null},"kind":"contradicted-answer","v":1}',
    '{"case":{"leaf":"","log":null},"kind":"unlogged-bundle","v":1}',
    '{"case":{"leaf":"","log":{"checkpoint":"","x":1}},"kind":"unlogged-bundle","v":1}',
  ])
    assert.throws(() => decodeFraudProof(utf8(bad)), coded('bad-fraud-proof'), bad);
});
