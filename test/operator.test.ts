import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { AuditorClient, AuditorError } from '@coffer/auditor';
import { hex } from '@coffer/base';
import { type EvidenceVerifier, httpSource, LogAudit } from '@coffer/monitor';
import {
  type Auditing,
  createTrustRoot,
  type EpochRequest,
  nextArtifact,
  OperatorError,
  type OperatorErrorCode,
  publishEpoch,
  refreshGateway,
  rotateTrustRoot,
  signaturesOf,
  signRoot,
} from '@coffer/operator';
import { decodeArtifact, decodeTrustRoot, encodeTrustRoot, verifyRotations } from '@coffer/transparency';
import {
  Bench,
  dayMs,
  fleetOf,
  keyOf,
  namespace,
  seedOf,
  startMs,
  trustRootOf,
} from '../packages/auditor/test/harness.js';

const [a, b, c] = [fleetOf('A'), fleetOf('B'), fleetOf('C')];
const idOf = ({ descriptor }: typeof a): string => hex(descriptor.fleetId);
const is = (code: OperatorErrorCode) => (error: unknown) => error instanceof OperatorError && error.code === code;

/** As the auditor of the tests has it: an index that names one file. */
const evidence: EvidenceVerifier = {
  verify: ({ read, indexDigest }) => {
    const index = read(indexDigest);
    const file = index && read(Uint8Array.from(Buffer.from(Buffer.from(index).toString('utf8'), 'hex')));
    return [{ name: 'config', verdict: file === undefined ? 'failed' : 'attested', why: '' }];
  },
};

const auditing = (bench: Bench, fields: Partial<Auditing> = {}): Auditing => ({
  client: bench.client,
  source: httpSource('http://auditor.example', { fetch: bench.fetch }),
  trustRoot: bench.root,
  evidence,
  clock: bench.time,
  ...fields,
});
const request = (changes: EpochRequest['changes'], fields: Partial<EpochRequest> = {}): EpochRequest => ({
  changes,
  evidence: [a, b, c].flatMap(({ files }) => files),
  operatorSeed: seedOf('operator'),
  notAfterMs: startMs + 30 * dayMs,
  ...fields,
});

const statuses = (artifact: Uint8Array) =>
  decodeArtifact(artifact).fleets.map(({ descriptor, status }) => `${hex(descriptor.fleetId)} ${status}`);

test('the next artifact: what changes, what may not, and the same bytes for the same changes', () => {
  const first = nextArtifact(namespace, undefined, { serve: [a] });
  const second = nextArtifact(namespace, first, { serve: [b], drain: [idOf(a)] });
  assert.deepEqual(statuses(second), [`${idOf(a)} draining`, `${idOf(b)} serving`]);
  assert.deepEqual(nextArtifact(namespace, first, { serve: [b], drain: [idOf(a)] }), second);
  const third = nextArtifact(namespace, second, { revoke: [idOf(a)] });
  assert.deepEqual(statuses(nextArtifact(namespace, third, { remove: [idOf(a)] })), [`${idOf(b)} serving`]);
  assert.throws(() => nextArtifact(namespace, first, { serve: [a] }), is('nothing-changes'));
  assert.throws(() => nextArtifact(namespace, first, {}), is('nothing-changes'));
  assert.throws(() => nextArtifact(namespace, first, { drain: [idOf(b)] }), is('unknown-fleet'));
  // Removed before, or mistyped: nothing changes, and the message names it. In an epoch of its own it is an error.
  const gone = (error: unknown) => is('nothing-changes')(error) && String(error).includes(`no fleet ${idOf(b)}`);
  assert.throws(() => nextArtifact(namespace, first, { remove: [idOf(b)] }), gone);
  assert.throws(() => nextArtifact(namespace, first, { serve: [a], remove: [idOf(b)] }), gone);
  assert.throws(() => nextArtifact(namespace, first, { serve: [c], remove: [idOf(b)] }), is('unknown-fleet'));
  assert.throws(() => nextArtifact(namespace, first, { remove: [idOf(b)] }, true), is('unknown-fleet'));
  assert.throws(() => nextArtifact(namespace, undefined, { serve: [a], remove: [idOf(b)] }), is('unknown-fleet'));
  assert.throws(() => nextArtifact(namespace, third, { drain: [idOf(a)] }), is('fleet-revoked'));
  assert.throws(() => nextArtifact(namespace, third, { serve: [a] }), is('fleet-revoked'));
  assert.throws(() => nextArtifact(namespace, first, { remove: [idOf(a)] }), is('no-fleet'));
  assert.throws(() => nextArtifact(namespace, undefined, {}), is('no-fleet'));
  const imposter = { ...b, descriptor: { ...b.descriptor, fleetId: a.descriptor.fleetId } };
  assert.throws(() => nextArtifact(namespace, first, { serve: [imposter] }), is('fleet-listed'));
});

test('a fleet is published, another one takes over, the first is revoked; every step has an audit before it', async () => {
  const bench = new Bench();
  await assert.rejects(publishEpoch(auditing(bench), request({ serve: [a] })), is('log-empty'));
  const first = await publishEpoch(auditing(bench), request({ serve: [a] }, { isFirst: true }));
  assert.equal(first.epoch, 1);
  await assert.rejects(publishEpoch(auditing(bench), request({ serve: [b] }, { isFirst: true })), is('log-begun'));
  await assert.rejects(publishEpoch(auditing(bench), request({ serve: [a, b] }, { isFirst: true })), is('log-begun'));
  // The command that made it broke off behind that, and is repeated as it was.
  await assert.rejects(
    publishEpoch(auditing(bench), request({ serve: [a] }, { isFirst: true })),
    is('nothing-changes'),
  );
  await assert.rejects(publishEpoch(auditing(bench), request({ serve: [a] })), is('nothing-changes'));
  const known = auditing(bench, { checkpoint: first.checkpoint });
  assert.equal((await publishEpoch(known, request({ serve: [b], drain: [idOf(a)] }))).epoch, 2);
  const third = await publishEpoch(known, request({ revoke: [idOf(a)] }));
  assert.deepEqual(statuses(third.artifact), [`${idOf(a)} revoked`, `${idOf(b)} serving`]);
  const { source, trustRoot } = known;
  const report = await new LogAudit({ source, trustRoot, evidence, clock: bench.time }).advance();
  assert.deepEqual([report.doubts, report.size], [[], 3]);
  await assert.rejects(publishEpoch(known, request({ serve: [a] }, { isFirst: true })), is('log-begun'));

  // An auditor that was put back shows no log, or a shorter one, to an operator that saw more.
  const empty = new Bench();
  const put = auditing(empty, { checkpoint: third.checkpoint });
  await assert.rejects(publishEpoch(put, request({ serve: [c] }, { isFirst: true })), is('log-doubted'));
  await publishEpoch(auditing(empty), request({ serve: [c] }, { isFirst: true }));
  await assert.rejects(publishEpoch(put, request({ serve: [b] })), is('log-doubted'));
});

test('a publication that broke off anywhere is repeated and logged once', async () => {
  for (let failAt = 1; ; failAt++) {
    const bench = new Bench();
    await publishEpoch(auditing(bench), request({ serve: [a] }, { isFirst: true }));
    let posts = 0;
    let isBroken = false;
    const flaky: typeof fetch = async (input, init) => {
      const breaks = init?.method === 'POST' && 2 * ++posts - 1 === failAt && !isBroken;
      if (breaks) {
        isBroken = true;
        throw new TypeError('before it arrived');
      }
      const answer = await bench.fetch(input, init);
      if (init?.method === 'POST' && posts * 2 === failAt && !isBroken) {
        isBroken = true;
        throw new TypeError('the answer was lost');
      }
      return answer;
    };
    const client = new AuditorClient({ url: 'http://auditor.example', namespace, fetch: flaky });
    const go = (notAfterMs: number) =>
      publishEpoch(auditing(bench, { client }), request({ serve: [b] }, { notAfterMs }));
    const once = await go(startMs + 20 * dayMs).catch((error: unknown) => error);
    if (!isBroken) {
      assert.ok(failAt > 4);
      return;
    }
    assert.ok(once instanceof AuditorError && once.code === 'unreachable');
    // Later, so with another notAfter. What was logged stays.
    const again = await go(startMs + 21 * dayMs).catch((error: unknown) => error);
    assert.ok(is('nothing-changes')(again) || (again as { epoch?: number }).epoch === 2, String(again));
    assert.equal((await bench.client.lastVerifiedEpoch())?.epoch, 2);
  }
});

test('an epoch that waits for witnesses is published by the same command, once they are back', async () => {
  const bench = new Bench();
  await publishEpoch(auditing(bench), request({ serve: [a] }, { isFirst: true }));
  for (const { name } of bench.witnesses.signers.slice(1)) bench.witnesses.down.add(name);
  const refused = (code: string) => (error: unknown) => error instanceof AuditorError && error.code === code;
  const go = (fields: Partial<EpochRequest> = {}) => publishEpoch(auditing(bench), request({ serve: [b] }, fields));
  await assert.rejects(go(), refused('no-witness-quorum'));
  await assert.rejects(go(), refused('no-witness-quorum'));
  await assert.rejects(go({ notAfterMs: startMs + 31 * dayMs }), refused('already-logged'));
  bench.witnesses.down.clear();
  assert.equal((await go()).epoch, 2);
  await assert.rejects(go(), is('nothing-changes'));
});

test('an epoch is renewed: it lasts longer or is under a newer trust root, and the same command again changes nothing', async () => {
  const bench = new Bench();
  await publishEpoch(auditing(bench), request({ serve: [a] }, { isFirst: true }));
  const renewed = (days: number) =>
    publishEpoch(auditing(bench), request({}, { renew: true, notAfterMs: startMs + days * dayMs }));
  await assert.rejects(renewed(30), is('nothing-changes'));
  const { epoch, artifact } = await renewed(60);
  assert.deepEqual([epoch, statuses(artifact)], [2, [`${idOf(a)} serving`]]);
  await assert.rejects(renewed(60), is('nothing-changes'));
  const next = rotateTrustRoot(bench.root, {});
  const signed = ['root 1', 'root 2'].reduce((root, name) => signRoot(root, bench.root, seedOf(name)), next);
  await bench.client.postTrustRoot(encodeTrustRoot(signed));
  assert.equal((await renewed(60)).epoch, 3);
  await assert.rejects(renewed(60), is('nothing-changes'));
});

test('nothing is counter-signed on a log that is doubted, or without witnesses', async () => {
  const bench = new Bench();
  await publishEpoch(auditing(bench), request({ serve: [a] }, { isFirst: true }));
  const failing: EvidenceVerifier = { verify: () => [{ name: 'config', verdict: 'failed', why: '' }] };
  const before = bench.events.filter(({ type }) => type === 'signed').length;
  await assert.rejects(
    publishEpoch(auditing(bench, { evidence: failing }), request({ serve: [b] })),
    is('log-doubted'),
  );
  assert.equal(bench.events.filter(({ type }) => type === 'signed').length, before);

  const stripped: typeof fetch = async (input, init) => {
    const answer = await bench.fetch(input, init);
    if (!String(input).endsWith('/checkpoint')) return answer;
    const text = await answer.text();
    return new Response(`${text.split('\n').slice(0, 5).join('\n')}\n`);
  };
  const client = new AuditorClient({ url: 'http://auditor.example', namespace, fetch: stripped });
  await assert.rejects(publishEpoch(auditing(bench, { client }), request({ serve: [b] })), is('not-published'));

  // The auditor says that it has logged the next epoch, and shows a checkpoint from before.
  const old = (await bench.client.checkpoint()) as Uint8Array;
  const stale: typeof fetch = async (input, init) =>
    String(input).endsWith('/checkpoint') ? new Response(old.slice().buffer) : bench.fetch(input, init);
  const behind = new AuditorClient({ url: 'http://auditor.example', namespace, fetch: stale });
  const next = publishEpoch(auditing(bench, { client: behind }), request({ drain: [idOf(a)] }));
  await assert.rejects(next, is('not-published'));
});

test('nothing is counter-signed on an artifact that is not the newest one', async () => {
  const bench = new Bench();
  await publishEpoch(auditing(bench), request({ serve: [a] }, { isFirst: true }));
  const forged = nextArtifact(namespace, undefined, { serve: [a, c] });
  const lying: typeof fetch = async (input, init) =>
    new URL(String(input)).pathname.startsWith('/artifacts/')
      ? new Response(forged.slice().buffer)
      : bench.fetch(input, init);
  const client = new AuditorClient({ url: 'http://auditor.example', namespace, fetch: lying });
  await assert.rejects(publishEpoch(auditing(bench, { client }), request({ serve: [b] })), is('log-doubted'));
});

test('trust roots: created, signed, rotated with a revocation, and the next epoch is under the new one', async () => {
  const { version, revocations, ...plan } = trustRootOf();
  assert.deepEqual([version, revocations], [1, []]);
  const unsigned = createTrustRoot(plan);
  assert.throws(() => signRoot(unsigned, undefined, seedOf('stranger')), is('not-a-root-key'));
  const first = ['root 1', 'root 1', 'root 3'].reduce(
    (root, name) => signRoot(root, undefined, seedOf(name)),
    unsigned,
  );
  assert.deepEqual(signaturesOf(first, first.trustRoot.rootKeys), { signed: 2, threshold: 2 });

  const bench = new Bench({ root: first.trustRoot });
  await publishEpoch(auditing(bench), request({ serve: [a] }, { isFirst: true }));
  const next = rotateTrustRoot(first.trustRoot, {
    plan: { ...plan, operators: [keyOf('operator'), keyOf('operator 2')].sort((x, y) => (hex(x) < hex(y) ? -1 : 1)) },
    revoke: [{ key: keyOf('operator'), revokedAtSize: 1 }],
  });
  const signed = ['root 1', 'root 2'].reduce((root, name) => signRoot(root, first.trustRoot, seedOf(name)), next);
  assert.equal(verifyRotations(first.trustRoot, [encodeTrustRoot(signed)]).version, 2);
  await bench.client.postTrustRoot(encodeTrustRoot(signed));
  // The root that was given is the old one; the new one is followed.
  await assert.rejects(publishEpoch(auditing(bench), request({ serve: [b] })), (error) => {
    return error instanceof AuditorError && error.code === 'key-revoked';
  });
  const by = { operatorSeed: seedOf('operator 2') };
  assert.equal((await publishEpoch(auditing(bench), request({ serve: [b] }, by))).epoch, 2);

  const again = rotateTrustRoot(signed.trustRoot, {});
  assert.deepEqual(again.trustRoot.revocations, signed.trustRoot.revocations, 'a revocation stays');
  const forward = { revoke: [{ key: keyOf('operator'), revokedAtSize: 2 }] };
  assert.throws(() => rotateTrustRoot(signed.trustRoot, forward), is('bad-plan'));
  assert.throws(() => rotateTrustRoot(first.trustRoot, { plan: { ...plan, origin: 'other.example' } }), is('bad-plan'));
  const elsewhere = { ...plan, namespace: `other.${namespace}` };
  assert.throws(() => rotateTrustRoot(first.trustRoot, { plan: elsewhere }), is('bad-plan'));
  assert.throws(() => createTrustRoot({ ...plan, operators: plan.auditors }), is('bad-plan'));
  assert.equal(decodeTrustRoot(encodeTrustRoot(again)).signatures.length, 0);
});

test('a rotation that drops an operator locks nobody out: its evidence counts by the root of its leaf', async () => {
  const { version: _version, revocations: _revocations, ...plan } = trustRootOf();
  const bench = new Bench();
  // Evidence of the first fleet that the first operator signed, and of all others the second one.
  const signed: EvidenceVerifier = {
    verify: (given) => {
      const signer = keyOf(hex(given.indexDigest) === hex(a.evidence) ? 'operator' : 'operator 2');
      const isListed = given.trustRoot.operators.some((key) => hex(key) === hex(signer));
      return isListed ? evidence.verify(given) : [{ name: 'config', verdict: 'failed', why: 'unknown role' }];
    },
  };
  await publishEpoch(auditing(bench), request({ serve: [a] }, { isFirst: true }));
  const next = rotateTrustRoot(bench.root, { plan: { ...plan, operators: [keyOf('operator 2')] } });
  const rotated = ['root 1', 'root 2'].reduce((root, name) => signRoot(root, bench.root, seedOf(name)), next);
  await bench.client.postTrustRoot(encodeTrustRoot(rotated));
  const by = { operatorSeed: seedOf('operator 2') };
  for (const [fleet, epoch] of [[b, 2] as const, [c, 3] as const]) {
    const logged = await publishEpoch(auditing(bench, { evidence: signed }), request({ serve: [fleet] }, by));
    assert.equal(logged.epoch, epoch);
  }
});

test('a gateway is told, with its operator’s token, and has to hand out the epoch', async () => {
  const asked: [string, string | null][] = [];
  const gateway =
    (status: number, body: string): typeof fetch =>
    async (input, init) => {
      asked.push([String(input), new Headers(init?.headers).get('authorization')]);
      return new Response(body, { status });
    };
  const address = { url: 'http://gateway.example', token: 'secret' };
  assert.equal(await refreshGateway(address, 2, { fetch: gateway(200, '{"epoch":3,"size":3}') }), 3);
  assert.deepEqual(asked, [['http://gateway.example/v1/bundle/refresh', 'Bearer secret']]);
  for (const [status, body] of [
    [200, '{"epoch":1}'],
    [200, 'null'],
    [200, 'x'],
    [403, '{}'],
  ] as const) {
    const refused = refreshGateway(address, 2, { fetch: gateway(status, body) });
    await assert.rejects(refused, (error: Error) => is('gateway')(error) && !error.message.includes('secret'));
  }
});

test('the example of the README runs', async () => {
  const readme = readFileSync(new URL('../packages/operator/README.md', import.meta.url), 'utf8');
  const code = /```js\n([\s\S]*?)```/.exec(readme)?.[1];
  assert.ok(code !== undefined);
  const bench = new Bench();
  const given = {
    ...auditing(bench),
    publishEpoch,
    fleet: a,
    files: a.files,
    operatorSeed: seedOf('operator'),
    notAfterMs: startMs + 30 * dayMs,
    assert,
  };
  await new Function(...Object.keys(given), `return (async () => {${code}})();`)(...Object.values(given));
});
