import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hex, utf8, utf8Text } from '@coffer/base';
import { sha256 } from '@coffer/crypto';
import type { DoubtCode, EpochReport, EvidenceRequest } from '@coffer/monitor';
import {
  artifactDigest,
  decodeCheckpoint,
  decodeNote,
  decodePlexiMessage,
  encodePlexiMessage,
  type Leaf,
  leafHash,
  plexiAnswerJson,
  plexiKeyId,
  signPlexiMessage,
  type TrustRoot,
} from '@coffer/transparency';
import { seedOf, signedBy } from '@coffer/transparency/testing';
import {
  auditOf,
  dayMs,
  goodWorld,
  json,
  keyOf,
  nowMs,
  type Shown,
  ShownWorld,
  testEvidence,
  World,
} from './harness.js';

const ns = new World().namespace;

/** Every doubt of one pass over a world, as `code epoch cause`. */
async function doubtsOf(source: ShownWorld, trustRoot: TrustRoot = source.world.trustRoot()): Promise<string[]> {
  const { doubts, doubtCount } = await auditOf(source, { trustRoot }).advance();
  assert.equal(doubts.length, doubtCount);
  return doubts.map(({ code, epoch, cause }) => [code, epoch, cause].filter((part) => part !== undefined).join(' '));
}

test('a good log: no doubt, every tile and file read, the delta of every epoch', async () => {
  const source = new ShownWorld(goodWorld());
  const epochs: EpochReport[] = [];
  const onEpoch = (report: EpochReport): void => void epochs.push(report);
  const report = await auditOf(source, { trustRoot: source.world.trustRoot(), onEpoch }).advance();
  assert.deepEqual(report.doubts, []);
  assert.deepEqual(
    [report.size, report.epochs, report.witnesses, report.cosignedMs],
    [3, 3, ['w1', 'w2'], nowMs - 3_600_000],
  );
  assert.equal(decodeCheckpoint(decodeNote(report.checkpoint as Uint8Array).text).size, 3);
  for (const path of ['checkpoint', 'tile/entries/000.p/3', 'tile/0/000.p/3'])
    assert.ok(source.asked.includes(`/logs/${ns}/${path}`), path);
  assert.deepEqual(
    epochs.map(({ delta }) => [
      delta.added.length,
      delta.removed.length,
      delta.changed.map(({ from, to }) => `${from} ${to}`),
    ]),
    [
      [1, 0, []],
      [1, 0, []],
      [1, 0, ['serving draining']],
    ],
  );
  const [first, second] = epochs;
  assert.equal(first?.delta.auditorKey, hex(keyOf('auditor')));
  assert.equal(second?.delta.auditorKey, undefined, 'the same as before is no change');
  assert.deepEqual(
    second?.delta.added[0]?.keys.map(({ role, site }) => [role, site].join(' ').trim()),
    ['channel', 'opaque', 'hsm site-1'],
  );
  assert.deepEqual(
    first?.evidence.map(({ findings }) => findings[0]?.verdict),
    ['SIMULATED HARDWARE'],
  );
  assert.equal(source.asked.filter((path) => path.startsWith('/evidence/')).length, 3, 'each evidence once');
});

/** The honest answer with other fields. */
const edited = (fields: object) => (honest: Uint8Array) => json({ ...JSON.parse(utf8Text(honest)), ...fields });

/** What is wrong with what an auditor shows, and the doubts that it has to raise. */
const shownCases: readonly (readonly [string, Shown, readonly string[]])[] = [
  ['no checkpoint', { [`/logs/${ns}/checkpoint`]: undefined }, ['missing']],
  ['a checkpoint that is none', { [`/logs/${ns}/checkpoint`]: utf8('x') }, ['checkpoint bad-note']],
  ['an answer without end', { [`/logs/${ns}/checkpoint`]: new Uint8Array(200_000) }, ['too-large']],
  ['entries that end too early', { [`/logs/${ns}/tile/entries/000.p/3`]: (b) => b.slice(0, -1) }, ['tile bad-tile']],
  ['a tile of other hashes', { [`/logs/${ns}/tile/0/000.p/3`]: (b) => b.slice().reverse() }, ['tile']],
  ['a tile that is not there', { [`/logs/${ns}/tile/0/000.p/3`]: undefined }, ['missing']],
  ['another leaf by epoch', { [`/leaves/${ns}/2`]: utf8('{}') }, ['leaf-copy 2']],
  ['no leaf by epoch', { [`/leaves/${ns}/2`]: undefined }, ['missing 2']],
  ['no answer for an epoch', { [`/namespaces/${ns}/audits/2`]: undefined }, ['missing 2']],
  ['an answer that is none', { [`/namespaces/${ns}/audits/2`]: json({}) }, ['plexi-answer 2 bad-plexi']],
  ['keys of somebody else', { '/info': json({ keys: [{ public_key: '00' }], logs: [ns] }) }, ['plexi-answer']],
  [
    'a namespace that begins elsewhere',
    { [`/namespaces/${ns}`]: json({ name: ns, last_verified_epoch: 3, root: '1/00' }) },
    ['plexi-answer'],
  ],
  ['an older last epoch', { [`/namespaces/${ns}/last-verified-epoch`]: json({ epoch: 2 }) }, ['plexi-answer 3']],
  [
    'another last epoch',
    { [`/namespaces/${ns}/last-verified-epoch`]: json({ epoch: 3, end_hash: '00', timestamp: 0 }) },
    ['plexi-answer 3'],
  ],
  ['a page without this log', { '/info': edited({ logs: [] }) }, ['plexi-answer']],
  ['another namespace', { [`/namespaces/${ns}`]: edited({ name: 'x' }) }, ['plexi-answer']],
  ['a namespace behind its log', { [`/namespaces/${ns}`]: edited({ last_verified_epoch: 2 }) }, ['plexi-answer']],
  [
    'another end of the last epoch',
    { [`/namespaces/${ns}/last-verified-epoch`]: edited({ end_hash: '00' }) },
    ['plexi-answer 3'],
  ],
  [
    'another file of evidence',
    { [`/evidence/${hex(sha256(utf8('evidence A')))}`]: utf8('something else') },
    ['evidence 1'],
  ],
  ['no trust root', { [`/trust-roots/${ns}/latest`]: undefined }, ['missing']],
  ['a trust root that is none', { [`/trust-roots/${ns}/latest`]: utf8('{}') }, ['trust-roots bad-trust-root']],
];
for (const [what, shown, expected] of shownCases) {
  test(`shown: ${what}`, async () => {
    assert.deepEqual(await doubtsOf(new ShownWorld(goodWorld(), shown)), expected);
  });
}

test('shown: an artifact that is missing or another one', async () => {
  const world = goodWorld();
  const path = `/artifacts/${hex(artifactDigest(world.artifacts[1] as Uint8Array))}`;
  assert.deepEqual(await doubtsOf(new ShownWorld(world, { [path]: undefined })), ['missing 2']);
  assert.deepEqual(await doubtsOf(new ShownWorld(world, { [path]: world.artifacts[0] })), ['artifact 2']);
  // The newest one, which no later artifact names: as it is, but that a fleet which drains is to be revoked.
  const newest = world.artifacts[2] as Uint8Array;
  const other = utf8(utf8Text(newest).replace('"draining"', '"revoked"'));
  assert.notDeepEqual(other, newest);
  const last = { [`/artifacts/${hex(artifactDigest(newest))}`]: other };
  assert.deepEqual(await doubtsOf(new ShownWorld(world, last)), ['artifact 3']);
});

/** What is wrong with a log that its own auditor made. */
const forged: readonly (readonly [string, (world: World) => void, readonly string[]])[] = [
  [
    'an entry that is no leaf',
    (world) => world.logLeaf(world.artifactOf({ A: 'serving' }), utf8('{}')),
    ['leaf-form 4 bad-leaf', 'plexi-answer 4 not-fraud'],
  ],
  [
    'a leaf of another epoch',
    (world) => world.publish({ B: 'serving', C: 'serving' }, { artifactEpoch: 5 }),
    ['leaf-place 4', 'succession 4 epoch-not-next'],
  ],
  [
    'a leaf that does not name the one before',
    (world) =>
      world.publish({ B: 'serving', C: 'serving' }, { edit: (leaf) => ({ ...leaf, previous: leafHash(utf8('x')) }) }),
    ['leaf-chain 4'],
  ],
  [
    'a stranger as auditor',
    (world) => world.publish({ B: 'serving', C: 'serving' }, { auditor: 'stranger' }),
    ['auditor-signature 4'],
  ],
  [
    'a signature of the auditor that does not verify',
    (world) =>
      world.publish(
        { B: 'serving', C: 'serving' },
        { edit: (leaf) => ({ ...leaf, auditor: { ...leaf.auditor, signature: new Uint8Array(64) } }) },
      ),
    ['auditor-signature 4 bad-auditor-signature'],
  ],
  [
    'an auditor that signed something else',
    (world) =>
      world.publish({ B: 'serving', C: 'serving' }, { edit: (leaf) => ({ ...leaf, digest: leafHash(utf8('other')) }) }),
    ['auditor-signature 4', 'missing 4'],
  ],
  ...[{ namespace: `other.${ns}` }, { epoch: 9 }].map(
    (change) =>
      [
        `an auditor that signed it for another ${Object.keys(change)[0]}`,
        (world: World) => {
          const edit = (leaf: Leaf): Leaf => {
            const message = { ...decodePlexiMessage(leaf.auditor.message), ...change };
            const signature = signPlexiMessage(message, seedOf('auditor'));
            return { ...leaf, auditor: { ...leaf.auditor, message: encodePlexiMessage(message), signature } };
          };
          world.publish({ B: 'serving', C: 'serving' }, { edit });
        },
        ['auditor-signature 4'],
      ] as const,
  ),
  [
    'a leaf of another namespace',
    (world) =>
      world.publish({ B: 'serving', C: 'serving' }, { edit: (leaf) => ({ ...leaf, namespace: `other.${ns}` }) }),
    ['leaf-place 4', 'auditor-signature 4', 'artifact 4'],
  ],
  [
    'the evidence of each other',
    (world) =>
      world.publish(
        { B: 'serving', C: 'serving' },
        { edit: (leaf) => ({ ...leaf, evidence: [...leaf.evidence].reverse() }) },
      ),
    ['artifact 4'],
  ],
  [
    'a stranger as operator',
    (world) => world.publish({ B: 'serving', C: 'serving' }, { operator: 'stranger' }),
    ['operator-signature 4'],
  ],
  [
    'a changed notAfter under the operator’s signature',
    (world) =>
      world.publish(
        { B: 'serving', C: 'serving' },
        { tamper: (leaf) => ({ ...leaf, notAfterMs: leaf.notAfterMs + 1 }) },
      ),
    ['operator-signature 4 bad-operator-signature'],
  ],
  [
    'other evidence than the artifact’s',
    (world) =>
      world.publish(
        { B: 'serving', C: 'serving' },
        { edit: (leaf) => ({ ...leaf, evidence: leaf.evidence.slice(1) }) },
      ),
    ['artifact 4'],
  ],
  [
    'a fleet that was removed and is back',
    (world) => {
      world.publish({ B: 'serving', C: 'serving' });
      world.publish({ A: 'serving', C: 'serving' });
    },
    ['succession 5 fleet-returned'],
  ],
  ['evidence that is nowhere', (world) => world.publish({ C: 'serving', E: 'serving' }), ['evidence 4']],
  [
    'a trust root that nobody published',
    (world) => world.publish({ C: 'serving' }, { trustRootVersion: 2 }),
    ['trust-root-version 4'],
  ],
  ['an epoch that is over', (world) => world.publish({ C: 'serving' }, { notAfterMs: nowMs - 1 }), ['expired 4']],
];
for (const [what, forge, expected] of forged) {
  test(`forged: ${what}`, async () => {
    const world = goodWorld();
    forge(world);
    assert.deepEqual(await doubtsOf(new ShownWorld(world)), expected);
  });
}

test('forged: a message of the auditor that is none', async () => {
  const world = goodWorld();
  const edit = (leaf: Leaf): Leaf => ({ ...leaf, auditor: { ...leaf.auditor, message: utf8('none') } });
  world.publish({ B: 'serving', C: 'serving' }, { edit });
  const digest = artifactDigest(world.artifacts[3] as Uint8Array);
  const message = { suite: 1, namespace: ns, timestampMs: nowMs, epoch: 4, digest } as const;
  const signature = signPlexiMessage(message, seedOf('auditor'));
  const answer = plexiAnswerJson({ message, signature, keyId: plexiKeyId(keyOf('auditor')) });
  const source = new ShownWorld(world, {
    [`/namespaces/${ns}/audits/4`]: json(answer),
    [`/namespaces/${ns}/last-verified-epoch`]: json({ epoch: 4, end_hash: hex(digest), timestamp: nowMs }),
  });
  assert.deepEqual(await doubtsOf(source), [
    'auditor-signature 4 bad-plexi',
    'plexi-answer 4',
    'plexi-answer 4 bad-plexi',
  ]);
  source.shown = { ...source.shown, [`/namespaces/${ns}/audits/4`]: undefined };
  assert.deepEqual(await doubtsOf(source), ['auditor-signature 4 bad-plexi', 'missing 4', 'plexi-answer 4 bad-plexi']);
});

test('checkpoints: another log’s key, too few witnesses, an old quorum, a tree of other leaves', async () => {
  const source = new ShownWorld(goodWorld());
  const other = new World({ origin: 'other.example/log' });
  other.publish({ A: 'serving' });
  source.shown = { [`/logs/${ns}/checkpoint`]: other.checkpoint(1, [nowMs, nowMs]) };
  assert.deepEqual(await doubtsOf(source), ['checkpoint bad-log-signature']);
  source.shown = {};
  source.cosignedMs = [nowMs];
  assert.deepEqual(await doubtsOf(source), ['witness-quorum']);
  source.cosignedMs = [nowMs, nowMs - 2 * dayMs];
  assert.deepEqual(await doubtsOf(source), [], 'exactly 48 hours');
  source.cosignedMs = [nowMs, nowMs - 2 * dayMs - 1000];
  assert.deepEqual(await doubtsOf(source), ['stale']);

  const lying = new ShownWorld(goodWorld());
  const another = goodWorld();
  another.publish({ B: 'serving' });
  const honest = goodWorld();
  honest.publish({ C: 'serving' });
  const shown = new ShownWorld(another, { [`/logs/${ns}/checkpoint`]: honest.checkpoint(4, lying.cosignedMs) });
  assert.deepEqual(await doubtsOf(shown), ['tree-root']);
});

test('trust roots: a chain is followed, keys count by the root of their leaf, and revocations by position', async () => {
  const world = goodWorld();
  const source = new ShownWorld(world);
  const first = world.trustRoot();
  const second = world.trustRoot({
    version: 2,
    auditors: [keyOf('auditor 2')],
    revocations: [{ key: keyOf('auditor'), revokedAtSize: 3 }],
  });
  source.roots.push(signedBy(second, ['root 1', 'root 2']));
  assert.ok(
    (await doubtsOf(source)).every((doubt) => doubt === 'plexi-answer'),
    'it still shows its old key',
  );
  source.shown = { '/info': json({ keys: [{ public_key: hex(keyOf('auditor 2')) }], logs: [ns] }) };
  assert.deepEqual(await doubtsOf(source), []);
  world.publish({ B: 'serving', C: 'serving' }, { auditor: 'auditor 2', trustRootVersion: 2 });
  assert.deepEqual(await doubtsOf(source), []);

  // A thief of the revoked key: at the next place of the log, under the root that listed it.
  world.publish({ C: 'serving' }, { auditor: 'auditor', trustRootVersion: 1 });
  assert.deepEqual(await doubtsOf(source), ['trust-root-version 5', 'key-revoked 5 key-revoked']);

  // A root below its threshold, one that was forgotten, and two of one version.
  const unsigned = new ShownWorld(goodWorld());
  unsigned.roots.push(signedBy(second, ['root 1']));
  assert.deepEqual(await doubtsOf(unsigned), ['trust-roots below-threshold']);
  assert.deepEqual(await doubtsOf(new ShownWorld(goodWorld()), second), ['trust-roots']);
  assert.deepEqual(await doubtsOf(new ShownWorld(goodWorld()), { ...first, operators: [keyOf('x')] }), ['trust-roots']);
});

test('a key that was dropped together with its revocation stays revoked', async () => {
  const world = goodWorld();
  const source = new ShownWorld(world);
  const auditors = [keyOf('auditor'), keyOf('auditor 2')];
  const revocations = [{ key: keyOf('auditor'), revokedAtSize: 3 }];
  for (const fields of [{ auditors, revocations }, { auditors: [keyOf('auditor 2')] }]) {
    const version = source.roots.length + 1;
    source.roots.push(signedBy(world.trustRoot({ version, ...fields }), ['root 1', 'root 2']));
  }
  source.shown = { '/info': json({ keys: [{ public_key: hex(keyOf('auditor 2')) }], logs: [ns] }) };
  assert.deepEqual(await doubtsOf(source), []);
  world.publish({ B: 'serving', C: 'serving' }, { auditor: 'auditor', trustRootVersion: 1 });
  assert.deepEqual(await doubtsOf(source), ['key-revoked 4 key-revoked']);
});

test('evidence counts by the root of the leaf that named it, without keys that any root has revoked', async () => {
  const world = goodWorld();
  const source = new ShownWorld(world);
  const rebuilders = { threshold: 0, keys: [keyOf('rebuilder 1')] };
  const revoked = (revokedAtSize: number) => ({ revocations: [{ key: keyOf('rebuilder 2'), revokedAtSize }] });
  const next = { operators: [keyOf('operator 2')], ceremony: { ...world.trustRoot().ceremony, threshold: 2 } };
  for (const fields of [revoked(3), { ...next, ...revoked(2) }, { ...next, rebuilders }]) {
    const version = source.roots.length + 1;
    source.roots.push(signedBy(world.trustRoot({ version, ...fields }), ['root 1', 'root 2']));
  }
  world.publish({ C: 'serving', D: 'serving' }, { operator: 'operator 2', trustRootVersion: 4 });
  const asked = new Map<number, EvidenceRequest['trustRoot']>();
  const evidence = {
    verify(request: EvidenceRequest) {
      asked.set(request.size, request.trustRoot);
      return testEvidence.verify(request);
    },
  };
  const report = await auditOf(source, { trustRoot: world.trustRoot(), evidence }).advance();
  assert.deepEqual(report.doubts, []);
  const rolesOf = ({ version, operators, ceremony, rebuilders, revocations }: EvidenceRequest['trustRoot']) => [
    version,
    operators.map(hex).join(),
    ceremony.threshold,
    rebuilders.threshold,
    revocations.map(({ key, revokedAtSize }) => `${hex(key)} ${revokedAtSize}`).join(),
  ];
  const [first, second] = [hex(keyOf('operator')), hex(keyOf('operator 2'))];
  const revocation = `${hex(keyOf('rebuilder 2'))} 2`;
  assert.deepEqual(
    [...asked].map(([size, root]) => [size, ...rolesOf(root)]),
    [
      [1, 1, first, 1, 1, revocation],
      [2, 1, first, 1, 1, revocation],
      [3, 1, first, 1, 1, revocation],
      [4, 4, second, 2, 0, revocation],
    ],
  );
});

test('a log key that was revoked at a smaller size signs no checkpoint', async () => {
  const world = goodWorld();
  const revocations = [{ key: world.log.key, revokedAtSize: 2 }];
  const source = new ShownWorld(world);
  source.roots[0] = signedBy(world.trustRoot({ revocations }), ['root 1', 'root 2']);
  assert.deepEqual(await doubtsOf(source, world.trustRoot({ revocations })), ['key-revoked key-revoked']);
});

test('who does not answer shows nothing: unreachable, and the next pass goes on', async () => {
  const source = new ShownWorld(goodWorld());
  const audit = auditOf(source, { trustRoot: source.world.trustRoot() });
  source.isDown = true;
  assert.deepEqual(
    (await audit.advance()).doubts.map(({ code }): DoubtCode => code),
    ['unreachable'],
  );
  source.isDown = false;
  assert.deepEqual((await audit.advance()).doubts, []);
});
