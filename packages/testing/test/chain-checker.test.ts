import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Entry, entryHash, genesisHash, type Term } from '@coffer/protocol';
import { ChainChecker, fleetKit } from '@coffer/testing';

const { fleet } = fleetKit({ sites: 3, groups: 1, rollbackTolerance: 0, budgetLimit: 3 });
const genesis = genesisHash(fleet.configHash, 0);
const t1: Term = { round: 1n, leaderId: 1 };
const t2: Term = { round: 2n, leaderId: 2 };

function entry(prev: Entry | undefined, term: Term, mark: number): Entry {
  const bytes = (fill: number): Uint8Array => new Uint8Array(32).fill(fill);
  return {
    group: 0,
    configHash: fleet.configHash,
    term,
    nonce: bytes(mark),
    index: (prev?.index ?? 0n) + 1n,
    prevHash: prev === undefined ? genesis : entryHash(prev),
    root: bytes(1),
    requestsDigest: bytes(2),
    repliesRoot: bytes(3),
    leavesDigest: bytes(4),
    count: 1,
  };
}

/** A checker that has seen these entries executed, and says the codes of what it finds. */
function checker(...entries: Entry[]) {
  const chain = new ChainChecker(fleet, 0);
  for (const one of entries) chain.learn(one);
  const at = (one: Entry) => ({ index: one.index, hash: entryHash(one) });
  const codes = (findings: readonly { code: string }[]): string[] => findings.map(({ code }) => code);
  return {
    chain,
    cap: (hsm: number, one: Entry, term = one.term) =>
      codes(chain.capture({ hsm, group: 0, configHash: fleet.configHash, term, ...at(one) })),
    release: (one: Entry) => codes(chain.release(at(one))),
  };
}

const a1 = entry(undefined, t1, 1);
const a2 = entry(a1, t1, 1);
const a3 = entry(a2, t1, 1);
const b1 = entry(undefined, t2, 2);
const b2 = entry(b1, t2, 2);
const c2 = entry(a1, t2, 3);

test('a chain that a quorum captured and that is released in order is good', () => {
  const { chain, cap, release } = checker(a1, a2, a3);
  assert.deepEqual([...cap(1, a1), ...cap(2, a1), ...release(a1), ...cap(1, a3), ...cap(3, a3)], []);
  assert.equal(chain.committedIndex, 3n);
  assert.deepEqual([...release(a2), ...release(a3)], []);
});

test('the same member twice is no quorum', () => {
  const { cap, release } = checker(a1);
  cap(1, a1);
  cap(1, a1);
  assert.deepEqual(release(a1), ['uncommitted-release']);
});

test('captures of different terms are no quorum together', () => {
  const { chain, cap } = checker(a1);
  cap(1, a1, t1);
  cap(2, a1, t2);
  assert.equal(chain.committedIndex, 0n);
});

test('two certified entries at one index are a fork', () => {
  const { cap } = checker(a1, b1);
  cap(1, a1);
  cap(2, a1);
  assert.deepEqual(cap(3, b1), []);
  assert.ok(cap(2, b1).includes('certified-fork'));
});

test('a certified entry over another history is a fork, even if nobody certified that history', () => {
  const { cap } = checker(a1, a2, b1, b2);
  cap(1, a2);
  cap(2, a2);
  cap(3, b2);
  assert.ok(cap(1, b2).includes('certified-fork'));
});

test('a certified entry that nobody executed is a fork', () => {
  const { cap } = checker();
  cap(1, a1);
  assert.deepEqual(cap(2, a1), ['certified-fork']);
});

test('two released entries at one index', () => {
  const { cap, release } = checker(a1, b1);
  cap(1, a1);
  cap(2, a1);
  assert.deepEqual(release(a1), []);
  assert.deepEqual(release(b1), ['two-released', 'uncommitted-release']);
});

test('released entries that do not chain', () => {
  const { cap, release } = checker(b1, a1, a2);
  cap(1, b1);
  cap(2, b1);
  release(b1);
  assert.deepEqual(release(a2), ['released-fork', 'uncommitted-release']);
});

test('an HSM may leave an uncommitted entry, and never a committed one', () => {
  const { cap } = checker(a1, a2, c2, b1);
  cap(1, a2);
  cap(2, a1);
  cap(3, a1);
  // a1 is committed now; a2, which only HSM 1 has, is not.
  assert.deepEqual(cap(1, c2), []);
  assert.deepEqual(cap(1, b1), ['committed-left']);
});

test('going back below what was committed is leaving it', () => {
  const { cap } = checker(a1, a2);
  for (const hsm of [1, 2]) cap(hsm, a2);
  assert.deepEqual(cap(1, a1), ['committed-left']);
});
