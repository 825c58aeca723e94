import assert from 'node:assert/strict';
import { test } from 'node:test';
import { utf8 } from '@coffer/base';
import {
  assembleCertificate,
  type CommitProof,
  decodeCommitProof,
  encodeCommitProof,
  entryHash,
  isReplyUnder,
  ProtocolError,
  repliesRoot,
  replyPath,
  replyPaths,
  verifyCommitProof,
  verifyQuorumCertificate,
} from '@coffer/protocol';
import { WireError } from '@coffer/wire';
import { capBy, entryWith, testFleet } from './fleet.js';

const fleet = testFleet();
const replies = [0, 1, 2, 3, 4].map((i) => utf8(`reply ${i}`));
const reply = replies[2] as Uint8Array;

/** The reply stands in the first of two entries; three of five members certified the second. */
function proof(): CommitProof {
  const first = entryWith(fleet, replies);
  const second = entryWith(fleet, [utf8('x')], { index: 2n, prevHash: entryHash(first) });
  const certificate = assembleCertificate([1, 3, 5].map((id) => capBy(fleet, id, 2n, entryHash(second))));
  return { replyIndex: 2, path: replyPath(replies, 2), entries: [first, second], certificate };
}

const refused = (changed: CommitProof, code = 'bad-commit-proof', what = reply) =>
  assert.throws(
    () => verifyCommitProof(fleet, 0, what, changed),
    (e) => e instanceof ProtocolError && e.code === code,
  );

test('a majority behind a later entry of the chain proves the reply', () => {
  assert.equal(verifyCommitProof(fleet, 0, reply, proof()).index, 1n);
  assert.deepEqual(decodeCommitProof(encodeCommitProof(proof())), proof());
});

test('each part of the proof is needed', () => {
  const good = proof();
  const [first, second] = good.entries;
  assert.ok(first && second);
  refused(good, 'bad-commit-proof', replies[1] as Uint8Array);
  refused({ ...good, replyIndex: 1 });
  refused({ ...good, path: good.path.slice(1) });
  refused({ ...good, path: [...good.path, new Uint8Array(32)] });
  refused({ ...good, entries: [] });
  refused({ ...good, entries: [first] });
  refused({ ...good, entries: [first, { ...second, index: 3n }] });
  refused({ ...good, entries: [{ ...first, count: 6 }, second] });
  refused({ ...good, entries: [first, { ...second, configHash: first.prevHash as never }] });
  assert.throws(() => verifyCommitProof(fleet, 1, reply, good), ProtocolError, 'another group');
  assert.throws(() => verifyCommitProof(testFleet({ budgetLimit: 9 }), 0, reply, good), ProtocolError, 'another fleet');
});

test('a certificate from before its entry, or with too few members, proves nothing', () => {
  const good = proof();
  const [first, second] = good.entries;
  assert.ok(first && second);
  const later = { ...second, term: { round: 2n, leaderId: 1 } };
  const early = assembleCertificate([1, 2, 3].map((id) => capBy(fleet, id, 2n, entryHash(later))));
  refused({ ...good, entries: [first, later], certificate: early });
  const { certificate } = good;
  refused({ ...good, certificate: { ...certificate, signatures: certificate.signatures.slice(1) } }, 'bad-certificate');
  const [one] = certificate.signatures;
  assert.ok(one);
  refused({ ...good, certificate: { ...certificate, signatures: [one, one, one] } }, 'bad-certificate');
  const stranger = { hsm: 9, signature: one.signature };
  refused(
    { ...good, certificate: { ...certificate, signatures: [...certificate.signatures.slice(0, 2), stranger] } },
    'bad-certificate',
  );
});

test('no single flipped bit of a proof survives', () => {
  const encoded = encodeCommitProof(proof());
  for (let bit = 0; bit < 8 * encoded.length; bit += 3) {
    const flipped = encoded.slice();
    flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
    assert.throws(
      () => verifyCommitProof(fleet, 0, reply, decodeCommitProof(flipped)),
      (e) => e instanceof ProtocolError || e instanceof WireError,
      `bit ${bit}`,
    );
  }
});

test('every reply of every batch size has its own place and no other', () => {
  for (let count = 1; count <= 20; count++) {
    const batch = Array.from({ length: count }, (_, i) => utf8(`${count}/${i}`));
    const root = repliesRoot(batch);
    for (let at = 0; at < count; at++) {
      const path = replyPath(batch, at);
      assert.deepEqual(replyPaths(batch)[at], path);
      assert.ok(isReplyUnder(root, batch[at] as Uint8Array, at, count, path));
      for (let other = 0; other <= count; other++) {
        if (other !== at) assert.equal(isReplyUnder(root, batch[at] as Uint8Array, other, count, path), false);
      }
    }
  }
});

test('no caps make no certificate, and a group that the fleet has not has none', () => {
  assert.throws(() => assembleCertificate([]), { code: 'bad-certificate' });
  const elsewhere = { ...proof().certificate, group: fleet.groups };
  assert.throws(() => verifyQuorumCertificate(fleet, elsewhere), { code: 'bad-certificate' });
});
