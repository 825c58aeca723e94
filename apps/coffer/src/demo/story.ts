import { join } from 'node:path';
import { groupOf, type VaultId } from '@coffer/protocol';
import { CliError } from '../cli-error.js';
import type { BackedUp } from '../commands/backup.js';
import { guesses } from '../device/unlocking.js';
import { FleetFolder } from '../fleet/folder.js';
import { type OpenFleet, openFleet, readyMs } from '../fleet/open-fleet.js';
import { type RunningFleet, waitUntil } from '../fleet/running-fleet.js';
import { plural, size } from '../terminal/output.js';
import { guessPastTheClient } from './attack.js';
import { DemoDevice, hashSource, matches, patiently } from './device.js';
import type { Hashes } from './hashes.js';
import type { Narrator } from './narrator.js';
import type { DemoResult } from './result.js';
import { deleteHsmState, deleteReplica, isCaughtUp, killSite, refusalOf, startSite } from './sites.js';

export const demoSteps = 7;
const sites = 5;
/** Guesses that the demo's registration allows. */
const budget = 5;
const password = 'correct horse battery staple';
/** How long a site may take to catch up. */
export const catchUpMs = 30_000;

type Say = (line: string) => void;

interface Backup extends BackedUp {
  readonly vaultId: VaultId;
  readonly hashes: Hashes;
}

interface Lost {
  /** Led the account's group; lost its replica and its HSM's state. */
  readonly leader: number;
  /** Lost its replica. */
  readonly other: number;
}

/** The demo in seven steps. Its caller owns the folder, and whatever `onFleet` was told about. */
export class Story {
  readonly #narrator: Narrator;
  readonly #root: string;
  readonly #folder: FleetFolder;

  /** @param root - an empty folder for fleet, store, devices and restored files. */
  constructor(narrator: Narrator, root: string) {
    this.#narrator = narrator;
    this.#root = root;
    this.#folder = new FleetFolder(join(root, 'fleet'));
  }

  async tell(source: string, onFleet: (open: OpenFleet) => void): Promise<DemoResult> {
    const startedMs = Date.now();
    const narrator = this.#narrator;
    const fleet = await narrator.step('A fleet of five sites', (say) => this.#start(onFleet, say));
    const backup = await narrator.step('Back up under a password', (say) => this.#backUp(source, say));
    const lost = await narrator.step('Lose two of the five sites', (say) => loseSites(fleet, backup.vaultId, say));
    const filesMatch = await narrator.step('A new phone, the password, nothing else', (say) =>
      this.#restore(fleet, backup, say),
    );
    const caughtUp = await narrator.step('The two sites come back', (say) => bringBack(fleet, lost, say));
    const thief = await narrator.step('A thief guesses', (say) => this.#spendGuesses(say));
    const byKey = await narrator.step('The recovery key', (say) => this.#restoreByKey(backup, say));
    return {
      ok: filesMatch && caughtUp && thief.wrongGuesses === budget && thief.destroyed && byKey,
      files: backup.files,
      bytes: backup.bytes,
      sites: fleet.descriptor.members.length,
      killed: 2,
      restored: true,
      filesMatch,
      caughtUp,
      ...thief,
      restoredByRecoveryKey: byKey,
      seconds: Math.round((Date.now() - startedMs) / 100) / 10,
    };
  }

  async #start(onFleet: (open: OpenFleet) => void, say: Say): Promise<RunningFleet> {
    const open = await openFleet({ folder: this.#folder, sites, restarts: false });
    onFleet(open);
    await open.fleet.ready(readyMs);
    const { members, quorum, groups } = open.fleet.descriptor;
    say(
      `${members.length} HSM processes (SIMULATED HARDWARE), ${members.length} agents with a replica each, one gateway`,
    );
    say(
      `any ${quorum} of the ${members.length} HSMs decide; the key space has ${groups} groups, each led by one of them`,
    );
    return open.fleet;
  }

  async #backUp(source: string, say: Say): Promise<Backup> {
    const hashes = await hashSource(source);
    return this.#on('phone', async (phone) => {
      const made = await phone.backUp(source, password, budget);
      say(
        `${plural(made.files, 'file')}, ${size(made.bytes)}; ${size(made.storedBytes)} of ciphertext in the backup store`,
      );
      say(`the key is in the vault, ${guesses(budget)} allowed; a 64-digit recovery key is the second way`);
      return { ...made, hashes, vaultId: phone.account.vaultId };
    });
  }

  async #restore(fleet: RunningFleet, { hashes, vaultId }: Backup, say: Say): Promise<boolean> {
    const to = join(this.#root, 'restored');
    return this.#on('new-phone', async (phone) => {
      const restored = await phone.restore(to, password);
      const isSame = await matches(hashes, to, restored);
      const leader = await fleet.leaderOf(groupOf(vaultId, fleet.descriptor.groups));
      say(`site ${leader ?? '?'} leads now; ${plural(restored.files, 'file')} restored, and the guess was given back`);
      say(isSame ? 'every SHA-256 is the one that was backed up' : 'THE FILES DIFFER from what was backed up');
      const unsafe = restored.unsafeLinks.length;
      if (unsafe > 0) say(`not made again: ${plural(unsafe, 'link')} that would lead out of the restored folder`);
      return isSame;
    });
  }

  async #spendGuesses(say: Say): Promise<{ wrongGuesses: number; destroyed: boolean }> {
    return this.#on('stolen-phone', async (phone) => {
      const { client } = phone.account;
      let wrongGuesses = 0;
      for (;;) {
        const outcome = await patiently(() => client.unlock(`not the password ${wrongGuesses}`));
        if (outcome.type !== 'wrong-password') break;
        wrongGuesses++;
        if (outcome.budget === 0) break;
      }
      say(`${plural(wrongGuesses, 'wrong password')}, and no guess is left`);
      const refused = await client.unlock(password);
      say(`the right password now: ${refused.type}; this client does not even send it`);
      const reply = await guessPastTheClient(phone, password);
      say(`sent all the same, past the client: a majority of the HSMs answers "${reply.type}"`);
      const after = await client.unlock(password);
      say(`and from then on: ${after.type}`);
      const destroyed = refused.type === 'locked-out' && reply.type === 'destroyed' && after.type === 'destroyed';
      return { wrongGuesses, destroyed };
    });
  }

  async #restoreByKey({ hashes, recoveryKey }: Backup, say: Say): Promise<boolean> {
    const to = join(this.#root, 'restored-by-key');
    return this.#on('third-phone', async (phone) => {
      const restored = await phone.restoreByRecoveryKey(to, recoveryKey ?? '');
      const isSame = await matches(hashes, to, restored);
      say(isSame ? 'the vault is gone, the backup is not: every file is back once more' : 'THE FILES DIFFER');
      return isSame;
    });
  }

  /** Does something on a device. A name that was not used before is a new device, with an empty state folder. */
  async #on<T>(name: string, run: (device: DemoDevice) => Promise<T>): Promise<T> {
    const device = await DemoDevice.open(this.#folder, this.#root, name);
    try {
      return await run(device);
    } finally {
      device.close();
    }
  }
}

async function loseSites(fleet: RunningFleet, vaultId: VaultId, say: Say): Promise<Lost> {
  const leader = await fleet.leaderOf(groupOf(vaultId, fleet.descriptor.groups));
  if (leader === undefined) throw new CliError('unavailable', 'no-leader', 'nobody leads the group of the account');
  const other = (leader % fleet.descriptor.members.length) + 1;
  await Promise.all([killSite(fleet, leader), killSite(fleet, other)]);
  for (const member of [leader, other]) deleteReplica(fleet, member);
  deleteHsmState(fleet, leader);
  say(`site ${leader}, which led this account's group: SIGKILL; its replica and its HSM's state deleted`);
  say(`site ${other}: SIGKILL; its replica deleted`);
  return { leader, other };
}

async function bringBack(fleet: RunningFleet, { leader, other }: Lost, say: Say): Promise<boolean> {
  startSite(fleet, other);
  const caughtUp = await waitUntil(() => isCaughtUp(fleet, other), catchUpMs);
  say(`site ${other}: ${caughtUp ? 'has caught up from the others, and votes again' : 'HAS NOT CAUGHT UP'}`);
  const refusal = await refusalOf(fleet, leader);
  say(`site ${leader}: ${refusal ?? 'ITS HSM STARTED without its state'}`);
  return caughtUp && refusal !== undefined;
}
