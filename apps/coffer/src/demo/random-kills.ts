import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { sleep } from '@coffer/base';
import { systemTimers } from '@coffer/host';
import { CliError } from '../cli-error.js';
import { FleetFolder } from '../fleet/folder.js';
import { openFleet, readyMs } from '../fleet/open-fleet.js';
import { type RunningFleet, waitUntil } from '../fleet/running-fleet.js';
import type { Output } from '../terminal/output.js';
import { DemoDevice, hashSource, matches, patiently } from './device.js';
import type { Hashes } from './hashes.js';
import { deleteReplica, isCaughtUp, killSite, startSite } from './sites.js';
import { catchUpMs, type OnRunning } from './story.js';

const password = 'correct horse battery staple';
const sites = 5;
const budget = 10;
/** A kill falls somewhere between the start of the recovery and this long after it: before, in and behind both messages. */
const killWithinMs = 900;

export interface RandomKillOptions {
  readonly root: string;
  readonly source: string;
  readonly onRunning: OnRunning;
  readonly runs: number;
  readonly seed: number;
}

/**
 * The demo's recovery, again and again: each time a new device restores, and at a random moment a random minority of the
 * sites dies, half of the time with its replica. A run is good when every file is right and no guess was lost.
 * @throws CliError `refused` when a run was not.
 */
export async function randomKills(output: Output, options: RandomKillOptions): Promise<void> {
  const { root, source, runs, seed } = options;
  const random = seeded(seed);
  output.say(`${runs} recoveries, seed ${seed}`);
  const folder = new FleetFolder(join(root, 'fleet'));
  const open = await openFleet({ folder, sites, restarts: false });
  options.onRunning({
    async kill() {
      await open.fleet.kill();
      await open.close();
    },
  });
  await open.fleet.ready(readyMs);
  const hashes = await hashSource(source);
  const phone = await DemoDevice.open(folder, root, 'phone');
  await phone.backUp(source, password, budget);
  phone.close();

  const tookMs: number[] = [];
  let good = 0;
  for (let run = 1; run <= runs; run++) {
    const outcome = await oneRun(open.fleet, { root, folder, hashes, random, run });
    if (outcome.isGood) good++;
    tookMs.push(outcome.tookMs);
    output.say(`${String(run).padStart(4)}  ${outcome.isGood ? 'ok  ' : 'FAIL'} ${outcome.what}`);
  }
  tookMs.sort((a, b) => a - b);
  const median = tookMs[Math.floor(tookMs.length / 2)] ?? 0;
  const slowest = tookMs.at(-1) ?? 0;
  output.done({ ok: good === runs, runs, good, seed, medianMs: median, slowestMs: slowest }, [
    `${good} of ${runs} recoveries succeeded; median ${median} ms, slowest ${slowest} ms; seed ${seed}`,
  ]);
  if (good !== runs) throw new CliError('refused', 'kills-failed', 'a recovery did not survive');
}

interface Run {
  readonly root: string;
  readonly folder: FleetFolder;
  readonly hashes: Hashes;
  readonly random: () => number;
  readonly run: number;
}

async function oneRun(fleet: RunningFleet, { root, folder, hashes, random, run }: Run) {
  const victims = shuffled(
    fleet.descriptor.members.map(({ id }) => id),
    random,
  ).slice(0, 1 + Math.floor(2 * random()));
  const losesReplica = random() < 0.5;
  const delayMs = Math.floor(killWithinMs * random());
  const to = join(root, 'restored');
  const name = `phone-${run}`;
  const startedMs = Date.now();
  const killing = sleep(systemTimers, delayMs).then(() =>
    Promise.all(victims.map((member) => killSite(fleet, member))),
  );
  let problem = '';
  const device = await DemoDevice.open(folder, root, name);
  try {
    const restored = await device.restore(to, password);
    if (!(await matches(hashes, to, restored))) problem = 'the files differ';
    await killing;
    const view = await patiently(() => device.account.client.status());
    if (view.budget !== budget) problem = `${view.budget} guesses left of ${budget}`;
  } catch (error) {
    problem = error instanceof Error ? error.message : 'failed';
  } finally {
    device.close();
  }
  const tookMs = Date.now() - startedMs;
  await killing;
  rmSync(to, { recursive: true, force: true });
  rmSync(join(root, name), { recursive: true, force: true });
  for (const member of victims) {
    if (losesReplica) deleteReplica(fleet, member);
    startSite(fleet, member);
  }
  for (const member of victims) {
    if (!(await waitUntil(() => isCaughtUp(fleet, member), catchUpMs))) problem ||= `site ${member} did not catch up`;
  }
  await fleet.ready(readyMs);
  const what = `${victims.length === 1 ? 'site' : 'sites'} ${victims.join(' and ')} killed after ${delayMs} ms${losesReplica ? ', replicas lost' : ''}; ${tookMs} ms`;
  return { isGood: problem === '', tookMs, what: problem === '' ? what : `${what}: ${problem}` };
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const rest = [...items];
  const mixed: T[] = [];
  while (rest.length > 0) mixed.push(...rest.splice(Math.floor(rest.length * random()), 1));
  return mixed;
}

/** mulberry32: enough randomness for a test plan, and the same plan again from the same seed. */
function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
