import { type Cut, cutMutants } from './cut.js';
import type { Mutant } from './mutant.js';

const audit = 'monitor/dist/audit-pass.js';
const exhibits = 'monitor/dist/exhibits.js';
const epoch = 'monitor/dist/audited-epoch.js';
const cross = 'monitor/dist/cross-checks.js';

/** Mutants of an audit that compares: earlier checkpoints, other addresses, bundles, answers, rotations. */
export function viewMutants(): Mutant[] {
  return [
    ...cutMutants('packages/monitor/test/other-views.test.ts', [
      {
        name: 'an audit that lets a log go back',
        rule: 'the log is not shorter than what it signed',
        keeps: ['audit §2 rollback'],
        file: exhibits,
        find: "if (shown.size > known.size) throw new DoubtError('rollback'",
        replace: "if (false) throw new DoubtError('rollback'",
        test: 'follow: a log that goes back is rollback; one that changed its past is a split view, with proof',
      },
      {
        name: 'an audit that forgets the pass before',
        rule: 'a log is held against the checkpoint of the pass before',
        keeps: ['audit §2 split-view', 'audit §2 rollback'],
        file: audit,
        find: 'await this.#compareWithLast(known);',
        replace: '',
        test: 'follow: a log that goes back is rollback; one that changed its past is a split view, with proof',
      },
      {
        name: 'two trees of one size that an audit takes for one',
        rule: 'one history for all checkpoints of one size',
        keeps: ['audit §2 split-view'],
        file: cross,
        find: 'if (!equalBytes(first.root, second.root))',
        replace: 'if (false)',
        test: 'a stored checkpoint of another history: of the same size, smaller, and larger',
      },
      {
        name: 'a longer tree that an audit takes for a later one',
        rule: 'one history for all checkpoints',
        keeps: ['audit §2 split-view'],
        file: cross,
        find: 'if (isConsistent(first, second, consistency))',
        replace: 'if (true)',
        test: 'a second address: the same log, older or newer, or another one',
      },
      {
        name: 'an audit that accuses by tiles of another tree',
        rule: 'a proof is of the tree that was signed',
        keeps: ['audit §3', 'audit §2 tile'],
        file: cross,
        find: 'if (!isConsistent({ size: first.size, root: prefix.root }, second, consistency))',
        replace: 'if (false)',
        test: 'a second address: the same log, older or newer, or another one',
      },
      {
        name: 'an audit that drops checkpoints with their key',
        rule: 'a dropped log key still binds the log',
        keeps: ['audit §2 split-view', 'audit §2 checkpoint'],
        file: cross,
        find: 'error instanceof DoubtError ? older : []',
        replace: '[]',
        test: 'a stored checkpoint of a log key that a later trust root dropped is still held against the log',
      },
      {
        name: 'an audit in which a thief’s checkpoint accuses the log',
        rule: 'a revoked log key accuses nobody',
        keeps: ['audit §2 key-revoked', 'audit §2 split-view'],
        file: exhibits,
        find: 'verifyLogKeys(opened, roots);',
        replace: '',
        test: 'a stored checkpoint of a log key that a later trust root dropped is still held against the log',
      },
      {
        name: 'a bundle that was never logged, unnoticed',
        rule: 'a bundle’s leaf is at its place in the log',
        keeps: ['audit §2 unlogged'],
        file: exhibits,
        find: 'if (equalBytes(entry, bytes) || isSameStatement(openLeaf(entry), leaf))',
        replace: 'if (true)',
        test: 'a bundle that was signed and not logged; one that may still come; one that is there',
      },
      {
        name: 'an answer that contradicts the log, unnoticed',
        rule: 'the answer for an epoch is what the log has',
        keeps: ['audit §2 plexi-answer'],
        file: epoch,
        find: 'if (!isLogged(answer, leaf))',
        replace: 'if (false)',
        test: 'a Plexi answer that contradicts the log accuses the auditor, if it is signed',
      },
      {
        name: 'an accusation that nobody verified',
        rule: 'a fraud proof is handed out after it was verified',
        keeps: ['audit §3'],
        file: cross,
        find: 'verifyFraudProof(fraudProof, root);',
        replace: '',
        test: 'a bundle that was signed and not logged; one that may still come; one that is there',
      },
    ]),
    ...cutMutants('packages/monitor/test/role-delta.test.ts', rotations()),
  ];
}

/** What an audit has to show of a rotation. */
function rotations(): readonly Cut[] {
  const roles = 'monitor/dist/role-delta.js';
  const test = 'every role whose key comes or goes is shown, and every number of them that it takes';
  return [
    {
      name: 'a rotation that an audit does not show',
      rule: 'the first epoch under a newer trust root shows what changed',
      keeps: ['audit §4'],
      file: epoch,
      find: 'trustRootVersion > state.trustRootVersion',
      replace: 'false',
      test: 'attack: a rotation that puts the quorum of witnesses into one hand is shown with the epoch that is first under it',
    },
    {
      name: 'a rotation whose quorum an audit does not show',
      rule: 'thresholds and quorum that change are shown',
      keeps: ['audit §4'],
      file: roles,
      find: "[quorum, ...listed].join('; ')",
      replace: 'quorum',
      test: 'attack: a rotation that puts the quorum of witnesses into one hand is shown with the epoch that is first under it',
    },
    {
      name: 'a witness that is somebody else after a rotation',
      rule: 'witnesses that come and go are shown',
      keeps: ['audit §4'],
      file: roles,
      find: "...of('witness', keysOf(policy.witnesses)),",
      replace: '',
      test,
    },
    {
      name: 'a key that leaves unseen',
      rule: 'keys that are removed are shown',
      keeps: ['audit §4'],
      file: roles,
      find: 'removed: without(old, now)',
      replace: 'removed: []',
      test,
    },
    {
      name: 'a threshold of root keys that falls unseen',
      rule: 'every threshold that changes is shown',
      keeps: ['audit §4'],
      file: roles,
      find: 'rootKeys.threshold',
      replace: "''",
      test,
    },
    {
      name: 'a quorum whose members change their names',
      rule: 'whom a name of the policy stands for is shown',
      keeps: ['audit §4'],
      file: roles,
      find: '...Object.fromEntries(named),',
      replace: '',
      test: 'attack: a rotation that gives the names in the quorum to other witnesses',
    },
  ];
}
