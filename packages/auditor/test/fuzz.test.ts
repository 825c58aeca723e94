import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AuditorError, bodiesMax, type RefusalCode, signAuditRequest, statusOf, turnsMax } from '@coffer/auditor';
import { hex } from '@coffer/base';
import { sha256 } from '@coffer/crypto';
import fc from 'fast-check';
import {
  artifactOf,
  Bench,
  fleetOf,
  flipBit,
  keyOf,
  type Listed,
  MemoryStore,
  namespace,
  rootBytes,
  seedOf,
  trustRootOf,
} from './harness.js';

const [a, b] = [fleetOf('A'), fleetOf('B')];
const one: Listed = [[a, 'serving']];
const other: Listed = [[b, 'serving']];
const artifact = artifactOf(1, undefined, one);
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

const body = {
  artifact: base64(artifact),
  evidence: Object.fromEntries(a.files.map((file) => [hex(sha256(file)), base64(file)])),
  requestSignature: { key: hex(keyOf('operator')), sig: hex(signAuditRequest(artifact, seedOf('operator'))) },
};
const paths = [
  `/namespaces/${namespace}/audits`,
  `/namespaces/${namespace}/audits/1/countersignature`,
  `/trust-roots/${namespace}`,
];

/** Posts, and fails unless the answer is a documented refusal of what was sent. */
async function refusedAsInput(bench: Bench, path: string, sent: unknown): Promise<void> {
  const response = await bench.post(path, sent);
  const { error } = (await response.json()) as { error: RefusalCode };
  assert.equal(response.status, statusOf[error]);
  assert.ok(response.status >= 400 && response.status < 500, `${response.status} ${error}`);
}

/** A bench that has nothing left to write but what an accepted request writes. */
async function quietBench() {
  const memory = new MemoryStore();
  const bench = new Bench({ memory });
  await bench.auditor.refresh(namespace);
  return { bench, memory, writes: memory.writes };
}

test('any bytes and any JSON in a body are refused as input, and write nothing', async () => {
  const { bench, memory, writes } = await quietBench();
  const odd = fc.oneof(fc.uint8Array({ maxLength: 400 }), fc.json(), fc.string());
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...paths), odd, async (path, sent) => refusedAsInput(bench, path, sent)),
    { numRuns: 300 },
  );
  assert.equal(memory.writes, writes);
});

test('a good request with any one thing in it changed is refused as input, and writes nothing', async () => {
  const { bench, memory, writes } = await quietBench();
  const leafs = ['artifact', 'requestSignature.key', 'requestSignature.sig'];
  const files = Object.keys(body.evidence);
  const change = fc.oneof(fc.constant(undefined), fc.jsonValue(), fc.string(), fc.base64String());
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...leafs, ...files), change, async (where, value) => {
      const changed = structuredClone(body) as any;
      if (where === 'artifact') changed.artifact = value;
      else if (where.includes('.')) changed.requestSignature[where.split('.')[1]!] = value;
      else changed.evidence[where] = value;
      await refusedAsInput(bench, paths[0]!, changed);
    }),
    { numRuns: 300 },
  );
  const text = Buffer.from(JSON.stringify(body));
  for (let bit = 3; bit < 8 * text.length; bit += 997) await refusedAsInput(bench, paths[0]!, flipBit(text, bit));
  const root = rootBytes(trustRootOf({ version: 2 }));
  for (let bit = 0; bit < 8 * root.length; bit += 997) await refusedAsInput(bench, paths[2]!, flipBit(root, bit));
  assert.equal(memory.writes, writes);
  assert.equal((await bench.post(paths[0]!, body)).status, 201);
});

test('any path is answered, and only with what is documented', async () => {
  const { bench } = await quietBench();
  const segment = fc.oneof(
    fc.constantFrom('namespaces', namespace, 'audits', 'logs', 'tile', 'entries', '0', '1', '..', '%2e%2e', 'x000'),
    fc.string({ maxLength: 8 }).map(encodeURIComponent),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(segment, { maxLength: 7 }), async (parts) => {
      const { status } = await bench.get(`/${parts.join('/')}`);
      assert.ok([200, 404, 405].includes(status), `${status} for ${parts.join('/')}`);
    }),
    { numRuns: 500 },
  );
});

test('requests that come together: one artifact is signed, and both epochs’ publishers see one history', async () => {
  const { bench } = await quietBench();
  const rival = artifactOf(1, undefined, other);
  const ask = (which: Uint8Array, listed: Listed) =>
    bench.client.postAudit({
      artifact: which,
      evidence: listed.flatMap(([{ files }]) => files),
      operatorSeed: seedOf('operator'),
    });
  const results = await Promise.allSettled(
    Array.from({ length: bodiesMax }, (_, i) => (i % 2 === 0 ? ask(artifact, one) : ask(rival, other))),
  );
  const signatures = results.flatMap((result) => (result.status === 'fulfilled' ? [hex(result.value.signature)] : []));
  assert.equal(signatures.length, bodiesMax / 2);
  assert.equal(new Set(signatures).size, 1);
  for (const result of results)
    if (result.status === 'rejected') assert.equal((result.reason as AuditorError).code, 'epoch-signed');

  const publishing = Array.from({ length: 4 }, () => bench.publishArtifact(artifact, one));
  const leaves = (await Promise.all(publishing)).map(({ leafHash }) => hex(leafHash));
  assert.equal(new Set(leaves).size, 1);
});

test('who waits behind too many others is told so', async () => {
  const { bench } = await quietBench();
  const refreshes = Array.from({ length: turnsMax + 1 }, () => bench.auditor.refresh(namespace));
  const settled = await Promise.allSettled(refreshes);
  const refusals = settled.flatMap((result) => (result.status === 'rejected' ? [result.reason.code] : []));
  assert.deepEqual(refusals, ['busy']);
});
