import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareBytes, hex } from '@coffer/base';
import fc from 'fast-check';
import {
  certificateFor,
  certify,
  digest,
  extend,
  genesis,
  group,
  headOf,
  history,
  isCode,
  leavesOf,
  open,
  type Point,
  recordKey,
  storedOf,
  summary,
  write,
} from './fixtures.js';

const undoEntriesMax = 4;

/** What a replica should hold, said as plainly as possible: a path of points and one committed place on it. */
class Model {
  path: Point[] = [genesis];
  committed = 0;
  /** Certificates are on one chain: the one that this names, which may be ahead of the path. */
  certified: Point = genesis;

  get tip(): Point {
    return this.path.at(-1) as Point;
  }

  /** What store(points) should answer. */
  verdict(points: readonly Point[]): string | undefined {
    if (points.length === 0) return undefined;
    if (points[0]?.parent !== this.tip) return 'not-next';
    const whole = [...this.path, ...points];
    const at = Number(this.certified.index);
    if (at > this.committed && whole.length > at && whole[at] !== this.certified) return 'forked';
    const committed = whole[at] === this.certified ? Math.max(at, this.committed) : this.committed;
    return whole.length - 1 - committed > undoEntriesMax ? 'undo-full' : undefined;
  }

  settle(): void {
    const at = Number(this.certified.index);
    if (this.path[at] === this.certified) this.committed = Math.max(this.committed, at);
  }
}

const answer = (call: () => void): string | undefined => {
  try {
    call();
    return undefined;
  } catch (error) {
    return (error as { code: string }).code;
  }
};

/** Two branches that leave each other at entry 4; certificates are only ever given on the first. */
const trunk = history(14, genesis, 'a', 7);
const branch = history(6, trunk[3], 'b', 9);

const operation = fc.oneof(
  fc.record({ type: fc.constant('store' as const), count: fc.integer({ min: 0, max: 7 }), other: fc.boolean() }),
  fc.record({ type: fc.constant('certify' as const), at: fc.integer({ min: 0, max: 13 }) }),
  fc.record({ type: fc.constant('rewind' as const), by: fc.integer({ min: 0, max: 6 }) }),
  fc.record({ type: fc.constant('trim' as const), below: fc.integer({ min: 0, max: 16 }) }),
  fc.record({ type: fc.constant('install' as const), at: fc.integer({ min: 0, max: 13 }) }),
);

test('random schedules of all operations agree with a plain model, and every state verifies', () => {
  fc.assert(
    fc.property(fc.array(operation, { minLength: 4, maxLength: 14 }), (schedule) => {
      const replica = open(':memory:', { undoEntriesMax });
      const model = new Model();
      for (const step of schedule) {
        if (step.type === 'store') {
          const line = step.other ? [...trunk.slice(0, 4), ...branch] : trunk;
          const points = line.slice(Number(model.tip.index)).slice(0, step.count);
          const verdict = model.verdict(points);
          assert.equal(
            answer(() => replica.store(group, storedOf(points))),
            verdict,
          );
          if (verdict === undefined) model.path.push(...points);
          model.settle();
        } else if (step.type === 'certify') {
          const point = trunk[step.at] as Point;
          assert.equal(
            answer(() => certify(replica, point)),
            undefined,
          );
          if (point.index > model.certified.index) model.certified = point;
          if (model.path[Number(point.index)] === point)
            model.committed = Math.max(model.committed, Number(point.index));
        } else if (step.type === 'rewind') {
          const to = Math.max(0, model.path.length - 1 - step.by);
          assert.equal(
            answer(() => replica.rewind(group, BigInt(to))),
            to < model.committed ? 'undo-missing' : undefined,
          );
          if (to >= model.committed) model.path.length = to + 1;
        } else if (step.type === 'trim') {
          replica.trim(group, BigInt(step.below));
        } else {
          const point = trunk[step.at] as Point;
          const older = point.index < model.tip.index;
          const installed = answer(() => replica.installSnapshot(group, headOf(point), [leavesOf(point)]));
          assert.equal(installed, older ? 'older-snapshot' : undefined);
          if (older) continue;
          model.path = [genesis, ...trunk.slice(0, step.at + 1)];
          model.committed = step.at + 1;
          if (point.index > model.certified.index) model.certified = point;
        }
        const seen = summary(replica, 10);
        assert.deepEqual(seen.tip.hash, model.tip.hash);
        assert.equal(seen.described.committedIndex, BigInt(model.committed));
        assert.equal(seen.described.certifiedIndex, model.certified.index);
        for (const [at, content] of seen.contents.entries()) {
          assert.deepEqual(content, model.tip.records.get(hex(recordKey(at))));
        }
        const committed = model.path[model.committed] as Point;
        const expected = leavesOf(committed).sort((a, b) => compareBytes(a.recordKey, b.recordKey));
        assert.deepEqual(seen.page.leaves, expected);
        assert.equal(seen.page.at.index, committed.index);
      }
      replica.close();
    }),
    { numRuns: 80 },
  );
});

test('a rewind leads back to the very same state, and another branch can be taken from there', () => {
  const replica = open();
  replica.store(group, storedOf(trunk.slice(0, 4)));
  const { certificate: _, ...before } = summary(replica);
  replica.store(group, storedOf(trunk.slice(4, 8)));
  replica.rewind(group, 4n);
  const { certificate: __, ...after } = summary(replica);
  assert.deepEqual(after, before);
  replica.store(group, storedOf(branch.slice(0, 4)));
  assert.ok(!replica.has(group, 5n, trunk[4]?.hash as Uint8Array));
  assert.ok(replica.has(group, 5n, branch[0]?.hash as Uint8Array));
  summary(replica);
});

test('a replica on a branch that lost stops there until it is rewound', () => {
  const replica = open();
  replica.store(group, storedOf([...trunk.slice(0, 4), ...branch.slice(0, 2)]));
  certify(replica, trunk[5] as Point);
  assert.throws(() => replica.store(group, storedOf(branch.slice(2, 3))), isCode('forked'));
  replica.rewind(group, 4n);
  assert.throws(() => replica.store(group, storedOf(branch.slice(0, 2))), isCode('forked'));
  replica.store(group, storedOf(branch.slice(0, 1)));
  replica.rewind(group, 4n);
  replica.store(group, storedOf(trunk.slice(4, 7)));
  assert.equal(replica.describe()[group]?.committedIndex, 6n);
  assert.throws(() => replica.rewind(group, 5n), isCode('undo-missing'));
  summary(replica);
});

test('certificates: the newest by term and index is kept, an older one may still commit what is held', () => {
  const replica = open();
  replica.store(group, storedOf(trunk.slice(0, 4)));
  certify(replica, trunk[8] as Point, 2n);
  certify(replica, trunk[2] as Point, 1n);
  assert.equal(replica.certificate(group)?.index, 9n);
  assert.equal(replica.describe()[group]?.committedIndex, 3n);
  certify(replica, trunk[1] as Point, 1n);
  assert.equal(replica.describe()[group]?.committedIndex, 3n);
  const again = certificateFor(trunk[8] as Point, 3n);
  replica.saveCertificate(group, again, 9n, (trunk[8] as Point).hash);
  assert.deepEqual(replica.certificate(group)?.qc, again);
  assert.deepEqual(replica.snapshotHead(group)?.certificate, certificateFor(trunk[2] as Point));
  summary(replica);
});

test('a certificate at the genesis, as the base of a first term', () => {
  const replica = open();
  certify(replica, genesis, 5n);
  assert.equal(replica.certificate(group)?.index, 0n);
  assert.equal(replica.snapshotHead(group), undefined);
  replica.store(group, storedOf(trunk.slice(0, 2)));
  replica.rewind(group, 0n);
  summary(replica);
});

test('a certificate that is malformed, for something else, or against another one is refused', () => {
  const replica = open();
  const [first, second] = trunk as [Point, Point];
  const save = (qc: Uint8Array, at: Point) => () => replica.saveCertificate(group, qc, at.index, at.hash);
  assert.throws(save(new Uint8Array(3), first), isCode('bad-certificate'));
  assert.throws(save(certificateFor(second), first), isCode('bad-certificate'));
  assert.throws(save(certificateFor({ ...first, hash: digest('x') }), first), isCode('bad-certificate'));
  assert.throws(save(certificateFor(first, 1n, 0), first), isCode('bad-certificate'));
  const far = { ...first, index: 1n << 63n };
  assert.throws(save(certificateFor(far), far), isCode('bad-certificate'));
  const edge = { ...first, index: (1n << 63n) - 1n };
  save(certificateFor(edge), edge)();
  assert.throws(
    save(certificateFor({ ...edge, hash: digest('x') }), { ...edge, hash: digest('x') }),
    isCode('certificates-differ'),
  );
  assert.equal(replica.certificate(group)?.index, edge.index);
});

test('a batch that writes one record again after others did keeps every step undoable', () => {
  const replica = open();
  const first = extend(genesis, [write(1, 'a'), write(2, 'a')]);
  const second = extend(first, [write(1, 'b'), write(3, 'b')]);
  const third = extend(second, [write(3, 'c'), write(1, 'c')]);
  const points = [first, second, third];
  for (const point of points) replica.store(group, storedOf([point]));
  for (const at of [2, 1, 0]) {
    replica.rewind(group, BigInt(at));
    const expected = at === 0 ? genesis : (points[at - 1] as Point);
    assert.deepEqual(
      summary(replica, 4).contents,
      [0, 1, 2, 3].map((key) => expected.records.get(hex(recordKey(key)))),
    );
  }
});
