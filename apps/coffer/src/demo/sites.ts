import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { sleep } from '@coffer/base';
import { exitCodes, systemTimers } from '@coffer/host';
import type { RunningFleet } from '../fleet/running-fleet.js';

/** How long an HSM may take to say that it does not start. */
const refusalMs = 10_000;

/** A power cut at one site: HSM and agent die in the middle of whatever they were doing. */
export async function killSite(fleet: RunningFleet, member: number): Promise<void> {
  await Promise.all([fleet.hsmd(member).kill(), fleet.agentd(member).kill()]);
}

/** Deletes all that the site's replica held. */
export function deleteReplica(fleet: RunningFleet, member: number): void {
  const { replicaFolder } = fleet.folder.site(member);
  for (const name of readdirSync(replicaFolder)) rmSync(join(replicaFolder, name), { recursive: true });
}

/** Deletes what the site's HSM remembers. Its keys stay: it still has its identity. */
export function deleteHsmState(fleet: RunningFleet, member: number): void {
  rmSync(fleet.folder.site(member).state);
}

export function startSite(fleet: RunningFleet, member: number): void {
  fleet.hsmd(member).start();
  fleet.agentd(member).start();
}

/** Whether a site's HSM votes again and its replica holds everything that is certified anywhere else. */
export async function isCaughtUp(fleet: RunningFleet, member: number): Promise<boolean> {
  const statuses = await fleet.statuses();
  const own = statuses[member - 1];
  if (own === undefined || own.hsm !== 'up' || own.alarms.length > 0) return false;
  return own.groups.every((group) =>
    statuses.every((other) => {
      const theirs = other?.groups.find((g) => g.group === group.group);
      const goal = BigInt(theirs?.certifiedIndex ?? 0);
      return BigInt(group.index) >= goal && BigInt(group.replicaIndex) >= goal && BigInt(group.certifiedIndex) >= goal;
    }),
  );
}

/** Starts the HSM of a site that must not start. @returns why it does not; undefined when it does run. */
export async function refusalOf(fleet: RunningFleet, member: number): Promise<string | undefined> {
  const daemon = fleet.hsmd(member);
  daemon.start();
  const exit = await Promise.race([daemon.exited(), sleep(systemTimers, refusalMs)]);
  return exit?.code === exitCodes.hsmRefuses ? exit.message.replace(/^hsmd: /, '') : undefined;
}
