import type { Replica } from '@coffer/replica';
import type { StatementHook } from '@coffer/sqlite';
import { certify, group, headOf, history, leavesOf, open, type Point, storedOf } from './fixtures.js';

interface CrashCase {
  /** Makes the file that the operation starts from. */
  prepare(path: string): void;
  run(replica: Replica): void;
}

const points = history(9);
const at = (index: number): Point => points[index - 1] as Point;

/** A file with `stored` entries, the certificate of entry `certified`, and the last use closed cleanly. */
const prepared = (stored: number, certified: number, alsoKnown?: number) => (path: string) => {
  const replica = open(path);
  replica.store(group, storedOf(points.slice(0, stored)));
  if (certified > 0) certify(replica, at(certified));
  if (alsoKnown !== undefined) certify(replica, at(alsoKnown));
  replica.close();
};

/** Every operation that writes, each from a state where it has something to do. */
export const crashCases: Readonly<Record<string, CrashCase>> = {
  store: { prepare: prepared(3, 2), run: (replica) => replica.store(group, storedOf(points.slice(3, 5))) },
  'store up to a known certificate': {
    prepare: prepared(3, 2, 5),
    run: (replica) => replica.store(group, storedOf(points.slice(3, 6))),
  },
  certify: { prepare: prepared(5, 2), run: (replica) => certify(replica, at(4)) },
  rewind: { prepare: prepared(6, 3), run: (replica) => replica.rewind(group, 3n) },
  trim: { prepare: prepared(6, 4), run: (replica) => replica.trim(group, 4n) },
  install: {
    prepare: prepared(4, 2),
    run(replica) {
      const leaves = leavesOf(at(8));
      replica.installSnapshot(group, headOf(at(8)), [leaves.slice(0, 5), leaves.slice(5)]);
    },
  },
};

export function openCase(path: string, onStatement: StatementHook): Replica {
  let opened = false;
  const replica = open(path, {
    onStatement(moment, sql) {
      if (opened) onStatement(moment, sql);
    },
  });
  opened = true;
  return replica;
}

export function runCase(name: string, replica: Replica): void {
  crashCases[name]?.run(replica);
}
