import assert from 'node:assert/strict';
import { test } from 'node:test';
import { utf8 } from '@coffer/base';
import type { AuditReport, Doubt, Exhibits } from '@coffer/monitor';
import {
  cosignCheckpoint,
  encodeBundle,
  encodeNote,
  noteKey,
  noteSigner,
  parsePlexiAnswer,
  plexiAnswerJson,
  signNote,
  signPlexiMessage,
  verifyFraudProof,
} from '@coffer/transparency';
import { seedOf, signedBy } from '@coffer/transparency/testing';
import { auditOf, dayMs, goodWorld, json, nowMs, ShownWorld, startMs, World } from './harness.js';

const ns = new World().namespace;
const root = new World().trustRoot();
const times = [nowMs - 3_600_000, nowMs - 3_600_000];

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

test('a bundle that was signed and not logged; one that may still come; one that is there', async () => {
  const source = view(goodWorld());
  const bundleOf = (world: World, size = world.size) =>
    encodeBundle({
      ...world.bundle(nowMs, 0, [], size),
      ...world.epochPart(size, world.checkpoint(size, times), size),
    });
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
