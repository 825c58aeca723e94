import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { SimulatedQuoteVerifier } from '@coffer/attestation';
import { hex } from '@coffer/base';
import { evidenceDigest, evidenceRoles, holds, verifyEvidence } from '@coffer/evidence';
import { decodeTrustRoot } from '@coffer/transparency';
import { goldenFiles, goldenFolder } from './golden.js';

const published = (name: string): Uint8Array => new Uint8Array(readFileSync(new URL(name, goldenFolder)));

test('the published set is the one that these seeds make', async () => {
  const files = await goldenFiles();
  const names = readdirSync(new URL('good/', goldenFolder)).map((name) => `good/${name}`);
  assert.deepEqual([...names, 'trust-root.json'].sort(), [...files.keys()].sort());
  for (const [name, bytes] of files) assert.deepEqual(published(name), bytes, name);
});

test('the published set holds, read as a stranger would', () => {
  const { trustRoot } = decodeTrustRoot(published('trust-root.json'));
  const index = published('good/index.json');
  const read = (digest: Uint8Array) =>
    hex(digest) === hex(evidenceDigest(index)) ? index : published(`good/${hex(digest)}`);
  const options = { ...evidenceRoles(trustRoot), quoteVerifiers: [new SimulatedQuoteVerifier()] };
  assert.ok(holds(verifyEvidence(read, evidenceDigest(index), options)));
});

test('revoked keys count for what was named before, and for nothing without a position', () => {
  const { trustRoot } = decodeTrustRoot(published('trust-root.json'));
  const revocations = trustRoot.operators.map((key) => ({ key, revokedAtSize: 7 }));
  const revoked = { ...trustRoot, revocations };
  assert.equal(evidenceRoles(revoked, 7).operators.length, 1);
  assert.equal(evidenceRoles(revoked, 8).operators.length, 0);
  assert.equal(evidenceRoles(revoked).operators.length, 0);
});
