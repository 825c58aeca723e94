import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { hex } from '@coffer/base';
import { verifyErasureReceipt } from '@coffer/client';
import { SoftHsm } from '@coffer/keystore-pkcs11/softhsm';
import { groupOf, vaultIdOf } from '@coffer/protocol';
import { demoWaiting } from '@coffer/transparency';
import { demoWaitingMs, House } from '../dist/demo/house.js';
import { killSite } from '../dist/demo/sites.js';
import { FleetFolder } from '../dist/fleet/folder.js';
import { issueToken } from '../dist/fleet/issuer.js';
import { RunningFleet } from '../dist/fleet/running-fleet.js';
import { eventually, Place } from './fixture.js';
import { Load } from './rehearsal/load.js';

/**
 * The runbook "Losing hardware" (docs/operations.md), rehearsed with the commands it names: five sites with their keys in
 * tokens, a fire at one of them, and a new fleet to which everybody moves while nobody stops recovering.
 */

const fromHere = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
spawnSync(process.execPath, [fromHere('../../../tools/build-pkcs11js.mjs')]);
const missing = SoftHsm.missing();
const options = missing === undefined ? {} : { skip: `needs ${missing}` };
const siteNames = ['ams', 'fra', 'lis', 'osl', 'prg'];
const people = 4;
const readyMs = 90_000;

test('a site burns down, and a new fleet takes its place: no recovery fails', options, async (t) => {
  const startedMs = Date.now();
  const told = (what: string): void => t.diagnostic(`${((Date.now() - startedMs) / 1000).toFixed(1)} s  ${what}`);
  const toKill: { kill(): Promise<unknown> }[] = [];
  // Before the place is taken away, which waits for what runs in it.
  after(() => Promise.all(toKill.map((each) => each.kill())));
  const place = new Place();
  mkdirSync(place.path('softhsm'));
  const softHsm = new SoftHsm(place.path('softhsm'));
  // For the programs of this test, their daemons, and the modules in those.
  process.env.SOFTHSM2_CONF = softHsm.env.SOFTHSM2_CONF;

  const ok = async (...args: readonly string[]): Promise<Record<string, any>> => {
    const { code, err, out, json } = await place.run([...args, '--json']);
    assert.equal(code, 0, `${args.join(' ')}: ${err}${out}`);
    return json;
  };
  const house = await House.open(place.path('house'), (daemon) => toKill.push(daemon), 2);
  const log = ['--auditor', house.auditorUrl, '--trust-root', house.trustRootFile, '--state', place.path('seen.note')];
  const publish = (...what: readonly string[]): Promise<Record<string, any>> =>
    ok('fleet', 'publish', ...what, ...log, '--operator-key', house.seedFile('operator'), '--not-after', '90');

  /** What a stranger runs. @returns the number of epochs, none of which is in doubt. */
  const audit = async (): Promise<unknown> => {
    const state = ['--state', place.path('stranger.note')];
    const { code, err, out } = await place.run([
      'audit',
      house.auditorUrl,
      ...['--trust-root', house.trustRootFile, ...state, '--json'],
    ]);
    assert.equal(code, 0, err);
    const last = JSON.parse(out.trim().split('\n').at(-1) ?? '') as Record<string, unknown>;
    assert.deepEqual([last.ok, last.doubts], [true, 0]);
    return last.epochs;
  };

  /** One documented command; then the fleet runs, behind the gateways that people know. */
  const create = async (name: string): Promise<{ fleet: RunningFleet; fleetId: string }> => {
    const sites = siteNames.map((site) => {
      const token = softHsm.create(`${name}-${site}`, '1234');
      // As in the documentation: PIN files beside the script.
      return { name: site, keyStore: { pkcs11: { ...token, pin: { file: `softhsm/${name}-${site}.pin` } } } };
    });
    const script = { sites, budgetLimit: 2, operator: 'house/operator.key', witnesses: ['house/ceremony-witness.key'] };
    writeFileSync(place.path(`${name}.json`), JSON.stringify(script));
    const { fleetId } = await ok('fleet', 'create', '--dir', name, '--script', `${name}.json`);
    const evidence = new FleetFolder(place.path(name)).evidence;
    await ok('evidence', 'verify', evidence, '--trust-root', house.trustRootFile);
    assert.deepEqual(keyStores(evidence), Array(5).fill({ kind: 'pkcs11', extractable: false }));
    const fleet = await RunningFleet.start({ folder: new FleetFolder(place.path(name)), restarts: true });
    toKill.push(fleet);
    await fleet.ready(readyMs);
    await fleet.gatewayd().stop();
    return { fleet, fleetId };
  };

  const first = await create('fleet-1');
  told('five sites with their keys in five tokens');
  await publish('--fleet', 'fleet-1', '--first');
  await house.gateways.serve([first.fleet]);
  assert.equal(await audit(), 1);
  told('published and audited');

  const { settings } = first.fleet;
  const { namespace, origin } = house.trustRoot;
  const load = new Load({
    accounts: Array.from({ length: people }, (_, i) => `person-${i + 1}`),
    trustRoot: new Uint8Array(readFileSync(house.trustRootFile)),
    fleets: { namespace, origin, waiting: demoWaiting(demoWaitingMs) },
    gateways: house.gateways.urls,
    tenant: settings.tenant,
    token: (account) => issueToken(first.fleet.folder, settings, settings.tenant, account),
    pauseMs: 1_000,
    recoveriesMax: 400,
  });
  assert.deepEqual(await load.register(), Array(people).fill('protected'));
  load.start();
  after(() => load.stop());
  await eventually(async () => load.hasEverybody(1, 0));
  told(`${people} people have registered over the air and recover`);

  const leader = await first.fleet.leaderOf(groupOf(vaultIdOf(settings.tenant, 'person-1'), 5));
  assert.ok(leader !== undefined);
  const fireMs = Date.now();
  await killSite(first.fleet, leader);
  rmSync(first.fleet.folder.site(leader).root, { recursive: true });
  const label = `fleet-1-${siteNames[leader - 1]}`;
  execFileSync('softhsm2-util', ['--delete-token', '--token', label], { stdio: 'ignore' });
  await eventually(async () => load.hasEverybody(2, fireMs));
  told(`site ${leader} burned down with its token; everybody has recovered twice since`);

  const second = await create('fleet-2');
  told('a new fleet, its keys in five new tokens');
  await house.gateways.serve([second.fleet, first.fleet]);
  const refresh = [
    ...house.gateways.urls.flatMap((url) => ['--gateway', url]),
    ...['--operator-token', first.fleet.folder.operatorToken],
  ];
  await publish('--fleet', 'fleet-2', '--drain', first.fleetId, ...refresh);
  const publishedMs = Date.now();
  await eventually(async () => load.hasEverybody(1, publishedMs));
  told('published; everybody has recovered since, and moved');

  await publish('--remove', first.fleetId, ...refresh);
  const removedMs = Date.now();
  await house.gateways.serve([second.fleet]);
  await first.fleet.stop();
  await eventually(async () => load.hasEverybody(2, removedMs));
  await load.stop();
  assert.equal(await audit(), 3);
  told('the old fleet is not listed any more, and is switched off; audited');

  const failed = load.recoveries.filter(({ isGood }) => !isGood);
  const slowestMs = Math.max(...load.recoveries.map(({ startedMs: from, endedMs }) => endedMs - from));
  told(`${load.recoveries.length} recoveries, ${failed.length} failed, the slowest took ${slowestMs} ms`);
  for (const { account, isNewDevice, endedMs, found, fleet } of failed)
    told(
      `${account} at ${(endedMs - startedMs) / 1000} s, ${isNewDevice ? 'new device' : 'phone'}: ${found} (${fleet.slice(0, 8)})`,
    );
  assert.equal(failed.length, 0);
  const newHome = hex(second.fleet.descriptor.configHash);
  for (let i = 1; i <= people; i++) {
    const account = `person-${i}`;
    const [next, ...later] = load.of(account, publishedMs);
    assert.ok(
      [next, ...later].every((each) => each?.fleet === newHome),
      `${account} is not on the new fleet`,
    );
    const all = load.of(account);
    assert.ok(
      all.some(({ isMoved }) => isMoved),
      account,
    );
    const receipts = all.flatMap((each) => each.receipts);
    assert.ok(receipts.length > 0, `no receipt for what ${account} left behind`);
    for (const receipt of receipts) {
      const { vaultId } = verifyErasureReceipt(first.fleet.descriptor, receipt);
      assert.deepEqual(vaultId, vaultIdOf(settings.tenant, account));
    }
    const owed = load
      .of(account, removedMs)
      .flatMap(({ warnings }) => warnings.filter((each) => each.includes('old-vault')));
    assert.deepEqual(owed, []);
  }
});

/** What the evidence says of the keys of each member. */
function keyStores(folder: string): readonly object[] {
  const index = JSON.parse(readFileSync(`${folder}/index.json`, 'utf8')) as {
    items: { kind: string; digest: string }[];
  };
  assert.equal(readdirSync(folder).length, index.items.length + 1);
  return index.items
    .filter(({ kind }) => kind === 'member')
    .map(({ digest }) => {
      const { payload } = JSON.parse(readFileSync(`${folder}/${digest}`, 'utf8')) as { payload: string };
      const statement = JSON.parse(Buffer.from(payload, 'base64').toString()) as { predicate: { keyStore: object } };
      return statement.predicate.keyStore;
    });
}
