import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { SimulatedQuoteVerifier } from '@coffer/attestation';
import { fromHex, hex } from '@coffer/base';
import { sha256 } from '@coffer/crypto';
import { type EvidenceReport, verifyEvidence } from '@coffer/evidence';
import { eventually, Place } from './fixture.js';

/** The ceremony as a person holds it, with real processes. One fleet for all tests: a ceremony takes a while. */
const place = new Place();
const { root } = place;
const dir = join(root, 'fleet');
const keys: Record<string, string> = {};

test('keys for those who are present', async () => {
  for (const name of ['operator', 'alice']) {
    const { code, json } = await place.run(['key', 'create', join(root, name), '--name', name, '--json']);
    assert.equal(code, 0);
    assert.equal(statSync(join(root, name)).mode & 0o777, 0o600);
    keys[name] = String(json.publicKey);
  }
});

test('a ceremony that is killed leaves no fleet, and the next one starts over', async () => {
  const script = { sites: ['ams', 'fra', 'lis'], budgetLimit: 2, operator: 'operator', witnesses: ['alice'] };
  writeFileSync(join(root, 'script.json'), JSON.stringify(script));
  const create = ['fleet', 'create', '--dir', dir, '--script', join(root, 'script.json'), '--json'];
  const child = place.spawn(create);
  let told = '';
  child.stderr?.on('data', (text) => {
    told += String(text);
  });
  await eventually(async () => told.includes('has made its keys'));
  child.kill('SIGKILL');
  await eventually(async () => place.processes().length === 0);
  assert.equal(existsSync(join(dir, 'evidence')), false);
  const status = await place.run(['status', '--account', 'ada', '--dir', dir, '--json']);
  assert.deepEqual([status.code, status.json.reason], [3, 'no-fleet']);

  const { code, json, err } = await place.run(create);
  assert.equal(code, 0, err);
  const { configHash, evidence, sites, quorum, platform } = json;
  assert.deepEqual([sites, quorum, platform], [3, 2, 'SIMULATED HARDWARE']);
  assert.equal(hex(sha256(readFileSync(join(dir, 'fleet.json')))), configHash);
  const report = check(String(evidence));
  assert.equal(hex(report.configHash as Uint8Array), configHash);
  for (const { kind, name, verdict } of report.items) assert.notEqual(verdict, 'failed', `${kind} ${name}`);
  const simulated = report.items.filter(({ verdict }) => verdict === 'SIMULATED HARDWARE').map(({ kind }) => kind);
  assert.deepEqual([...new Set(simulated)].sort(), ['ceremony', 'exact-match', 'member', 'self-test', 'transcript']);
});

test('a fleet is not made over another one', async () => {
  const again = await place.run(['fleet', 'create', '--dir', dir, '--script', join(root, 'script.json'), '--json']);
  assert.deepEqual([again.code, again.json.reason], [2, 'fleet-exists']);
});

test('evidence with one changed byte fails', () => {
  const folder = join(dir, 'evidence');
  const index = sha256(readFileSync(join(folder, 'index.json')));
  const name = readdirSync(folder).find((file) => file !== 'index.json') as string;
  const good = readFileSync(join(folder, name));
  const bad = Uint8Array.from(good);
  bad[bad.length >> 1] = (bad[bad.length >> 1] as number) ^ 1;
  writeFileSync(join(folder, name), bad);
  assert.ok(check(hex(index)).items.some(({ verdict }) => verdict === 'failed'));
  rmSync(join(folder, name));
  assert.ok(check(hex(index)).items.some(({ verdict, code }) => verdict === 'failed' && code === 'missing-file'));
  writeFileSync(join(folder, name), good);
});

test('plans that make no fleet are refused before anything is made', async () => {
  const plans: [object, string][] = [
    [{ sites: [] }, 'bad-config'],
    [{ sites: ['a', 'b', 'c'], groups: 2 }, 'too-few-groups'],
    [{ sites: ['a', 'b', 'c'], quorum: 1 }, 'hsm-refused'],
    [{ sites: ['a', 'a', 'b'] }, 'hsm-refused'],
    [{ sites: ['Not a site'] }, 'bad-config'],
    [{ sites: ['a'], surprise: true }, 'bad-config'],
  ];
  for (const [plan, reason] of plans) {
    writeFileSync(join(root, 'bad.json'), JSON.stringify({ operator: 'operator', ...plan }));
    const args = ['fleet', 'create', '--dir', join(root, 'bad'), '--script', join(root, 'bad.json'), '--json'];
    const { json, code } = await place.run(args);
    assert.equal(json.reason, reason, JSON.stringify(plan));
    assert.ok(code === 1 || code === 2);
  }
  const none = await place.run(['fleet', 'create', '--dir', join(root, 'bad'), '--json']);
  assert.deepEqual([none.code, none.json.reason], [2, 'no-operator']);
});

function check(evidence: string): EvidenceReport {
  const folder = join(dir, 'evidence');
  const files = new Map(
    readdirSync(folder).map((name) => {
      const bytes = new Uint8Array(readFileSync(join(folder, name)));
      return [name === 'index.json' ? evidence : name, bytes];
    }),
  );
  return verifyEvidence((digest) => files.get(hex(digest)), fromHex(evidence), {
    operators: [fromHex(keys.operator as string)],
    ceremony: { threshold: 1, witnesses: [fromHex(keys.alice as string)] },
    rebuilders: { threshold: 0, keys: [] },
    quoteVerifiers: [new SimulatedQuoteVerifier()],
  });
}
