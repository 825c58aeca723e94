import assert from 'node:assert/strict';
import test from 'node:test';
import { u64be, utf8 } from '@coffer/base';
import { sha256 } from '@coffer/crypto';
import { TestFleet, type TestSite } from './fleet.js';

/** Numbers below `below`, the same for the same seed. */
function dice(seed: string): (below: number) => number {
  let counter = 0n;
  return (below) => {
    const [a = 0, b = 0, c = 0] = sha256(utf8(seed), u64be(counter++));
    return ((a << 16) | (b << 8) | c) % below;
  };
}

/** Sites fail and come back, networks part and heal, HSMs restart, while clients ask. Never more than a minority is gone. */
async function chaos(seed: string, sites: number, rounds: number, lossy = false): Promise<void> {
  const fleet = await TestFleet.start({ sites, groups: 2, seed, tuning: { windowEntries: 8 } });
  const roll = dice(seed);
  if (lossy) fleet.trouble = dice(`${seed} network`);
  const minority = Math.floor((sites - 1) / 2);
  const down = new Set<TestSite>();
  const accounts = [...fleet.accounts(4, 0), ...fleet.accounts(4, 1)];
  let committed = 0;

  for (let round = 0; round < rounds; round++) {
    const site = fleet.site(1 + roll(sites));
    const mayFail = !down.has(site) && down.size < minority;
    const event = roll(10);
    if (event === 0 && mayFail) {
      site.kill();
      down.add(site);
    } else if (event === 1 && mayFail) {
      site.kill();
      site.loseReplica();
      down.add(site);
    } else if (event === 2 && mayFail) {
      fleet.isolate(site.memberId);
    } else if (event === 3) {
      fleet.heal();
    } else if (event === 4 && !down.has(site)) {
      site.bootHsm();
    } else if (event >= 5) {
      for (const back of down) await back.restart();
      // A replica that was lost counts as gone until it is whole again.
      fleet.heal();
      if (down.size > 0) assert.ok(await fleet.converged(0, 30_000), `${seed}: group 0 after round ${round}`);
      down.clear();
    }
    const asking = fleet.sites
      .filter(({ agent }) => agent !== undefined)
      .flatMap((to) =>
        [0, 1, 2].map(() => fleet.ask(to, accounts[roll(accounts.length)] as string, { type: 'status' })),
      );
    await fleet.time.run(roll(3_000));
    for (const answer of await fleet.time.finish(Promise.all(asking))) if (answer.type === 'committed') committed++;
  }

  fleet.heal();
  fleet.trouble = undefined;
  for (const site of down) await site.restart();
  for (const account of accounts) await fleet.serve(account);
  for (const group of [0, 1]) assert.ok(await fleet.converged(group, 60_000), `${seed}: group ${group} converges`);
  assert.ok(committed > 0, `${seed}: nothing was committed meanwhile`);
  await fleet.stop();
}

const seeds = Number(process.env.COFFER_CHAOS_SEEDS ?? 1);
const first = Number(process.env.COFFER_CHAOS_FIRST ?? 0);
for (let i = first; i < first + seeds; i++) {
  test(`three sites, seed ${i}`, () => chaos(`three ${i}`, 3, 12));
  test(`five sites, seed ${i}`, () => chaos(`five ${i}`, 5, 12));
  test(`five sites, lossy network, seed ${i}`, () => chaos(`lossy ${i}`, 5, 12, true));
}
