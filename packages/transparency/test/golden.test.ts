import assert from 'node:assert/strict';
import { test } from 'node:test';
import { concat, fromHex, hex, utf8 } from '@coffer/base';
import { sha256 } from '@coffer/crypto';
import {
  type BundleExpectations,
  decodeClientTrust,
  decodeTrustRoot,
  encodeBundle,
  standardWaiting,
  verifyBundle,
  verifyConsistency,
  verifyFraudProof,
  verifyInclusion,
  verifyRotation,
} from '@coffer/transparency';
import { coded, vectors } from './files.js';
import { goldenFiles } from './golden.js';

const trustRootOf = (text: string) => decodeTrustRoot(utf8(text)).trustRoot;
const expect = (code: string | null, run: () => unknown, name: string) =>
  code === null ? assert.doesNotThrow(run, name) : assert.throws(run, coded(code as never), name);

test('the fixtures are those that are published', () => {
  for (const [name, value] of Object.entries(goldenFiles()))
    assert.deepEqual(JSON.parse(JSON.stringify(value)), vectors(`transparency/${name}.json`), name);
});

test('bundles.json, read as a stranger would', () => {
  const { parts, cases } = vectors('transparency/bundles.json');
  const part = (name: string) => utf8(parts[name]);
  const logged = (each: any) => ({ artifact: part(each.artifact), leaf: part(each.leaf), proof: part(each.proof) });
  for (const each of cases) {
    const bundle =
      each.encoded !== undefined
        ? fromHex(each.encoded)
        : encodeBundle({
            ...logged(each.bundle),
            maturity: each.bundle.maturity.map((old: any) => ({
              ...logged(old),
              consistency: old.consistency.map(fromHex),
            })),
            consistency: {
              fromSize: each.bundle.consistency.fromSize,
              hashes: each.bundle.consistency.hashes.map(fromHex),
            },
          });
    assert.equal(hex(sha256(bundle)), each.sha256);
    const { fleetId, configHash, ...rest } = each.expectations;
    const expectations = {
      ...rest,
      ...(fleetId && { fleetId: fromHex(fleetId) }),
      ...(configHash && { configHash: fromHex(configHash) }),
    } as BundleExpectations;
    const run = () =>
      verifyBundle({
        bundle,
        trustRoot: trustRootOf(parts[each.trustRoot]),
        clientTrust: decodeClientTrust(part(each.clientTrust)),
        nowMs: each.nowMs,
        expectations,
        waiting: { ...standardWaiting(each.waiting.exempt.map(fromHex)), waitingMs: each.waiting.waitingMs },
      });
    expect(each.code, run, each.name);
  }
});

test('log.json: proofs', () => {
  const { roots, inclusion, consistency } = vectors('transparency/log.json');
  const head = (size: number) => ({ size, root: fromHex(roots.find((each: any) => each.size === size).root) });
  for (const { index, size, leaf, proof } of inclusion)
    verifyInclusion(index, fromHex(leaf), proof.map(fromHex), head(size));
  for (const { from, to, proof } of consistency) verifyConsistency(head(from), head(to), proof.map(fromHex));
});

test('trust-roots.json and fraud-proofs.json', () => {
  for (const { name, code, held, next } of vectors('transparency/trust-roots.json').steps)
    expect(code, () => verifyRotation(trustRootOf(held), decodeTrustRoot(utf8(next))), name);
  const { trustRoot, proofs } = vectors('transparency/fraud-proofs.json');
  assert.equal(proofs.filter(({ code }: any) => code === null).length, 7);
  for (const { name, code, file, finding } of proofs) {
    expect(code, () => verifyFraudProof(utf8(file), trustRootOf(trustRoot)), name);
    if (code === null) assert.equal(verifyFraudProof(utf8(file), trustRootOf(trustRoot)).finding, finding);
  }
});

test('artifacts.json: digests and hashes as anyone computes them', () => {
  for (const { artifact, digest, leaf, leafHash } of vectors('transparency/artifacts.json').epochs) {
    assert.equal(hex(sha256(utf8(artifact))), digest);
    assert.equal(hex(sha256(concat(Uint8Array.of(0), utf8(leaf)))), leafHash);
    assert.equal(JSON.parse(leaf).digest, digest);
  }
});
