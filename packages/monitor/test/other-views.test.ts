import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hex, utf8 } from '@coffer/base';
import type { AuditReport, Doubt, Exhibits } from '@coffer/monitor';
import {
  cosignCheckpoint,
  decodeLeaf,
  decodePlexiMessage,
  encodeBundle,
  encodeNote,
  encodePlexiMessage,
  type Leaf,
  noteKey,
  noteSigner,
  parsePlexiAnswer,
  plexiAnswerJson,
  signNote,
  signPlexiMessage,
  verifyFraudProof,
} from '@coffer/transparency';
import { seedOf, signedBy } from '@coffer/transparency/testing';
import { auditOf, dayMs, goodWorld, json, keyOf, nowMs, ShownWorld, startMs, World } from './harness.js';

const ns = new World().namespace;
const root = new World().trustRoot();
const times = [nowMs - 3_600_000, nowMs - 3_600_000];

const leafOf = (world: World, epoch: number): Leaf => decodeLeaf(world.leaves[epoch - 1] as Uint8Array);

const view = (world: World): ShownWorld => new ShownWorld(world);

/** A second history from the third epoch on, by the same keys. */
function fork(): World {
  const world = new World();
  world.publish({ A: 'serving' }, { atMs: startMs });
  world.publish({ A: 'serving', B: 'serving' }, { atMs: startMs + dayMs });
  world.publish({ A: 'serving', D: 'serving' }, { atMs: startMs + 2 * dayMs });
  world.publish({ D: 'serving' }, { atMs: startMs + 2.5 * dayMs });
  return world;
}

const audit = (source: ShownWorld, exhibits: Exhibits = {}): Promise<AuditReport> =>
  auditOf(source, { trustRoot: root }).advance(exhibits);

const bundleOf = (world: World, size = world.size): Uint8Array =>
  encodeBundle({ ...world.bundle(nowMs, 0, [], size), ...world.epochPart(size, world.checkpoint(size, times), size) });

/** The only doubt, whose fraud proof holds for whoever has the trust root. */
function proven({ doubts }: AuditReport, code: Doubt['code']): string {
  assert.deepEqual(
    doubts.map((doubt) => doubt.code),
    [code],
    doubts.map(({ why }) => why).join(),
  );
  const { fraudProof } = doubts[0] as Doubt;
  assert.ok(fraudProof, doubts[0]?.why);
  return verifyFraudProof(fraudProof, root).culprit;
}

test('follow: what is new is checked, from where the last pass ended', async () => {
  const source = view(goodWorld());
  const log = auditOf(source, { trustRoot: root });
  assert.deepEqual((await log.advance()).doubts, []);
  source.asked.length = 0;
  assert.deepEqual([(await log.advance()).epochs, source.asked.some((path) => path.includes('tile'))], [0, false]);
  source.world.publish({ B: 'serving', C: 'serving' });
  const report = await log.advance();
  assert.deepEqual([report.doubts, report.epochs, report.size], [[], 1, 4]);
  assert.ok(!source.asked.includes(`/namespaces/${ns}/audits/3`));
});

test('follow: a log that goes back is rollback; one that changed its past is a split view, with proof', async () => {
  const source = view(goodWorld());
  const log = auditOf(source, { trustRoot: root });
  await log.advance();
  source.size = 2;
  assert.deepEqual(
    (await log.advance()).doubts.map(({ code }) => code),
    ['rollback'],
  );

  const forked = view(goodWorld());
  const following = auditOf(
    { get: (path, bytesMax) => (isForked ? view(fork()) : forked).get(path, bytesMax) },
    { trustRoot: root },
  );
  let isForked = false;
  assert.deepEqual((await following.advance()).doubts, []);
  isForked = true;
  const report = await following.advance();
  assert.equal(proven(report, 'split-view'), 'log');
  assert.equal(report.checkpoint, undefined);
  isForked = false;
  assert.deepEqual((await following.advance()).doubts, [], 'what it remembers is the history that it believed');
});

test('a stored checkpoint of another history: of the same size, smaller, and larger', async () => {
  const source = view(goodWorld());
  const good = [1, 2, 3].map((size) => source.world.checkpoint(size, times));
  assert.deepEqual((await audit(source, { checkpoints: good })).doubts, []);
  const other = fork();
  assert.equal(proven(await audit(source, { checkpoints: [other.checkpoint(3, [])] }), 'split-view'), 'log');
  assert.equal(
    proven(await audit(view(other), { checkpoints: [source.world.checkpoint(3, [])] }), 'split-view'),
    'log',
  );
  const longer = await audit(source, { checkpoints: [other.checkpoint(4, [])] });
  assert.deepEqual(
    longer.doubts.map(({ code }) => code),
    ['rollback'],
  );
  const stranger = new World({ origin: 'other.example/log' });
  stranger.publish({ A: 'serving' });
  const foreign = await audit(source, { checkpoints: [stranger.checkpoint(1, []), utf8('x')] });
  assert.deepEqual(
    foreign.doubts.map(({ code }) => code),
    ['checkpoint', 'checkpoint'],
  );
});

test('a stored checkpoint of a log key that a later trust root dropped is still held against the log', async () => {
  const source = view(goodWorld());
  const next = noteSigner(source.world.origin, 'log', seedOf('log 2'));
  const policy = { ...root.policy, logs: [{ key: noteKey(next.name, 'log', next.key) }] };
  source.roots.push(signedBy(source.world.trustRoot({ version: 2, policy }), ['root 1', 'root 2']));
  const text = source.world.checkpointText();
  const cosigned = source.world.witnesses
    .slice(0, 2)
    .map((key) => cosignCheckpoint(text, key, Math.floor(nowMs / 1000)));
  source.shown = { [`/logs/${ns}/checkpoint`]: encodeNote({ text, signatures: [signNote(text, next), ...cosigned] }) };
  assert.deepEqual((await audit(source, { checkpoints: [source.world.checkpoint(2, [])] })).doubts, []);
  const { doubts } = await audit(source, { checkpoints: [fork().checkpoint(3, [])] });
  assert.deepEqual(
    doubts.map(({ code }) => code),
    ['split-view'],
  );

  // Had the key been revoked at two leaves, whoever stole it could have signed the third.
  const revocations = [{ key: source.world.log.key, revokedAtSize: 2 }];
  source.roots[1] = signedBy(source.world.trustRoot({ version: 2, policy, revocations }), ['root 1', 'root 2']);
  const thief = await audit(source, { checkpoints: [fork().checkpoint(3, []), source.world.checkpoint(2, [])] });
  assert.deepEqual(
    thief.doubts.map(({ code }) => code),
    ['key-revoked'],
  );
});

test('a second address: the same log, older or newer, or another one', async () => {
  const source = view(goodWorld());
  const also = async (other: ShownWorld) => auditOf(source, { trustRoot: root, others: [other] }).advance();
  assert.deepEqual((await also(view(goodWorld()))).doubts, []);
  const older = view(goodWorld());
  older.size = 2;
  assert.deepEqual((await also(older)).doubts, []);
  const newer = goodWorld();
  newer.publish({ B: 'serving' });
  assert.deepEqual((await also(view(newer))).doubts, []);
  assert.equal(proven(await also(view(fork())), 'split-view'), 'log');
  const same = view(fork());
  same.size = 3;
  assert.equal(proven(await also(same), 'split-view'), 'log');
  const junk = view(fork());
  junk.shown = { [`/logs/${ns}/tile/0/000.p/4`]: new Uint8Array(128) };
  const { doubts } = await also(junk);
  assert.deepEqual(
    doubts.map(({ code, fraudProof }) => [code, fraudProof]),
    [['tile', undefined]],
  );
});

test('a second address: a dropped log key still binds the log, and a revoked one accuses nobody', async () => {
  const source = view(goodWorld());
  const next = noteSigner(source.world.origin, 'log', seedOf('log 2'));
  const keys = { old: root.policy.logs, new: [{ key: noteKey(next.name, 'log', next.key) }] };
  const text = source.world.checkpointText();
  const cosigned = source.world.witnesses
    .slice(0, 2)
    .map((key) => cosignCheckpoint(text, key, Math.floor(nowMs / 1000)));
  source.shown = { [`/logs/${ns}/checkpoint`]: encodeNote({ text, signatures: [signNote(text, next), ...cosigned] }) };
  const other = view(fork());
  other.size = 3;
  const codes = async (fields: Parameters<World['trustRoot']>[0], logs: typeof keys.old) => {
    const policy = { ...root.policy, logs };
    source.roots[1] = signedBy(source.world.trustRoot({ version: 2, policy, ...fields }), ['root 1', 'root 2']);
    const { doubts } = await auditOf(source, { trustRoot: root, others: [other] }).advance();
    return doubts.map(({ code }) => code);
  };
  assert.deepEqual(await codes({}, keys.new), ['split-view']);
  const revocations = [{ key: source.world.log.key, revokedAtSize: 2 }];
  assert.deepEqual(await codes({ revocations }, keys.new), ['key-revoked']);
  assert.deepEqual(await codes({ revocations }, [...keys.old, ...keys.new]), ['key-revoked'], 'while it is listed');
});

test('a bundle that was signed and not logged; one that may still come; one that is there', async () => {
  const source = view(goodWorld());
  assert.deepEqual((await audit(source, { bundles: [bundleOf(source.world, 2)] })).doubts, []);
  assert.equal(proven(await audit(source, { bundles: [bundleOf(fork(), 3)] }), 'unlogged'), 'auditor');
  // Signed two days ago for an epoch that the log has not come to.
  assert.equal(proven(await audit(source, { bundles: [bundleOf(fork())] }), 'unlogged'), 'auditor or operator');

  const young = goodWorld();
  young.publish({ B: 'serving' }, { atMs: nowMs - 7_200_000 });
  const { doubts } = await audit(source, { bundles: [bundleOf(young), utf8('x')] });
  assert.deepEqual(
    doubts.map(({ code, cause, fraudProof }) => [code, cause, fraudProof]),
    [
      ['unlogged', 'not-fraud', undefined],
      ['unlogged', 'bad-bundle', undefined],
    ],
  );
});

test('junk in the place of what was signed is no way out: the bundle and the answer still accuse the auditor', async () => {
  const honest = goodWorld();
  const world = new World();
  world.publish({ A: 'serving' }, { atMs: startMs });
  world.publish({ A: 'serving', B: 'serving' }, { atMs: startMs + dayMs });
  world.logLeaf(honest.artifacts[2] as Uint8Array, Uint8Array.of(0xff, 0));
  const path = `/namespaces/${ns}/audits/3`;
  const source = new ShownWorld(world, { [path]: await view(honest).get(path, 10_000) });
  const { doubts } = await audit(source, { bundles: [bundleOf(honest)] });
  assert.deepEqual(
    doubts.map(({ code, epoch, fraudProof }) => [
      code,
      epoch,
      fraudProof && verifyFraudProof(fraudProof, root).culprit,
    ]),
    [
      ['leaf-form', 3, undefined],
      ['plexi-answer', 3, 'auditor'],
      ['unlogged', undefined, 'auditor'],
    ],
  );
});

test('a bundle of an auditor that was dropped since: logged, logged with another leaf, not logged, and by a thief', async () => {
  const source = view(goodWorld());
  const auditors = [keyOf('auditor 2')];
  source.roots.push(signedBy(source.world.trustRoot({ version: 2, auditors }), ['root 1', 'root 2']));
  source.shown = { '/info': json({ keys: [{ public_key: hex(keyOf('auditor 2')) }], logs: [ns] }) };
  assert.deepEqual(
    (await audit(source, { bundles: [1, 2, 3].map((size) => bundleOf(source.world, size)) })).doubts,
    [],
  );
  const differing = (options: Parameters<World['publish']>[1]): World => {
    const world = new World();
    world.publish({ A: 'serving' }, { atMs: startMs });
    world.publish({ A: 'serving', B: 'serving' }, { atMs: startMs + dayMs, ...options });
    return world;
  };
  const countersignedAgain = bundleOf(differing({ notAfterMs: nowMs + 40 * dayMs }));
  assert.deepEqual((await audit(source, { bundles: [countersignedAgain] })).doubts, []);
  const codes = async (bundle: Uint8Array) =>
    (await audit(source, { bundles: [bundle] })).doubts.map(({ code, fraudProof }) => [code, fraudProof]);
  assert.deepEqual(await codes(bundleOf(fork(), 3)), [['unlogged', undefined]]);
  const { doubts } = await audit(source, { bundles: [bundleOf(differing({ auditor: 'stranger' }))] });
  assert.deepEqual(
    doubts.map(({ code, why }) => [code, why]),
    [['unlogged', 'the bundle is of another auditor']],
  );
  // Whoever begins with the newer root doubts the leaves of the older one, but not that they are there.
  const begun = auditOf(source, { trustRoot: source.world.trustRoot({ version: 2, auditors }) });
  assert.deepEqual(
    (await begun.advance({ bundles: [bundleOf(source.world, 2)] })).doubts.map(({ code }) => code),
    ['auditor-signature', 'auditor-signature', 'auditor-signature'],
  );
  const revocations = [{ key: keyOf('auditor'), revokedAtSize: 2 }];
  source.roots[1] = signedBy(source.world.trustRoot({ version: 2, auditors, revocations }), ['root 1', 'root 2']);
  const thief = await audit(source, { bundles: [bundleOf(fork(), 3)] });
  assert.deepEqual(
    thief.doubts.map(({ code, epoch, fraudProof }) => [code, epoch, fraudProof]),
    [
      ['key-revoked', 3, undefined],
      ['key-revoked', undefined, undefined],
    ],
  );
});

test('what the leaf of a bundle says around the auditor’s message is no way out of a proof', async () => {
  const source = view(goodWorld());
  const disguised = (edit: (leaf: Leaf) => Leaf): Uint8Array => {
    const world = new World();
    world.publish({ A: 'serving' }, { atMs: startMs });
    world.publish({ A: 'serving', D: 'serving' }, { atMs: startMs + dayMs, edit });
    return bundleOf(world);
  };
  for (const fields of [{ trustRootVersion: 9 }, { epoch: 3 }, { namespace: `other.${ns}` }]) {
    const bundles = [disguised((leaf) => ({ ...leaf, ...fields }))];
    assert.equal(proven(await audit(source, { bundles }), 'unlogged'), 'auditor', Object.keys(fields).join());
  }
  const message = encodePlexiMessage({ ...decodePlexiMessage(leafOf(source.world, 2).auditor.message), epoch: 0 });
  const none = disguised((leaf) => ({ ...leaf, auditor: { ...leaf.auditor, message } }));
  assert.deepEqual(
    (await audit(source, { bundles: [none] })).doubts.map(({ code, why }) => [code, why]),
    [['unlogged', 'the bundle is of another namespace, or of no epoch']],
  );
});

test('a Plexi answer that contradicts the log accuses the auditor, if it is signed', async () => {
  const source = view(goodWorld());
  const path = `/namespaces/${ns}/audits/2`;
  const honest = await source.get(path, 10_000);
  const answer = parsePlexiAnswer(JSON.parse(new TextDecoder().decode(honest)));
  const message = { ...answer.message, digest: new Uint8Array(32) };
  const signature = signPlexiMessage(message, seedOf('auditor'));
  source.shown = { [path]: json(plexiAnswerJson({ ...answer, message, signature })) };
  assert.equal(proven(await audit(source), 'plexi-answer'), 'auditor');
  source.shown = { [path]: json(plexiAnswerJson({ ...answer, signature: new Uint8Array(64) })) };
  const { doubts } = await audit(source);
  assert.deepEqual(
    doubts.map(({ code, epoch, cause, fraudProof }) => [code, epoch, cause, fraudProof]),
    [['plexi-answer', 2, 'bad-auditor-signature', undefined]],
  );
});
