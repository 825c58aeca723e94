import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { SimulatedQuoteVerifier } from '@coffer/attestation';
import { auditorKey, FolderStore, HttpWitnesses, openAuditor, serveAuditor } from '@coffer/auditor';
import { hex } from '@coffer/base';
import { evidenceRoles, verifyEvidence } from '@coffer/evidence';
import { systemClock, systemTimers, writeSeedFile } from '@coffer/host';
import { decodeFleetDescriptor } from '@coffer/protocol';
import { encodeVerifierKey, noteSigner } from '@coffer/transparency';
import { keyOf, seedOf } from '@coffer/transparency/testing';
import { FolderWitnessStore, serveWitness, Witness } from '@coffer/witness';
import { Place } from '../apps/coffer/test/fixture.js';
import { factsOf, makeSet } from '../packages/evidence/test/evidence-world.js';
import { FleetOfCores } from '../packages/evidence/test/fleet-of-cores.js';
import { World } from '../packages/monitor/test/harness.js';

/** Everything real but the fleet's processes: auditor and witnesses over HTTP on files, evidence of real HSM cores. */

const world = new World();
const trustRoot = world.trustRoot();

async function witnesses(place: Place) {
  return Promise.all(
    ['w1', 'w2'].map(async (name) => {
      const signer = noteSigner(`witness.example/${name}`, 'witness', seedOf(name));
      mkdirSync(place.path(name));
      const store = new FolderWitnessStore(place.path(name));
      const witness = new Witness({ signer, logs: [world.log], store, clock: systemClock });
      const server = await serveWitness(witness, { port: 0 });
      after(() => server.close());
      return { name, vkey: encodeVerifierKey(signer), url: `http://127.0.0.1:${server.port}` };
    }),
  );
}

async function serveAnAuditor(place: Place, root: string): Promise<string> {
  mkdirSync(place.path('auditor'));
  const auditor = openAuditor({
    namespaces: [{ trustRoot: new Uint8Array(readFileSync(place.path(root))), logSeeds: [seedOf('log')] }],
    auditorKeys: [auditorKey(seedOf('auditor'), 0)],
    store: new FolderStore(place.path('auditor')),
    evidence: {
      check: ({ read, indexDigest, descriptor, trustRoot, size }) =>
        verifyEvidence(read, indexDigest, {
          ...evidenceRoles(trustRoot, size),
          quoteVerifiers: [new SimulatedQuoteVerifier()],
          configHash: descriptor.configHash,
        })
          .items.filter(({ verdict }) => verdict === 'failed')
          .map(({ name }) => ({ name, code: 'failed' })),
    },
    witnesses: new HttpWitnesses({ clock: systemClock, timers: systemTimers }),
    clock: systemClock,
    timers: systemTimers,
  });
  const server = await serveAuditor(auditor, { port: 0 });
  auditor.start();
  after(async () => {
    await server.close();
    await auditor.stop();
  });
  return `http://127.0.0.1:${server.port}`;
}

/** The folder of a fleet as `coffer fleet create` leaves it. @returns the fleetId. */
async function fleetFolder(place: Place, name: string): Promise<string> {
  const cores = new FleetOfCores({ seed: name });
  const facts = await factsOf(cores);
  const { index, files } = makeSet(cores, facts);
  mkdirSync(place.path(name, 'evidence'), { recursive: true });
  writeFileSync(place.path(name, 'fleet.json'), facts.descriptor);
  writeFileSync(place.path(name, 'evidence', 'index.json'), index);
  for (const [file, bytes] of files) writeFileSync(place.path(name, 'evidence', file), bytes);
  return hex(decodeFleetDescriptor(facts.descriptor).fleetId);
}

test('from a plan to a log that a stranger audits: trust root, two fleets, a revoked fleet, a revoked key', async () => {
  const place = new Place();
  const ok = async (...args: readonly string[]): Promise<Record<string, any>> => {
    const { code, err, json, out } = await place.run([...args, '--json']);
    assert.equal(code, 0, `${args.join(' ')}: ${err}${out}`);
    return json;
  };
  for (const name of ['operator', 'root 1', 'root 2', 'root 3'])
    writeSeedFile(place.path(`${name.replace(' ', '-')}.seed`), seedOf(name));
  const { namespace, origin, rootKeys, auditors, operators, ceremony, rebuilders } = trustRoot;
  const plan = {
    namespace,
    origin,
    rootKeys: { threshold: rootKeys.threshold, keys: rootKeys.keys.map(hex) },
    auditors: auditors.map(hex),
    operators: operators.map(hex),
    logs: [encodeVerifierKey(world.log)],
    witnesses: await witnesses(place),
    quorum: 2,
    ceremony: { threshold: ceremony.threshold, witnesses: ceremony.witnesses.map(hex) },
    rebuilders: { threshold: rebuilders.threshold, keys: rebuilders.keys.map(hex) },
  };
  writeFileSync(place.path('plan.json'), JSON.stringify(plan));
  await ok('trust-root', 'create', 'plan.json', '--out', 'root-1.json');
  const signed = await ok('trust-root', 'sign', 'root-1.json', '--key', 'root-1.seed', '--key', 'root-2.seed');
  assert.deepEqual([signed.signed, signed.isComplete], [2, true]);

  const url = await serveAnAuditor(place, 'root-1.json');
  const [a, b] = await Promise.all([fleetFolder(place, 'fleet-a'), fleetFolder(place, 'fleet-b')]);
  const epoch = [
    '--auditor',
    url,
    '--operator-key',
    'operator.seed',
    '--trust-root',
    'root-1.json',
    '--not-after',
    '90',
  ];
  assert.equal((await ok('fleet', 'publish', '--fleet', 'fleet-a', '--first', ...epoch)).epoch, 1);
  assert.equal((await ok('fleet', 'publish', '--fleet', 'fleet-b', '--drain', a, ...epoch)).epoch, 2);
  const again = await ok('fleet', 'publish', '--fleet', 'fleet-b', '--drain', a, ...epoch);
  assert.deepEqual([again.epoch, again.isNew], [2, false]);
  assert.equal((await ok('fleet', 'revoke', a, ...epoch)).epoch, 3);

  // The operator's key leaks: the root is rotated, and what it signs from here on counts for nothing.
  writeSeedFile(place.path('operator-2.seed'), seedOf('operator 2'));
  writeFileSync(
    place.path('plan-2.json'),
    JSON.stringify({ ...plan, operators: [...plan.operators, hex(keyOf('operator 2'))] }),
  );
  const revoke = ['--revoke', `${hex(keyOf('operator'))}@3`];
  await ok('trust-root', 'rotate', 'root-1.json', '--plan', 'plan-2.json', ...revoke, '--out', 'root-2.json');
  const follows = ['trust-root', 'show', 'root-2.json', '--previous', 'root-1.json'];
  const keys = ['--key', 'root-1.seed', '--key', 'root-3.seed'];
  await ok('trust-root', 'sign', 'root-2.json', ...keys, '--previous', 'root-1.json');
  assert.equal((await ok(...follows)).revocations[0].revokedAtSize, 3);
  await ok('trust-root', 'publish', 'root-2.json', '--auditor', url);
  const stolen = await place.run(['fleet', 'revoke', b, ...epoch, '--json']);
  assert.deepEqual([stolen.code, stolen.json.reason], [1, 'key-revoked']);
  const byNewKey = epoch.map((word) => (word === 'operator.seed' ? 'operator-2.seed' : word));
  assert.equal((await ok('fleet', 'revoke', b, '--drain', ...byNewKey)).epoch, 4);

  const { code, out, err } = await place.run(['audit', url, '--trust-root', 'root-1.json']);
  assert.equal(code, 0, err);
  for (const text of ['4 epochs, nothing to doubt', 'draining -> revoked', 'under trust root 2'])
    assert.ok(out.includes(text), out);
});
