import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AuditorClient, AuditorError } from '@coffer/auditor';
import { artifactDigest, type PlexiMessage, plexiAnswerJson, plexiKeyId, signPlexiMessage } from '@coffer/transparency';
import {
  artifactOf,
  Bench,
  dayMs,
  fleetOf,
  keyOf,
  type Listed,
  namespace,
  seedOf,
  startMs,
  trustRootOf,
} from './harness.js';

const a = fleetOf('A');
const one: Listed = [[a, 'serving']];
const artifact = artifactOf(1, undefined, one);

const requestOf = (bench: Bench) => ({
  evidence: a.files,
  operatorSeed: seedOf('operator'),
  trustRoot: bench.root,
  notAfterMs: startMs + dayMs,
});

/** A client between whom and the auditor somebody changes answers. */
function via(from: Bench, change: (path: string, answer: any) => any) {
  const paths: string[] = [];
  const client = new AuditorClient({
    url: 'http://auditor.example',
    namespace,
    fetch: async (input, init) => {
      const path = new URL(input as URL).pathname;
      paths.push(path);
      const response = await from.fetch(input, init);
      return new Response(JSON.stringify(change(path, await response.json())), { status: response.status });
    },
  });
  return { client, paths };
}

const isBad = (error: unknown) => error instanceof AuditorError && error.code === 'bad-answer';

test('the operator’s client counter-signs nothing but what it asked for, by an auditor that it knows', async () => {
  const bench = new Bench();
  const foreign = new Bench({ auditorNames: ['stranger'], root: trustRootOf({ auditors: [keyOf('stranger')] }) });
  const request = requestOf(bench);
  // What an auditor can sign that was given another artifact, or another epoch, by somebody else.
  const asked = { suite: 1, namespace, timestampMs: startMs, epoch: 1, digest: artifactDigest(artifact) } as const;
  const signed = (change: Partial<PlexiMessage>) => () => {
    const message = { ...asked, ...change };
    const signature = signPlexiMessage(message, seedOf('auditor'));
    return plexiAnswerJson({ message, signature, keyId: plexiKeyId(keyOf('auditor')) });
  };
  const cases = [
    ...[{ digest: new Uint8Array(32) }, { epoch: 2 }, { namespace: `other.${namespace}` }, { suite: 2 as const }].map(
      (change) => via(bench, signed(change)),
    ),
    via(foreign, (_, answer) => answer),
    via(bench, (_, answer) => ({ ...answer, signature: `${'0'.repeat(128)}` })),
    via(bench, (_, answer) => ({ ...answer, epoch: 2 })),
    via(bench, (_, answer) => ({ ...answer, extra: 1 })),
    via(bench, () => 'nothing'),
  ];
  for (const { client, paths } of cases) {
    await assert.rejects(client.publish({ ...request, artifact }), isBad);
    assert.equal(paths.filter((path) => path.endsWith('/countersignature')).length, 0);
  }
});

test('the operator’s client finds out when something else was logged', async () => {
  const isLeaf = (path: string): boolean => path.startsWith('/leaves/');
  const lies: readonly ((path: string, answer: any) => any)[] = [
    (path, answer) => (isLeaf(path) ? { ...answer, notAfter: answer.notAfter + 1 } : answer),
    (path, answer) => (path.endsWith('/countersignature') ? { ...answer, leafHash: '0'.repeat(64) } : answer),
  ];
  for (const lie of lies) {
    const bench = new Bench();
    await assert.rejects(via(bench, lie).client.publish({ ...requestOf(bench), artifact }), isBad);
    // What was logged is what was signed all the same, and the same request finds it.
    assert.equal((await via(bench, (_, answer) => answer).client.publish({ ...requestOf(bench), artifact })).epoch, 1);
  }
});
