import { concat, utf8 } from '@coffer/base';
import { ed25519Sign, sha256 } from '@coffer/crypto';
import {
  type Bundle,
  type BundleRequest,
  decodeProofFile,
  encodeNote,
  encodeProofFile,
  type Leaf,
  noteSigner,
  signNote,
  standardWaiting,
  type TransparencyErrorCode,
} from '@coffer/transparency';
import {
  dayMs,
  fleetOf,
  keyOf,
  namespace,
  newClient,
  nowMs,
  origin,
  type PublishOptions,
  requestFor,
  seedOf,
  startMs,
  threeEpochBundle,
  threeEpochs,
  World,
  withLine,
} from './world.js';

export interface Forgery {
  readonly row: string;
  readonly name: string;
  readonly code: TransparencyErrorCode;
  readonly request: BundleRequest;
}

const honest = threeEpochs();
const bundle = threeEpochBundle(honest);
const epochTwoTrust = {
  trustRootVersion: 1,
  epoch: 3,
  verifiedMs: startMs,
  checkpoint: { origin, size: 3, root: honest.root(), note: honest.checkpoint(3, [startMs, startMs]) },
};

/** The third epoch published otherwise, by someone who controls log and witnesses. */
function lastEpoch(options: PublishOptions): BundleRequest {
  const world = threeEpochs({}, options);
  return requestFor(world, threeEpochBundle(world));
}

const withBundle = (fields: Partial<Bundle>): BundleRequest => requestFor(honest, { ...bundle, ...fields });
const withRequest = (fields: Partial<BundleRequest>): BundleRequest => requestFor(honest, bundle, fields);
const withFleet = (fields: Partial<BundleRequest['expectations']>): BundleRequest =>
  withRequest({ expectations: { namespace, origin, ...fields } });

/** The newest proof with other checkpoint bytes. */
function withCheckpoint(change: (note: Uint8Array) => Uint8Array): BundleRequest {
  const file = decodeProofFile(bundle.proof);
  return withBundle({ proof: encodeProofFile({ ...file, checkpoint: change(file.checkpoint) }) });
}

const signature = (seed: string, message: Uint8Array): Uint8Array => ed25519Sign(seedOf(seed), message);

function otherSignature(leaf: Leaf): Leaf {
  return { ...leaf, auditor: { ...leaf.auditor, signature: signature('thief', leaf.auditor.message) } };
}

function otherCountersignature(which: 'full' | 'compatible') {
  return (leaf: Leaf): Leaf => {
    const signatures = { ...leaf.operator.signatures, [which]: signature('operator', utf8('something else')) };
    return { ...leaf, operator: { ...leaf.operator, signatures } };
  };
}

/** Another history with the same first epoch: what a log shows to one victim. */
function splitView(): World {
  const world = threeEpochs();
  const victim = new World();
  victim.publish({ A: 'serving' }, { atMs: startMs, notAfterMs: startMs + 29 * dayMs });
  for (const epoch of [2, 3]) victim.logLeaf(world.artifacts[epoch - 1]!, world.leaves[epoch - 1]!);
  return victim;
}

function stolenLogKey(): BundleRequest {
  const thief = noteSigner(origin, 'log', seedOf('thief'));
  const text = honest.checkpointText();
  return withCheckpoint(() => encodeNote({ text, signatures: [signNote(text, thief)] }));
}

function unlogged(): BundleRequest {
  const before = new World();
  for (const epoch of [1, 2]) before.logLeaf(honest.artifacts[epoch - 1]!, honest.leaves[epoch - 1]!);
  const artifact = before.artifactOf({ A: 'serving', B: 'serving', D: 'serving' });
  return withBundle({ artifact, leaf: before.leafOf(artifact) });
}

/** A fourth entry whose epoch is not its place. */
function misplaced(artifactEpoch: number): BundleRequest {
  const world = threeEpochs();
  world.publish({ A: 'draining', B: 'serving' }, { atMs: nowMs - dayMs, artifactEpoch });
  const clientTrust = { ...epochTwoTrust, checkpoint: { ...epochTwoTrust.checkpoint } };
  return requestFor(world, world.bundle(nowMs, 3, [world.maturity(2, 2, startMs + 1.1 * dayMs)]), { clientTrust });
}

function leafBefore(): BundleRequest {
  const note = honest.checkpoint(3, [nowMs, nowMs]);
  return withBundle(honest.epochPart(2, note, 3));
}

function oneWitness(): BundleRequest {
  return withBundle(honest.epochPart(3, honest.checkpoint(3, [nowMs, undefined, undefined])));
}

function frozen(): BundleRequest {
  // One witness is always there; the quorum is not.
  const note = honest.checkpoint(3, [nowMs, nowMs - 2 * dayMs - 1000]);
  return withBundle(honest.epochPart(3, note));
}

const revocations = (name: string, revokedAtSize: number) => ({
  trustRoot: honest.trustRoot({ revocations: [{ key: keyOf(name), revokedAtSize }] }),
});

const staging = threeEpochs({ namespace: 'staging.encrypted_backups.fleet_keys.v1' });
const otherLog = threeEpochs({ origin: 'log.example/staging' });

/** One lie for every rule of docs/spec/transparency.md §8, in its order. The first request of all is good. */
export const forgeries: readonly Forgery[] = [
  ['form', 'a truncated bundle', 'bad-bundle', withRequest({ bundle: requestFor(honest, bundle).bundle.slice(0, -1) })],
  ['expected', 'staging, same signers', 'wrong-namespace', requestFor(staging, threeEpochBundle(staging))],
  [
    'expected',
    'a trust root of another namespace',
    'wrong-namespace',
    withRequest({ trustRoot: honest.trustRoot({ namespace: staging.namespace }) }),
  ],
  ['expected', 'another log, same signers', 'wrong-origin', requestFor(otherLog, threeEpochBundle(otherLog))],
  ['root', 'a newer root is in force', 'trust-root-version', lastEpoch({ trustRootVersion: 2 })],
  [
    'root',
    'an older root than was used before',
    'trust-root-version',
    withRequest({ clientTrust: { ...newClient, trustRootVersion: 2 } }),
  ],
  ['signed', 'another artifact', 'bad-digest', withBundle({ artifact: unsignedArtifact() })],
  ['signed', 'a leaf of another epoch', 'contradictory-leaf', lastEpoch({ edit: (leaf) => ({ ...leaf, epoch: 4 }) })],
  [
    'signed',
    'other evidence',
    'wrong-evidence',
    lastEpoch({ edit: (leaf) => ({ ...leaf, evidence: leaf.evidence.map(() => sha256()) }) }),
  ],
  ['signed', 'an auditor nobody knows', 'bad-auditor-signature', lastEpoch({ auditor: 'thief' })],
  ['signed', 'a forged auditor’s signature', 'bad-auditor-signature', lastEpoch({ edit: otherSignature })],
  ['signed', 'an operator nobody knows', 'bad-operator-signature', lastEpoch({ operator: 'thief' })],
  [
    'signed',
    'a forged countersignature',
    'bad-operator-signature',
    lastEpoch({ tamper: otherCountersignature('full') }),
  ],
  [
    'signed',
    'a forged compatible countersignature',
    'bad-operator-signature',
    lastEpoch({ tamper: otherCountersignature('compatible') }),
  ],
  [
    'signed',
    'a longer life than the operator gave it',
    'bad-operator-signature',
    lastEpoch({ tamper: (leaf) => ({ ...leaf, notAfterMs: leaf.notAfterMs + 1 }) }),
  ],
  ['logged', 'signed, but never logged', 'not-included', unlogged()],
  ['logged', 'a checkpoint by another key', 'bad-log-signature', stolenLogKey()],
  ['logged', 'a witness whose signature is another’s', 'bad-cosignature', withCheckpoint(swapCosignatures)],
  [
    'logged',
    'a line that nobody can check',
    'unknown-signature',
    withCheckpoint((note) => withLine(note, '— x.example AAAAAAA=\n')),
  ],
  ['logged', 'one witness', 'no-witness-quorum', oneWitness()],
  ['latest', 'the epoch before', 'not-latest-leaf', leafBefore()],
  ['latest', 'no quorum for two days', 'stale', frozen()],
  ['history', 'a shorter log', 'rollback', rolledBack()],
  [
    'history',
    'another history',
    'inconsistent',
    requestFor(splitView(), threeEpochBundle(splitView()), historyOf(honest)),
  ],
  ['history', 'a proof for another client', 'inconsistent', withBundle({ consistency: { fromSize: 0, hashes: [] } })],
  ['history', 'an earlier epoch again', 'epoch-went-down', misplaced(2)],
  ['history', 'a skipped epoch', 'wrong-epoch', misplaced(5)],
  ['mature', 'a fleet of yesterday', 'immature', withFleet({ fleetId: fleetOf('C').fleetId })],
  ['mature', 'no older leaf at all', 'immature', withBundle({ maturity: [] })],
  [
    'mature',
    'an older leaf of another history',
    'inconsistent',
    withBundle({ maturity: [{ ...bundle.maturity[0]!, consistency: [sha256(), sha256()] }] }),
  ],
  ['in force', 'a statement that has run out', 'expired', lastEpoch({ notAfterMs: nowMs - 1 })],
  ['in force', 'an auditor’s key stolen before', 'key-revoked', withRequest(revocations('auditor', 2))],
  ['in force', 'an operator’s key stolen before', 'key-revoked', withRequest(revocations('operator', 2))],
  ['in force', 'a log key stolen before', 'key-revoked', withRequest(revocations('log', 2))],
  ['expected', 'a fleet that is not listed', 'wrong-fleet', withFleet({ fleetId: fleetOf('D').fleetId })],
  [
    'expected',
    'another configuration',
    'wrong-fleet',
    withFleet({ configHash: fleetOf('B', { groups: 3 }).configHash }),
  ],
  ['expected', 'a group too many', 'wrong-group', withFleet({ fleetId: fleetOf('B').fleetId, group: 2 })],
  ['expected', 'a draining fleet', 'fleet-not-serving', withFleet({ fleetId: fleetOf('A').fleetId })],
  ['expected', 'a revoked fleet', 'fleet-revoked', revokedFleet()],
].map(([row, name, code, request]) => ({ row, name, code, request }) as Forgery);

/** The bundle that all of these started from. */
export const goodRequest = requestFor(honest, bundle);

function unsignedArtifact(): Uint8Array {
  const world = threeEpochs({}, { atMs: nowMs });
  const artifact = new World();
  for (const epoch of [1, 2]) artifact.logLeaf(world.artifacts[epoch - 1]!, world.leaves[epoch - 1]!);
  return artifact.artifactOf({ A: 'serving', B: 'serving', D: 'serving' });
}

function swapCosignatures(note: Uint8Array): Uint8Array {
  const lines = new TextDecoder().decode(note).trimEnd().split('\n');
  const [first, second] = lines.splice(-2).map((line) => line.split(' '));
  const encoded = (own: string, other: string): string => {
    const [mine, theirs] = [own, other].map((text) => Buffer.from(text, 'base64')) as [Buffer, Buffer];
    return Buffer.from(concat(mine.subarray(0, 4), theirs.subarray(4))).toString('base64');
  };
  const swapped = [
    `— ${first![1]} ${encoded(first![2]!, second![2]!)}`,
    `— ${second![1]} ${encoded(second![2]!, first![2]!)}`,
  ];
  return utf8(`${[...lines, ...swapped].join('\n')}\n`);
}

function historyOf(world: World): Partial<BundleRequest> {
  return { clientTrust: requestFor(world, bundle).clientTrust };
}

function rolledBack(): BundleRequest {
  const old = honest.bundle(nowMs, 2, [], 2);
  return requestFor(honest, old, { clientTrust: epochTwoTrust, waiting: standardWaiting([fleetOf('B').configHash]) });
}

function revokedFleet(): BundleRequest {
  const world = threeEpochs();
  world.publish({ A: 'draining', B: 'revoked', C: 'serving' }, { atMs: nowMs - dayMs });
  return requestFor(world, world.bundle(nowMs, 1, [world.maturity(2, 2, startMs + 1.1 * dayMs)]));
}
