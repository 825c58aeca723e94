import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { sha256 } from '@coffer/crypto';
import { verifyBirthDescription } from '@coffer/protocol';
import { Newborn } from './newborn.js';

const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const root = mkdtempSync(join(tmpdir(), 'coffer-birth-'));
after(() => rmSync(root, { recursive: true, force: true }));

test('three new hsmd processes become a fleet, and each goes on as a member', async () => {
  const hsms = ['a', 'b', 'c'].map((site) => new Newborn(root, site));
  after(() => Promise.all(hsms.map((hsm) => hsm.kill())));
  await Promise.all(hsms.map((hsm) => hsm.start()));
  const plan = { nonce: new Uint8Array(32).fill(1), groups: 1, budgetLimit: 10, rollbackTolerance: 0, quorum: 2 };
  const descriptions = [];
  for (const hsm of hsms) {
    const reply = await hsm.ask('birth.described', { type: 'birth.describe', nonce: plan.nonce });
    const { site, platform, image } = verifyBirthDescription(reply.description);
    assert.deepEqual([site, platform], [hsm.site, 'SIMULATED HARDWARE']);
    assert.deepEqual(image, sha256(readFileSync(main)), 'the program that it was started from');
    assert.equal(statSync(hsm.path('keys.bin')).mode & 0o777, 0o600);
    descriptions.push(reply.description);
  }
  const birth = { plan, descriptions };
  // A restart before the birth changes nothing: the same HSM answers.
  await hsms[1]?.restart();
  const [first, ...others] = hsms as [Newborn, Newborn, Newborn];
  const { descriptor, shares } = await first.ask('birth.generated', { type: 'birth.generate', birth });
  for (const [i, hsm] of others.entries()) {
    const share = shares[i] as (typeof shares)[0];
    await hsm.ask('birth.accepted', { type: 'birth.accept', birth, descriptor, share });
  }
  for (const hsm of hsms) {
    const again = await hsm.call({ type: 'birth.describe', nonce: plan.nonce });
    assert.equal('code' in again && again.code, 'already-member');
    writeFileSync(hsm.path('fleet.json'), descriptor);
    await hsm.kill();
    const refused = await hsm.run({ birth: { site: hsm.site } });
    assert.equal(refused.code, 4);
    assert.match(refused.err, /already-member/);
    await hsm.start({ fleet: 'fleet.json' });
  }
});

test('an identity whose state is gone is never initialised again', async () => {
  const hsm = new Newborn(root, 'lost');
  after(() => hsm.kill());
  await hsm.start();
  await hsm.kill();
  rmSync(hsm.path('state.bin'));
  const { code, err } = await hsm.run({ birth: { site: 'lost' } });
  assert.equal(code, 4);
  assert.match(err, /no-state/);
  assert.equal(existsSync(hsm.path('state.bin')), false);
});

test('a configuration names a fleet or a birth, not both and not neither', async () => {
  const hsm = new Newborn(root, 'both');
  for (const part of [{}, { fleet: 'fleet.json', birth: { site: 'both' } }, { birth: { site: 'Not a site' } }]) {
    assert.equal((await hsm.run(part)).code, 2);
  }
  assert.equal(existsSync(hsm.path('keys.bin')), false);
});
