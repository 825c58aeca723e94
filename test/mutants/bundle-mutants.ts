import { signedBundleCuts } from './bundle-signature-cuts.js';
import { type Cut, cutMutants } from './cut.js';
import type { Mutant } from './mutant.js';

const epoch = 'transparency/dist/client/logged-epoch.js';
const bundle = 'transparency/dist/client/verify-bundle.js';
const waiting = 'transparency/dist/client/waiting.js';

/** Mutants of what a client asks of a validation bundle: the rows of the table, in its order. */
export const bundleMutants = (): Mutant[] =>
  cutMutants('packages/transparency/test/verify-bundle.test.ts', [
    ...signedBundleCuts(),
    ...history,
    ...maturity,
    ...inForce,
    ...expectedFleet,
  ]);

const history: readonly Cut[] = [
  {
    name: 'an epoch after which others were logged',
    rule: 'the leaf is the last one',
    keeps: ['transparency §8 not-latest-leaf'],
    file: bundle,
    find: 'if (index !== signed.checkpoint.size - 1)',
    replace: 'if (false)',
    test: 'refused: latest: the epoch before (not-latest-leaf)',
  },
  {
    name: 'a frozen log',
    rule: 'a quorum stood behind it at most 48 hours ago',
    keeps: ['transparency §8 stale'],
    file: bundle,
    find: 'if (clockMs - newestMs > checkpointAgeMsMax)',
    replace: 'if (false)',
    test: 'refused: latest: no quorum for two days (stale)',
  },
  {
    name: 'a clock that is set back',
    rule: 'time is the greater of clock and greatest verified time',
    keeps: ['transparency §8 stale', 'transparency §8 expired'],
    file: 'transparency/dist/client/client-trust.js',
    find: '=> Math.max(nowMs, verifiedMs)',
    replace: '=> nowMs',
    test: 'time: a clock set back revives nothing',
  },
  {
    name: 'a shorter log than was seen before',
    rule: 'the log does not shrink',
    keeps: ['transparency §8 rollback'],
    file: bundle,
    find: 'if (known !== undefined && known.size > checkpoint.size)',
    replace: 'if (false)',
    test: 'refused: history: a shorter log (rollback)',
  },
  {
    name: 'another history than was seen before',
    rule: 'the log continues the one that was seen',
    keeps: ['transparency §8 inconsistent'],
    file: bundle,
    find: 'verifyConsistency(known, checkpoint, consistency.hashes);',
    replace: ';',
    test: 'refused: history: another history (inconsistent)',
  },
  {
    name: 'an earlier epoch at a later place',
    rule: 'the epoch does not go down',
    keeps: ['transparency §8 epoch-went-down'],
    file: bundle,
    find: 'if (leaf.epoch < trust.epoch)',
    replace: 'if (false)',
    test: 'refused: history: an earlier epoch again (epoch-went-down)',
  },
  {
    name: 'an epoch that is not its place',
    rule: 'the epoch is the leaf’s place in the log',
    keeps: ['transparency §8 wrong-epoch'],
    file: bundle,
    find: 'if (leaf.epoch !== index + 1)',
    replace: 'if (false)',
    test: 'refused: history: a skipped epoch (wrong-epoch)',
  },
];

const maturity: readonly Cut[] = [
  {
    name: 'a fleet of yesterday',
    rule: 'a fleet has been public for 72 hours',
    keeps: ['transparency §8 immature'],
    file: waiting,
    find: 'if (waiting.waitingMs > 0 && publicSinceMs > latestMs)',
    replace: 'if (false)',
    test: 'refused: mature: a fleet of yesterday (immature)',
  },
  {
    name: 'one early witness who makes a fleet old',
    rule: 'public since the quorum-th oldest cosignature',
    keeps: ['transparency §8 immature', 'transparency §2'],
    file: epoch,
    find: 'const publicSinceMs = quorumOldest(policy, signed.cosignedMs);',
    replace: 'const publicSinceMs = Math.min(...signed.cosignedMs.values());',
    test: 'waiting: 72 hours between the two quorums',
  },
  {
    name: 'an older epoch of another history',
    rule: 'older leaves are consistent with the current checkpoint',
    keeps: ['transparency §8 immature', 'transparency §8 inconsistent'],
    file: waiting,
    find: 'verifyConsistency(older.signed.checkpoint, current.signed.checkpoint, proof.consistency);',
    replace: '',
    test: 'refused: mature: an older leaf of another history (inconsistent)',
  },
  {
    name: 'an older epoch that a thief signed',
    rule: 'older leaves are of keys in force at their place',
    keeps: ['transparency §8 key-revoked', 'transparency §8 immature'],
    file: waiting,
    find: 'verifyKeysInForce(older, root);',
    replace: '',
    test: 'attack: older epochs of a bundle that a thief signed, or that were logged at another place',
  },
  {
    name: 'an older epoch at another place of the log',
    rule: 'the epoch of an older leaf is its place too',
    keeps: ['transparency §8 wrong-epoch', 'transparency §8 immature'],
    file: waiting,
    find: 'if (older.leaf.epoch !== older.index + 1)',
    replace: 'if (false)',
    test: 'attack: older epochs of a bundle that a thief signed, or that were logged at another place',
  },
];

const inForce: readonly Cut[] = [
  {
    name: 'a statement that has run out',
    rule: 'notAfter has not passed',
    keeps: ['transparency §8 expired'],
    file: bundle,
    find: 'if (Math.max(clockMs, newestMs) > leaf.notAfterMs)',
    replace: 'if (false)',
    test: 'refused: in force: a statement that has run out (expired)',
  },
  ...(['auditor', 'operator'] as const).map((role) => ({
    name: `a stolen key of the ${role}`,
    rule: `the ${role}’s key is not revoked at the leaf’s place`,
    keeps: ['transparency §8 key-revoked', 'transparency §7'] as const,
    file: epoch,
    find: `verifyKeyInForce(root, leaf.${role}.key, index + 1);`,
    replace: '',
    test: `refused: in force: an ${role}’s key stolen before (key-revoked)`,
  })),
  {
    name: 'a stolen key of the log',
    rule: 'the log’s key is not revoked at the checkpoint’s size',
    keeps: ['transparency §8 key-revoked', 'transparency §7'],
    file: epoch,
    find: 'verifyKeyInForce(root, key, signed.checkpoint.size);',
    replace: ';',
    test: 'refused: in force: a log key stolen before (key-revoked)',
  },
  {
    name: 'a revocation that comes one leaf late',
    rule: 'a revoked key counts below its position only',
    keeps: ['transparency §7', 'transparency §8 key-revoked'],
    file: 'transparency/dist/keys/revocation.js',
    find: 'size > revocation.revokedAtSize',
    replace: 'size > revocation.revokedAtSize + 1',
    test: 'keys: a revocation counts from its place in the log on',
  },
];

const expectedFleet: readonly Cut[] = [
  {
    name: 'another configuration under the name of a fleet',
    rule: 'fleet and configuration are the wanted ones',
    keeps: ['transparency §8 wrong-fleet'],
    file: bundle,
    find: '&& (configHash === undefined || equalBytes(descriptor.configHash, configHash))',
    replace: '',
    test: 'refused: expected: another configuration (wrong-fleet)',
  },
  {
    name: 'a fleet without the vault’s group',
    rule: 'the fleet has the group that is wanted',
    keeps: ['transparency §8 wrong-group'],
    file: bundle,
    find: 'group === undefined || group < descriptor.groups',
    replace: 'true',
    test: 'refused: expected: a group too many (wrong-group)',
  },
  {
    name: 'a revoked fleet that is still used',
    rule: 'a revoked fleet is for no use',
    keeps: ['transparency §8 fleet-revoked'],
    file: bundle,
    find: "inGroup.filter(({ status }) => status !== 'revoked')",
    replace: 'inGroup',
    test: 'refused: expected: a revoked fleet (fleet-revoked)',
  },
  {
    name: 'registrations on a fleet that drains',
    rule: 'a draining fleet registers nothing',
    keeps: ['transparency §8 fleet-not-serving'],
    file: bundle,
    find: "use === 'recover' || status === 'serving'",
    replace: 'true',
    test: 'refused: expected: a draining fleet (fleet-not-serving)',
  },
];
