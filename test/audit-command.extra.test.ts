import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import { hex } from '@coffer/base';
import { httpSource, LogAudit } from '@coffer/monitor';
import { decodeFleetDescriptor } from '@coffer/protocol';
import { artifactDigest, encodeArtifact, encodeTrustRoot, type FleetStatus } from '@coffer/transparency';
import { signedBy } from '@coffer/transparency/testing';
import { eventually, outcome, Place } from '../apps/coffer/test/fixture.js';
import { Bench, dayMs, fleetOf } from '../packages/auditor/test/harness.js';
import { factsOf, makeSet } from '../packages/evidence/test/evidence-world.js';
import { FleetOfCores } from '../packages/evidence/test/fleet-of-cores.js';
import { ShownWorld, World } from '../packages/monitor/test/harness.js';

test('what the auditor publishes has nothing to doubt, from its first epoch on', async () => {
  const bench = new Bench();
  const [a, b] = [fleetOf('A'), fleetOf('B')];
  const audit = new LogAudit({
    source: httpSource('http://auditor.example', { fetch: bench.fetch }),
    trustRoot: bench.root,
    evidence: {
      verify: ({ read, indexDigest }) => {
        const index = read(indexDigest);
        const file = index && read(Uint8Array.from(Buffer.from(Buffer.from(index).toString('utf8'), 'hex')));
        return [{ name: 'config', verdict: file === undefined ? 'failed' : 'attested', why: '' }];
      },
    },
    clock: bench.time,
  });
  await bench.publish([[a, 'serving']]);
  assert.deepEqual((await audit.advance()).doubts, []);
  bench.time.pass(dayMs);
  await bench.publish([
    [a, 'draining'],
    [b, 'serving'],
  ]);
  await bench.publish([[b, 'serving']]);
  const report = await audit.advance();
  assert.deepEqual([report.doubts, report.size, report.epochs], [[], 3, 2]);
});

/** A log of one real fleet with its evidence, and of a checkpoint that witnesses cosign now. */
class RealLog {
  readonly world = new World();
  readonly shown = new ShownWorld(this.world);
  readonly #cores = new FleetOfCores({ seed: 'audit' });
  readonly #files = new Map<string, Uint8Array>();
  #fleet: { descriptor: ReturnType<typeof decodeFleetDescriptor>; evidence: Uint8Array } | undefined;

  async publish(status: FleetStatus): Promise<void> {
    const { world } = this;
    if (this.#fleet === undefined) {
      const facts = await factsOf(this.#cores);
      const { digest, index, files } = makeSet(this.#cores, facts);
      for (const [name, bytes] of [...files, [hex(digest), index] as const]) this.#files.set(name, bytes);
      this.#fleet = { descriptor: decodeFleetDescriptor(facts.descriptor), evidence: digest };
    }
    const before = world.artifacts.at(-1);
    const artifact = encodeArtifact({
      namespace: world.namespace,
      epoch: world.size + 1,
      ...(before === undefined ? {} : { previous: artifactDigest(before) }),
      fleets: [{ ...this.#fleet, status }],
    });
    world.logLeaf(artifact, world.leafOf(artifact, { notAfterMs: Date.now() + 86_400_000 }));
    this.shown.cosignedMs = [Date.now(), Date.now()];
  }

  /** Serves it until the test ends. */
  async serve(): Promise<string> {
    const server = createServer((request, response) => {
      const path = request.url ?? '';
      const file = this.#files.get(path.replace('/evidence/', ''));
      const bytes = file === undefined ? this.shown.get(path, Number.POSITIVE_INFINITY) : Promise.resolve(file);
      bytes.then(
        (found) => (found === undefined ? response.writeHead(404).end() : response.end(found)),
        () => response.writeHead(500).end(),
      );
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    after(() => server.close());
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }
}

const lines = (out: string): Record<string, any>[] =>
  out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

test('coffer audit: a good log, then one that changed its past; the fraud proof holds for anybody', async () => {
  const place = new Place();
  const log = new RealLog();
  await log.publish('serving');
  await log.publish('draining');
  const url = await log.serve();
  writeFileSync(place.path('root.json'), encodeTrustRoot(signedBy(log.world.trustRoot(), ['root 1', 'root 2'])));
  const audit = ['audit', url, '--trust-root', 'root.json', '--fraud-dir', 'fraud'];

  const good = await place.run([...audit, '--json']);
  assert.equal(good.code, 0, good.err);
  const [first, second, result] = lines(good.out);
  assert.deepEqual(
    [first?.type, first?.epoch, second?.delta.changed[0]?.to, result?.ok],
    ['epoch', 1, 'draining', true],
  );
  assert.ok(first?.evidence[0].findings.some(({ verdict }: any) => verdict === 'SIMULATED HARDWARE'));

  const people = await place.run(audit);
  assert.equal(people.code, 0, people.err);
  for (const text of ['+ fleet', 'hsm', '~ fleet', 'serving -> draining', 'nothing to doubt', 'SIMULATED HARDWARE'])
    assert.ok(people.out.includes(text), text);

  // The same keys show another history to whoever comes next.
  const other = new RealLog();
  await other.publish('draining');
  await other.publish('serving');
  const forked = await place.run(['audit', await other.serve(), ...audit.slice(2), '--json']);
  assert.equal(forked.code, 1, forked.out);
  assert.deepEqual(lines(forked.out).at(-1)?.reason, 'split-view');
  const [proof] = readdirSync(place.path('fraud'));
  const verify = ['fraud', 'verify', `fraud/${proof}`, '--trust-root', 'root.json', '--json'];
  const proven = await place.run(verify);
  assert.deepEqual([proven.code, proven.json.kind, proven.json.culprit], [0, 'conflicting-checkpoints', 'log']);
  writeFileSync(place.path('fraud', proof as string), '{}');
  assert.deepEqual((await place.run(verify)).code, 1);
  // What it remembers is still the history that it believed.
  assert.equal((await place.run([...audit, '--json'])).code, 0);

  const down = await place.run(['audit', 'http://127.0.0.1:1', ...audit.slice(2), '--json']);
  assert.deepEqual([down.code, lines(down.out).at(-1)?.reason], [3, 'unreachable']);
  for (const bad of [
    ['--namespace', 'x'],
    ['--also', 'ftp://x'],
  ])
    assert.equal((await place.run([...audit, ...bad])).code, 2, bad.join(' '));
});

test('coffer audit --follow reports an epoch that comes later, and keeps its checkpoint', async () => {
  const place = new Place();
  const log = new RealLog();
  await log.publish('serving');
  const url = await log.serve();
  writeFileSync(place.path('root.json'), encodeTrustRoot(signedBy(log.world.trustRoot(), ['root 1', 'root 2'])));
  const args = ['audit', url, '--trust-root', 'root.json', '--follow', '--poll', '1', '--state', 'seen.note', '--json'];
  const child = place.spawn(args);
  let out = '';
  child.stdout?.on('data', (chunk) => {
    out += String(chunk);
  });
  const ended = outcome(child);
  await eventually(async () => out.includes('"epoch":1') && existsSync(place.path('seen.note')));
  await log.publish('draining');
  await eventually(async () => out.includes('"epoch":2'));
  child.kill('SIGINT');
  assert.equal((await ended).code, 0);
});
