import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { isEd25519Signature, systemEntropy } from '@coffer/crypto';
import { Pkcs11KeyStore } from '@coffer/keystore-pkcs11';
import { SoftHsm } from '@coffer/keystore-pkcs11/softhsm';
import { decodeFleetDescriptor, promiseMessage } from '@coffer/protocol';
import { ended, type Host, Site } from './fixture.js';
import { Newborn } from './newborn.js';

/** A real HSM process with its keys in a SoftHSM token. */

const fromHere = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
spawnSync(process.execPath, [fromHere('../../../tools/build-pkcs11js.mjs')]);
const missing = SoftHsm.missing();
const options = missing === undefined ? {} : { skip: `needs ${missing}` };
const nonce = new Uint8Array(32);

/** A site whose keys were made in a new token. */
function tokenSite(): { site: Site; soft: SoftHsm; pinFile: string; pkcs11: object } {
  const folder = mkdtempSync(join(tmpdir(), 'coffer-hsmd-token-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const soft = new SoftHsm(folder);
  // Processes of this test inherit it, and so does the module when it is loaded here.
  process.env.SOFTHSM2_CONF = soft.env.SOFTHSM2_CONF;
  const token = soft.create('site-a', '1234');
  const keyStore = Pkcs11KeyStore.generate(token, systemEntropy);
  const pkcs11 = { ...token };
  const site = new Site({ keyStore, config: { pkcs11 } });
  keyStore.close();
  return { site, soft, pinFile: token.pin.file, pkcs11 };
}

async function promised(host: Host, site: Site, round: bigint): Promise<void> {
  const reply = await host.ask({ type: 'promise', group: 0, t: { round, leaderId: 2 }, nonce });
  assert.ok(reply?.type === 'promised', reply?.type);
  const { statement, signature } = reply.promise;
  const fleet = decodeFleetDescriptor(readFileSync(site.path('fleet.json')));
  const key = fleet.members[0]?.key as Uint8Array;
  assert.ok(isEd25519Signature(key, promiseMessage(statement), signature), 'signed by the key in the descriptor');
}

async function roundOf(host: Host): Promise<bigint> {
  const position = await host.ask({ type: 'inspect', group: 0 });
  assert.ok(position?.type === 'inspected');
  return position.promised.round;
}

test('an HSM with its keys in a token serves, is killed, and goes on from what it had promised', options, async () => {
  const { site } = tokenSite();
  const { child, host } = await site.start();
  const described = await host.ask({ type: 'describe' });
  assert.ok(described?.type === 'described');
  assert.equal(described.platform, 'SIMULATED HARDWARE, keys in PKCS#11: SoftHSM v2');
  await promised(host, site, 3n);
  child.kill('SIGKILL');
  await ended(child);
  const again = await site.start();
  assert.equal(await roundOf(again.host), 3n);
  await promised(again.host, site, 4n);
  again.child.kill('SIGTERM');
  assert.deepEqual(await ended(again.child), { code: 0, err: '' });
});

test('a token that goes away stops the HSM before it signs, and with it back nothing is lost', options, async () => {
  const { site, soft } = tokenSite();
  const { child, host } = await site.start();
  await promised(host, site, 3n);
  const end = ended(child);
  renameSync(soft.tokens, `${soft.tokens}.away`);
  const reply = await host.ask({ type: 'promise', group: 0, t: { round: 9n, leaderId: 2 }, nonce });
  assert.deepEqual(reply, { type: 'refused', code: 'halted', message: 'halted' });
  const { code, err } = await end;
  // 3: a supervisor may start it again. What the token did not sign, nobody was told.
  assert.equal(code, 3);
  assert.match(err, /^hsmd: halted: [^\n]*token-failed\)\n$/);
  const without = await site.end();
  assert.equal(without.code, 3);
  assert.match(without.err, /\((no-token|no-module)\)\n$/);
  renameSync(`${soft.tokens}.away`, soft.tokens);
  const back = await site.start();
  assert.equal(await roundOf(back.host), 3n);
  await promised(back.host, site, 4n);
});

test(
  'wrong PIN, no PIN, wiped keys, a file in place of the token: each its exit code, and the state stays',
  options,
  async () => {
    const { site, soft, pinFile, pkcs11 } = tokenSite();
    const state = readFileSync(site.path('state.bin'));
    const endsWith = async (wanted: number, code: string, config = site.config): Promise<void> => {
      const { code: exit, err } = await site.end(config);
      assert.match(err, new RegExp(`\\(${code}\\)\\n$`));
      assert.equal(exit, wanted);
      assert.deepEqual(readFileSync(site.path('state.bin')), state);
    };
    writeFileSync(pinFile, '4321\n');
    await endsWith(2, 'wrong-pin');
    writeFileSync(pinFile, '');
    await endsWith(2, 'no-pin');
    writeFileSync(pinFile, '1234\n');
    await endsWith(2, 'bad-config', { ...site.config, keyStore: { pkcs11: { ...pkcs11, pin: '1234' } } });
    await endsWith(3, 'no-token', { ...site.config, keyStore: { pkcs11: { ...pkcs11, token: { label: 'other' } } } });
    // The keys of another token do not open this state.
    const other = soft.create('site-b', '1234');
    Pkcs11KeyStore.generate(other, systemEntropy).close();
    await endsWith(4, 'bad-state', { ...site.config, keyStore: { pkcs11: other } });
    await endsWith(4, 'bad-state', { ...site.config, keyStore: 'keys.bin' });
    const wiped = soft.create('site-c', '1234');
    await endsWith(4, 'no-key', { ...site.config, keyStore: { pkcs11: wiped } });
    const { child, host } = await site.start();
    await promised(host, site, 1n);
    child.kill('SIGTERM');
    assert.equal((await ended(child)).code, 0);
  },
);

test('three new HSMs make their keys in tokens, whatever the PIN comes from, and become a fleet', options, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'coffer-birth-token-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const soft = new SoftHsm(folder);
  const newborn = (site: string, pin: (file: string) => object, from: (file: string) => object): Newborn => {
    const token = soft.create(site, '1234');
    const keyStore = { pkcs11: { ...token, pin: pin(token.pin.file) } };
    return new Newborn(folder, site, { keyStore, env: soft.env, ...from(token.pin.file) });
  };
  const hsms = [
    newborn(
      'a',
      (file) => ({ file }),
      () => ({}),
    ),
    newborn(
      'b',
      () => ({ env: 'TOKEN_PIN' }),
      () => ({ env: { ...soft.env, TOKEN_PIN: '1234' } }),
    ),
    newborn(
      'c',
      () => ({ fd: 3 }),
      (file) => ({ fd3: () => openSync(file, 'r') }),
    ),
  ] as const;
  after(() => Promise.all(hsms.map((hsm) => hsm.kill())));
  const plan = { nonce: new Uint8Array(32).fill(1), groups: 1, budgetLimit: 10, rollbackTolerance: 0, quorum: 2 };
  const descriptions = [];
  for (const hsm of hsms) {
    await hsm.start();
    const { description } = await hsm.ask('birth.described', { type: 'birth.describe', nonce: plan.nonce });
    assert.equal(description.statement.platform, 'SIMULATED HARDWARE, keys in PKCS#11: SoftHSM v2');
    descriptions.push(description);
  }
  const birth = { plan, descriptions };
  await hsms[1].restart();
  const { descriptor, shares } = await hsms[0].ask('birth.generated', { type: 'birth.generate', birth });
  for (const i of [0, 1] as const) {
    const share = shares[i] as (typeof shares)[0];
    await hsms[i + 1]?.ask('birth.accepted', { type: 'birth.accept', birth, descriptor, share });
  }
  for (const hsm of hsms) {
    await hsm.kill();
    writeFileSync(hsm.path('fleet.json'), descriptor);
    await hsm.start({ fleet: 'fleet.json' });
  }
  // An identity in the token and no state: it was lost, and nothing makes it anew.
  await hsms[2].kill();
  rmSync(hsms[2].path('state.bin'));
  const lost = await hsms[2].run({ birth: { site: 'c' } });
  assert.equal(lost.code, 4);
  assert.match(lost.err, /\(no-state\)/);
});
