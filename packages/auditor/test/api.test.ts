import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  auditBodyBytesMax,
  countersignatureBodyBytesMax,
  evidenceFileBytesMax,
  evidenceFilesMax,
  notAfterAheadMsMax,
  openApiDocument,
  type RefusalCode,
  signAuditRequest,
  statusOf,
} from '@coffer/auditor';
import { hex, utf8 } from '@coffer/base';
import { sha256 } from '@coffer/crypto';
import {
  artifactDigest,
  countersign,
  encodePlexiMessage,
  parsePlexiAnswer,
  type TrustRoot,
  trustRootBytesMax,
} from '@coffer/transparency';
import { createAuditorApp } from '../dist/http/app.js';
import {
  artifactOf,
  Bench,
  type BenchOptions,
  dayMs,
  fleetOf,
  keyOf,
  type Listed,
  MemoryStore,
  namespace,
  rootBytes,
  seedOf,
  startMs,
  type TestFleet,
  trustRootOf,
} from './harness.js';
import { assertFits } from './json-schema.js';

type Route = `${'GET' | 'POST'} ${keyof typeof openApiDocument.paths}`;
const audits: Route = 'POST /namespaces/{ns}/audits';
const counter: Route = 'POST /namespaces/{ns}/audits/{epoch}/countersignature';
const roots: Route = 'POST /trust-roots/{ns}';

const [a, b] = [fleetOf('A'), fleetOf('B')];
/** `route status code` of everything that was answered as documented. */
const seen = new Set<string>();

const documented = (route: Route): any => {
  const [method, path] = route.split(' ') as [string, string];
  return (openApiDocument.paths as any)[path][method.toLowerCase()];
};

async function refused(route: Route, code: RefusalCode, answer: Promise<Response>): Promise<void> {
  const response = await answer;
  const body = await response.json();
  assert.deepEqual([response.status, body], [statusOf[code], { error: code }], route);
  assertFits(body, documented(route).responses[response.status].content['application/json'].schema);
  seen.add(`${route} ${response.status} ${code}`);
}

async function answered(route: Route, status: number, answer: Promise<Response>): Promise<any> {
  const response = await answer;
  const text = await response.text();
  assert.equal(response.status, status, `${route}: ${text}`);
  const content = documented(route).responses[status].content;
  const type = response.headers.get('content-type')!;
  assert.ok(content[type], `${route}: ${type}`);
  seen.add(`${route} ${status} ok`);
  if (type !== 'application/json') return text;
  const value = JSON.parse(text);
  if (content[type].schema?.$ref !== undefined) assertFits(value, content[type].schema);
  return value;
}

const auditPath = `/namespaces/${namespace}/audits`;
const counterPath = (epoch: number): string => `${auditPath}/${epoch}/countersignature`;
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

function auditBody(artifact: Uint8Array, fleets: readonly TestFleet[] = [a, b], operator = 'operator') {
  return {
    artifact: base64(artifact),
    evidence: Object.fromEntries(fleets.flatMap(({ files }) => files.map((file) => [hex(sha256(file)), base64(file)]))),
    requestSignature: { key: hex(keyOf(operator)), sig: hex(signAuditRequest(artifact, seedOf(operator))) },
  };
}

interface Counter {
  readonly operator?: string;
  readonly notAfterMs?: number;
  readonly trustRootVersion?: number;
}

/** The operator's answer to what the auditor said about `artifact`. */
function counterBody(answer: any, listed: Listed, { operator = 'operator', ...changes }: Counter = {}) {
  const { message, signature } = parsePlexiAnswer(answer);
  const notAfterMs = changes.notAfterMs ?? startMs + dayMs;
  const signed = {
    auditorMessage: encodePlexiMessage(message),
    auditorSignature: signature,
    auditorKey: keyOf('auditor'),
    evidence: listed.map(([{ evidence }]) => evidence),
    notAfterMs,
  };
  const { compatible, full } = countersign(signed, seedOf(operator));
  return {
    key: hex(keyOf(operator)),
    sigCompat: hex(compatible),
    sig: hex(full),
    notAfter: notAfterMs,
    trustRootVersion: changes.trustRootVersion ?? 1,
  };
}

const one: Listed = [[a, 'serving']];
const two: Listed = [
  [a, 'serving'],
  [b, 'serving'],
];

/** A bench whose epoch 1 is signed and not yet logged. */
async function signedFirst(options: BenchOptions = {}) {
  const bench = new Bench(options);
  const answer = await answered(audits, 201, bench.post(auditPath, auditBody(bench.next(one))));
  return { bench, answer };
}

const nextRoot = (fields: Partial<TrustRoot>): TrustRoot => trustRootOf({ version: 2, ...fields });

test('every read of a published log is what is documented', async () => {
  const bench = new Bench();
  await bench.publish(one);
  const path = `/namespaces/${namespace}`;
  await answered('GET /info', 200, bench.get('/info'));
  await answered('GET /namespaces', 200, bench.get('/namespaces'));
  assert.equal((await answered('GET /namespaces/{ns}', 200, bench.get(path))).status, 'Online');
  await answered('GET /namespaces/{ns}/audits/{epoch}', 200, bench.get(`${path}/audits/1`));
  await answered('GET /namespaces/{ns}/last-verified-epoch', 200, bench.get(`${path}/last-verified-epoch`));
  await answered('GET /logs/{ns}/checkpoint', 200, bench.get(`/logs/${namespace}/checkpoint`));
  await answered('GET /logs/{ns}/tile/{tile}', 200, bench.get(`/logs/${namespace}/tile/0/000.p/1`));
  await answered('GET /leaves/{ns}/{epoch}', 200, bench.get(`/leaves/${namespace}/1`));
  await answered('GET /checkpoints/{ns}/{size}', 200, bench.get(`/checkpoints/${namespace}/1`));
  await answered('GET /artifacts/{digest}', 200, bench.get(`/artifacts/${hex(artifactDigest(bench.artifacts[0]!))}`));
  await answered('GET /evidence/{digest}', 200, bench.get(`/evidence/${hex(a.evidence)}`));
  for (const version of ['1', 'latest'])
    await answered('GET /trust-roots/{ns}/{version}', 200, bench.get(`/trust-roots/${namespace}/${version}`));
  assert.deepEqual(await answered('GET /openapi.json', 200, bench.get('/openapi.json')), openApiDocument);
  assert.equal(await answered('GET /healthz', 200, bench.get('/healthz')), 'ok');
});

test('what is not there, in every place, is 404', async () => {
  const bench = new Bench();
  const reads: readonly [Route, string, string][] = [
    ['GET /namespaces/{ns}', '/namespaces/NS', ''],
    ['GET /namespaces/{ns}/audits/{epoch}', '/namespaces/NS/audits/1', '/namespaces/NS/audits/01'],
    ['GET /namespaces/{ns}/last-verified-epoch', '/namespaces/NS/last-verified-epoch', ''],
    ['GET /logs/{ns}/checkpoint', '/logs/NS/checkpoint', ''],
    ['GET /logs/{ns}/tile/{tile}', '/logs/NS/tile/0/000', '/logs/NS/tile/0/../../../lock'],
    ['GET /leaves/{ns}/{epoch}', '/leaves/NS/1', '/leaves/NS/0'],
    ['GET /checkpoints/{ns}/{size}', '/checkpoints/NS/0', '/checkpoints/NS/-1'],
    ['GET /trust-roots/{ns}/{version}', '/trust-roots/NS/2', '/trust-roots/NS/1.0'],
    ['GET /artifacts/{digest}', `/artifacts/${'0'.repeat(64)}`, '/artifacts/..%2flock'],
    ['GET /evidence/{digest}', `/evidence/${'0'.repeat(64)}`, '/evidence/A'],
  ];
  for (const [route, path, odd] of reads) {
    if (route !== 'GET /namespaces/{ns}') await refused(route, 'not-found', bench.get(path.replace('NS', namespace)));
    if (path.includes('NS')) await refused(route, 'unknown-namespace', bench.get(path.replace('NS', 'other')));
    if (odd !== '') assert.equal((await bench.get(odd.replace('NS', namespace))).status, 404);
  }
  assert.equal((await bench.get('/nothing')).status, 404);
  for (const [method, path] of [
    ['DELETE', '/info'],
    ['POST', `/leaves/${namespace}/1`],
    ['PUT', auditPath],
    ['GET', auditPath],
  ] as const) {
    const response = await bench.fetch(`http://auditor.example${path}`, { method });
    assert.deepEqual([response.status, await response.json()], [405, { error: 'bad-method' }], path);
  }
});

test('a disabled namespace says so and takes nothing', async () => {
  const bench = new Bench({ isDisabled: true });
  assert.equal((await bench.client.namespaceInfo())?.status, 'Disabled');
  await refused('GET /namespaces/{ns}/audits/{epoch}', 'namespace-disabled', bench.get(`${auditPath}/1`));
  const last = `/namespaces/${namespace}/last-verified-epoch`;
  await refused('GET /namespaces/{ns}/last-verified-epoch', 'namespace-disabled', bench.get(last));
  await refused(audits, 'namespace-disabled', bench.post(auditPath, auditBody(bench.next(one))));
  await refused(counter, 'namespace-disabled', bench.post(counterPath(1), {}));
  await refused(roots, 'namespace-disabled', bench.post(`/trust-roots/${namespace}`, rootBytes(nextRoot({}))));
});

test('bodies out of form, over their limit, too slow, too many', async () => {
  const bench = new Bench();
  const posts: readonly [Route, string, number][] = [
    [audits, auditPath, auditBodyBytesMax],
    [counter, counterPath(1), countersignatureBodyBytesMax],
    [roots, `/trust-roots/${namespace}`, trustRootBytesMax],
  ];
  for (const [route, path, bytesMax] of posts) {
    await refused(route, 'unknown-namespace', bench.post(path.replace(namespace, 'other'), '{}'));
    const code = route === roots ? 'bad-trust-root' : 'bad-request';
    for (const body of ['', '{', 'null', '[]', '{}', '{"x":1}', utf8('\u0000'), Uint8Array.of(0xff)])
      await refused(route, code, bench.post(path, body));
    // Exactly at the limit a body is read, and found to be nothing.
    await refused(route, code, bench.post(path, new Uint8Array(bytesMax)));
    await refused(route, 'body-too-large', bench.post(path, new Uint8Array(bytesMax + 1)));
    const broken = new ReadableStream({ start: (controller) => controller.error(new Error('gone')) });
    await refused(route, 'bad-request', postStream(bench, path, broken));
    await refused(route, 'body-too-large', postStream(bench, path, streamOf(bytesMax + 1)));
    const slow = Array.from({ length: 8 }, () => postStream(bench, path, new ReadableStream({})));
    await refused(route, 'busy', bench.post(path, '{}'));
    bench.time.pass(20_000);
    for (const each of slow) await refused(route, 'body-too-slow', each);
  }
});

const postStream = (bench: Bench, path: string, body: ReadableStream): Promise<Response> =>
  bench.fetch(`http://auditor.example${path}`, { method: 'POST', body, duplex: 'half' } as RequestInit);

/** That many bytes, whose number nobody announces. */
const streamOf = (length: number): ReadableStream =>
  new ReadableStream({
    start(controller) {
      controller.enqueue(new Uint8Array(length));
      controller.close();
    },
  });

test('an artifact that fails a check is refused by that check’s own code', async () => {
  const { bench, answer } = await signedFirst();
  const post = (body: unknown) => bench.post(auditPath, body);
  await refused(audits, 'epoch-signed', post(auditBody(artifactOf(1, undefined, two))));
  assert.deepEqual(await answered(audits, 200, post(auditBody(bench.artifacts[0]!))), answer);
  await answered(counter, 201, bench.post(counterPath(1), counterBody(answer, one)));

  const good = artifactOf(2, bench.artifacts[0], two);
  const body = auditBody(good);
  const other = { ...body.requestSignature, sig: hex(signAuditRequest(bench.artifacts[0]!, seedOf('operator'))) };
  await refused(audits, 'bad-operator-signature', post({ ...body, requestSignature: other }));
  await refused(audits, 'bad-operator-signature', post(auditBody(good, [a, b], 'somebody')));
  await refused(audits, 'bad-artifact', post(auditBody(utf8('{}'))));
  const foreign = artifactOf(2, bench.artifacts[0], two, 'other.encrypted_backups.fleet_keys.v1');
  await refused(audits, 'wrong-namespace', post(auditBody(foreign)));
  await refused(audits, 'epoch-not-next', post(auditBody(artifactOf(3, bench.artifacts[0], two))));
  await refused(audits, 'epoch-signed', post(auditBody(artifactOf(1, undefined, two))));
  await refused(audits, 'wrong-previous', post(auditBody(artifactOf(2, good, two))));
  await refused(audits, 'evidence-missing', post(auditBody(good, [a])));
  const file = Object.keys(body.evidence)[0]!;
  await refused(audits, 'evidence-mismatch', post({ ...body, evidence: { [file]: base64(utf8('else')) } }));
  await refused(audits, 'bad-request', post({ ...body, evidence: { [file]: 'no base64' } }));
  const bad = fleetOf('B', 'bad quorum');
  const failing = artifactOf(2, bench.artifacts[0], [...one, [bad, 'serving']]);
  await refused(audits, 'evidence-failed', post(auditBody(failing, [a, bad])));
  assert.deepEqual(
    bench.events.filter(({ type }) => type === 'evidence-failed'),
    [{ type: 'evidence-failed', namespace, failures: [{ name: 'config', code: 'quorum' }] }],
  );
  // Nothing of all that was signed or kept.
  const second = await answered(audits, 201, post(body));
  await answered(counter, 201, bench.post(counterPath(2), counterBody(second, two)));
});

test('evidence files: as many and as large as the limits say, and no more', async () => {
  const bench = new Bench();
  const artifact = bench.next(one);
  const post = (files: readonly Uint8Array[]) => {
    const evidence = Object.fromEntries(files.map((file) => [hex(sha256(file)), base64(file)]));
    return bench.post(auditPath, { ...auditBody(artifact), evidence });
  };
  const many = (count: number) => Array.from({ length: count }, (_, i) => utf8(`${i}`));
  await refused(audits, 'evidence-missing', post(many(evidenceFilesMax)));
  await refused(audits, 'bad-request', post(many(evidenceFilesMax + 1)));
  await refused(audits, 'evidence-missing', post([new Uint8Array(evidenceFileBytesMax)]));
  await refused(audits, 'bad-request', post([new Uint8Array(evidenceFileBytesMax + 1)]));
});

test('a fleet that was dropped or revoked does not return, and known evidence is not asked for again', async () => {
  const bench = new Bench();
  await bench.publish(two);
  await bench.publish([
    [a, 'serving'],
    [b, 'revoked'],
  ]);
  await refused(audits, 'fleet-returned', bench.post(auditPath, auditBody(artifactOf(3, bench.artifacts[1], two))));
  await answered(audits, 201, bench.post(auditPath, auditBody(artifactOf(3, bench.artifacts[1], one), [])));
});

test('new evidence for an old fleet is judged again', async () => {
  const bench = new Bench();
  await bench.publish(one);
  const swapped = { ...fleetOf('A', 'bad swap'), descriptor: a.descriptor };
  const artifact = artifactOf(2, bench.artifacts[0], [[swapped, 'serving']]);
  await refused(audits, 'evidence-failed', bench.post(auditPath, auditBody(artifact, [swapped])));
});

test('a digest that was signed in a history that the log has lost is not signed again', async () => {
  const memory = new MemoryStore();
  const { bench } = await signedFirst({ memory });
  for (const name of [...memory.files.keys()]) if (name.includes('/epochs/')) memory.files.delete(name);
  const again = new Bench({ memory, witnesses: bench.witnesses });
  await refused(audits, 'digest-reused', again.post(auditPath, auditBody(bench.artifacts[0]!)));
});

test('a counter-signature that fails a check is refused by that check’s own code', async () => {
  const { bench, answer } = await signedFirst();
  const post = (body: unknown, epoch = 1) => bench.post(counterPath(epoch), body);
  await refused(counter, 'not-found', post(counterBody(answer, one), 0));
  await refused(counter, 'not-signed', post(counterBody(answer, one), 2));
  await refused(counter, 'bad-operator-signature', post(counterBody(answer, one, { operator: 'somebody' })));
  await refused(counter, 'bad-operator-signature', post(counterBody(answer, two)));
  const good = counterBody(answer, one);
  await refused(counter, 'bad-operator-signature', post({ ...good, sigCompat: good.sig }));
  await refused(counter, 'bad-operator-signature', post({ ...good, notAfter: good.notAfter + 1 }));
  await refused(counter, 'trust-root-version', post(counterBody(answer, one, { trustRootVersion: 2 })));
  const latest = startMs + notAfterAheadMsMax;
  for (const notAfterMs of [startMs, latest + 1])
    await refused(counter, 'not-after', post(counterBody(answer, one, { notAfterMs })));
  const last = counterBody(answer, one, { notAfterMs: latest });
  const logged = await answered(counter, 201, post(last));
  assert.deepEqual(await answered(counter, 200, post(last)), logged);
  await refused(counter, 'already-logged', post(good));
});

test('revoked keys sign nothing at or after the position of their revocation', async () => {
  const revoked = (name: string, revokedAtSize: number) =>
    trustRootOf({ revocations: [{ key: keyOf(name), revokedAtSize }] });
  const operator = new Bench({ root: revoked('operator', 1) });
  await operator.publish(one);
  await refused(audits, 'key-revoked', operator.post(auditPath, auditBody(operator.next(two))));
  const auditor = new Bench({ root: revoked('auditor', 1) });
  await auditor.publish(one);
  await refused(audits, 'no-signing-key', auditor.post(auditPath, auditBody(auditor.next(two))));
});

test('keys that are revoked between the two signatures stop the second', async () => {
  for (const [name, code] of [
    ['operator', 'key-revoked'],
    ['auditor', 'no-signing-key'],
  ] as const) {
    const { bench, answer } = await signedFirst();
    const root = nextRoot({ revocations: [{ key: keyOf(name), revokedAtSize: 0 }] });
    await answered(roots, 201, bench.post(`/trust-roots/${namespace}`, rootBytes(root)));
    await refused(counter, code, bench.post(counterPath(1), counterBody(answer, one, { trustRootVersion: 2 })));
  }
  // Nor is a leaf logged by an auditor whom the root in force no longer lists: no client would take it.
  const { bench, answer } = await signedFirst();
  const dropped = nextRoot({ auditors: [keyOf('auditor 2')] });
  await answered(roots, 201, bench.post(`/trust-roots/${namespace}`, rootBytes(dropped)));
  const body = counterBody(answer, one, { trustRootVersion: 2 });
  await refused(counter, 'no-signing-key', bench.post(counterPath(1), body));
});

test('trust roots follow one another, and each is stored before it is in force', async () => {
  const memory = new MemoryStore();
  const bench = new Bench({ memory });
  const post = (bytes: Uint8Array) => bench.post(`/trust-roots/${namespace}`, bytes);
  const next = nextRoot({
    operators: [keyOf('operator 2')],
    revocations: [{ key: keyOf('operator'), revokedAtSize: 0 }],
  });
  await refused(roots, 'version-not-next', post(rootBytes(trustRootOf({ version: 3 }))));
  await refused(roots, 'below-threshold', post(rootBytes(next, ['root 1'])));
  await refused(roots, 'other-log', post(rootBytes(nextRoot({ namespace: 'other.encrypted_backups.fleet_keys.v1' }))));
  await answered(roots, 201, post(rootBytes(next)));
  await answered(roots, 200, post(rootBytes(next)));
  const back = nextRoot({ version: 3 });
  await refused(roots, 'revocation-undone', post(rootBytes(back)));
  const again = new Bench({ memory });
  assert.deepEqual(await again.client.trustRoot('latest'), rootBytes(next));
  assert.deepEqual(await again.client.trustRoot(1), rootBytes(trustRootOf()));
  await refused(audits, 'bad-operator-signature', again.post(auditPath, auditBody(again.next(one))));

  const cut = new MemoryStore();
  const halted = new Bench({ memory: cut });
  cut.failsAt = cut.writes + 1;
  await refused(roots, 'halted', halted.post(`/trust-roots/${namespace}`, rootBytes(next)));
  assert.deepEqual(
    await halted.client.trustRoot('latest'),
    rootBytes(trustRootOf()),
    'what is not stored is not shown',
  );
});

test('without witnesses nothing is signed; with too few of them nothing is shown', async () => {
  const bench = new Bench();
  const { down } = bench.witnesses;
  for (const name of ['w1', 'w2']) down.add(`witness.example/${name}`);
  const body = auditBody(bench.next(one));
  await refused(audits, 'no-witness-quorum', bench.post(auditPath, body));
  down.clear();
  const answer = await answered(audits, 201, bench.post(auditPath, body));
  await refused('GET /namespaces/{ns}/audits/{epoch}', 'not-found', bench.get(`${auditPath}/1`));
  for (const name of ['w2', 'w3']) down.add(`witness.example/${name}`);
  const sign = () => bench.post(counterPath(1), counterBody(answer, one));
  await refused(counter, 'no-witness-quorum', sign());
  await refused(counter, 'no-witness-quorum', sign());
  for (const path of [`${auditPath}/1`, `/leaves/${namespace}/1`, `/logs/${namespace}/tile/0/000.p/1`])
    assert.equal((await bench.get(path)).status, 404, path);
  assert.equal(await bench.client.artifact(artifactDigest(bench.artifacts[0]!)), undefined);
  const later = artifactOf(2, bench.artifacts[0], two);
  await refused(audits, 'no-witness-quorum', bench.post(auditPath, auditBody(later)));
  // One more than before is enough: what the first one signed was kept.
  down.clear();
  for (const name of ['w1', 'w3']) down.add(`witness.example/${name}`);
  await answered(counter, 200, sign());
  await answered('GET /namespaces/{ns}/audits/{epoch}', 200, bench.get(`${auditPath}/1`));
});

test('a store that was put back signs nothing: the witnesses know of a longer log', async () => {
  const memory = new MemoryStore();
  const bench = new Bench({ memory });
  await bench.publish(one);
  const old = memory.copy();
  await bench.publish(two);
  const back = new Bench({ memory: old, witnesses: bench.witnesses });
  const fork = artifactOf(2, bench.artifacts[0], [[b, 'serving']]);
  await refused(audits, 'log-unconfirmed', back.post(auditPath, auditBody(fork)));
  assert.equal(old.files.has(`${namespace}/epochs/0/2`), false);
});

test('after a failed write nothing is answered that would need one', async () => {
  const posts: readonly [Route, string, unknown][] = [
    [audits, auditPath, auditBody(artifactOf(1, undefined, one))],
    [counter, counterPath(1), undefined],
    [roots, `/trust-roots/${namespace}`, rootBytes(nextRoot({}))],
  ];
  for (const [route, path, body] of posts) {
    const memory = new MemoryStore();
    const { bench, answer } = await signedFirst({ memory });
    memory.failsAt = memory.writes + 1;
    await refused(counter, 'halted', bench.post(counterPath(1), counterBody(answer, one)));
    await refused(route, 'halted', bench.post(path, body ?? counterBody(answer, one)));
    assert.equal(bench.events.filter(({ type }) => type === 'halted').length, 1);
  }
});

test('every route is documented, and nothing else', () => {
  const { routes } = createAuditorApp({ namespaces: new Map(), auditorKeys: [], files: {}, limits: {} } as any);
  const paths = routes
    .filter(({ method }) => method !== 'ALL')
    .map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}').replace('*', '{tile}')}`);
  const documented = Object.entries(openApiDocument.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  assert.deepEqual(paths.sort(), documented.sort());
});

test('every documented answer was given, and no other', () => {
  const expected = new Set<string>();
  for (const [path, methods] of Object.entries(openApiDocument.paths)) {
    for (const [method, { responses }] of Object.entries(methods) as [string, any][]) {
      for (const [status, response] of Object.entries(responses) as [string, any][]) {
        const codes = response.content['application/json']?.schema?.properties?.error?.enum ?? ['ok'];
        for (const code of codes) expected.add(`${method.toUpperCase()} ${path} ${status} ${code}`);
      }
    }
  }
  assert.deepEqual([...seen].sort(), [...expected].sort());
});
