import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Phone, protectedOnA, publishB, Service, unlockedOr, warningTypes } from './fleets-harness.js';
import { PowerCut } from './harness.js';

/**
 * The crash matrix of a fleet move: the device stops before and after each save and each message, and starts again. At
 * every step some fleet holds the key under the password; in the end only the newest does.
 */

/** The device stops at step `cutAt` and stays stopped. At each step before, the key is on some fleet. */
function cutting(phone: Phone, service: Service, cutAt: number): () => number {
  let step = 0;
  phone.at = () => {
    const live = ['A', 'B'].filter((name) => service.of(name).vault.live !== undefined);
    assert.notEqual(live.length, 0, `step ${step}: nobody holds the key`);
    if (step >= cutAt) throw new PowerCut();
    step++;
  };
  return () => step;
}

/** Runs `run` until the power goes. @returns whether it went. */
async function untilCut(phone: Phone, service: Service, cutAt: number, run: () => Promise<unknown>): Promise<boolean> {
  const steps = cutting(phone, service, cutAt);
  try {
    await run();
  } catch (error) {
    const cut = error instanceof PowerCut || (error instanceof Error && error.cause instanceof PowerCut);
    assert.ok(cut, String(error));
  }
  phone.at = () => undefined;
  return steps() >= cutAt;
}

function ended(service: Service, what: string): void {
  const [a, b] = [service.of('A').vault, service.of('B').vault];
  assert.deepEqual([a.state, b.state, b.pending, b.budget], ['erased', 'live', undefined, 3], what);
}

/** Steps between two cuts: all of them where somebody waits for it (`COFFER_ALL_CUTS=1`). */
const strideOf = (stride: number): number => (process.env.COFFER_ALL_CUTS === undefined ? stride : 1);

/** Every `stride`th cut of one unlock that moves, then `after`. @returns how many steps there are. */
async function matrix(
  stride: number,
  first: number,
  after: (phone: Phone, service: Service, what: string) => Promise<void>,
): Promise<number> {
  for (let cutAt = stride === 1 ? 0 : first; ; cutAt += stride) {
    const { service, phone } = await protectedOnA('1234', 3, new Service(['A', 'B']));
    publishB(service);
    const cut = await untilCut(phone, service, cutAt, async () => (await phone.open()).unlock('1234'));
    await after(phone, service, `cut at ${cutAt}`);
    ended(service, `cut at ${cutAt}`);
    if (!cut) return cutAt;
  }
}

test('crash matrix: the next unlocks finish the move', async () => {
  const steps = await matrix(1, 0, async (phone) => {
    const vault = await phone.open();
    unlockedOr(await vault.unlock('1234'));
    assert.deepEqual(warningTypes(unlockedOr(await vault.unlock('1234'))), []);
  });
  assert.ok(steps >= 40, `${steps} steps`);
});

test('crash matrix: the app resumes at its start, as it should, and unlocks later', async () => {
  await matrix(strideOf(5), 0, async (phone) => {
    const vault = await phone.open();
    await vault.resume();
    unlockedOr(await vault.unlock('1234'));
    unlockedOr(await vault.unlock('1234'));
    assert.deepEqual(warningTypes(await vault.status()), []);
  });
});

test('crash matrix: the device is lost, and a new one recovers', async () => {
  await matrix(strideOf(5), 1, async (_, service) => {
    const vault = await new Phone(service).open();
    unlockedOr(await vault.unlock('1234'));
    unlockedOr(await vault.unlock('1234'));
  });
});

test('crash matrix: another device moves before the first comes back', async () => {
  await matrix(strideOf(5), 2, async (phone, service, what) => {
    unlockedOr(await (await new Phone(service).open()).unlock('1234'));
    const vault = await phone.open();
    await vault.resume();
    unlockedOr(await vault.unlock('1234'));
    assert.deepEqual(warningTypes(unlockedOr(await vault.unlock('1234'))), [], what);
  });
});

test('crash matrix: a second power cut while the first is being made up for', async () => {
  let cuts = 0;
  await matrix(strideOf(5), 3, async (phone, service) => {
    for (const next of [7 * cuts + 3, 5 * cuts + 11, 3 * cuts + 19].map((step) => step % 37)) {
      await untilCut(phone, service, next, async () => {
        const vault = await phone.open();
        await vault.resume();
        await vault.unlock('1234');
      });
    }
    cuts++;
    const vault = await phone.open();
    unlockedOr(await vault.unlock('1234'));
    unlockedOr(await vault.unlock('1234'));
  });
});
