import { join } from 'node:path';
import { equalBytes, hex } from '@coffer/base';
import { groupOf, type VaultId } from '@coffer/protocol';
import { demoWaiting, type FleetStatus } from '@coffer/transparency';
import { CliError } from '../cli-error.js';
import type { BackedUp } from '../commands/backup.js';
import { guesses } from '../device/unlocking.js';
import { ceremonyOf } from '../fleet/ceremony.js';
import { FleetFolder } from '../fleet/folder.js';
import { builtImage, provenance } from '../fleet/image.js';
import { fleetPlanSchema } from '../fleet/plan.js';
import { type RunningFleet, waitUntil } from '../fleet/running-fleet.js';
import { plural, size } from '../terminal/output.js';
import { guessPastTheClient } from './attack.js';
import { auditHouse, type DemoAudit } from './audit.js';
import { DemoDevice, hashSource, matches, patiently } from './device.js';
import type { Hashes } from './hashes.js';
import { demoWaitingMs, House, witnessCount } from './house.js';
import type { Narrator } from './narrator.js';
import type { DemoResult } from './result.js';
import { deleteHsmState, deleteReplica, isCaughtUp, killSite, refusalOf, startSite } from './sites.js';

export const demoSteps = 12;
const sites = 5;
/** Guesses that the demo's registration allows, and its fleets at the most. */
const budget = 5;
const password = 'correct horse battery staple';
/** How long a site may take to catch up. */
export const catchUpMs = 30_000;

type Say = (line: string) => void;
/** Hears of everything that has to be stopped at the end. */
export type OnRunning = (running: { kill(): Promise<unknown> }) => void;

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

/** The demo in twelve steps. Its caller owns the folder, and whatever `onRunning` was told about. */
export class Story {
  readonly #narrator: Narrator;
  readonly #root: string;
  readonly #onRunning: OnRunning;
  #image: string | undefined;

  /** @param root - an empty folder for fleets, keys, store, devices and restored files. */
  constructor(narrator: Narrator, root: string, onRunning: OnRunning) {
    this.#narrator = narrator;
    this.#root = root;
    this.#onRunning = onRunning;
  }

  async tell(source: string): Promise<DemoResult> {
    const startedMs = Date.now();
    const step = <T>(title: string, run: (say: Say) => Promise<T>): Promise<T> => this.#narrator.step(title, run);
    const house = await step('An auditor, a public log, three witnesses', (say) => this.#openHouse(say));
    const first = await step('A fleet of five sites is born', (say) => this.#bear(house, 'fleet-1', say));
    const phones = new Phones(this.#root, house, first.folder);
    await step('Its keys are published', (say) => publish(house, [[first, 'serving']], say));
    const backup = await step('Back up under a password', (say) => backUp(phones, source, say));
    const second = await step('A second fleet, no new app', async (say) => {
      const fleet = await this.#bear(house, 'fleet-2', say);
      await publish(
        house,
        [
          [first, 'draining'],
          [fleet, 'serving'],
        ],
        say,
      );
      return fleet;
    });
    const moved = await step('The phone unlocks, and has moved', (say) => move(house, phones, first, second, say));
    const audit = await step('A stranger checks everything', (say) => audited(house, say));
    const lost = await step('Lose two of the five sites', (say) => loseSites(second, backup.vaultId, say));
    const filesMatch = await step('A new phone, the password, nothing else', (say) =>
      this.#restore(phones, second, backup, say),
    );
    const caughtUp = await step('The two sites come back', (say) => bringBack(second, lost, say));
    const thief = await step('A thief guesses', (say) => spendGuesses(phones, say));
    const byKey = await step('The recovery key', (say) => this.#restoreByKey(phones, backup, say));
    const isSafe = thief.wrongGuesses === budget && thief.destroyed;
    return {
      ok: moved && audit.ok && filesMatch && caughtUp && isSafe && byKey,
      files: backup.files,
      bytes: backup.bytes,
      sites: second.descriptor.members.length,
      killed: 2,
      restored: true,
      filesMatch,
      caughtUp,
      ...thief,
      restoredByRecoveryKey: byKey,
      epochs: audit.epochs,
      movedToNewFleet: moved,
      auditOk: audit.ok,
      evidence: audit.evidence,
      seconds: Math.round((Date.now() - startedMs) / 100) / 10,
    };
  }

  async #openHouse(say: Say): Promise<House> {
    const house = await House.open(join(this.#root, 'house'), this.#onRunning);
    say(`an auditor that signs what it has checked, and logs it; ${witnessCount} witnesses that cosign the log`);
    say('clients get one thing: a trust root that names these. No client knows any fleet');
    return house;
  }

  /** A ceremony, with real HSM processes. */
  async #bear(house: House, name: string, say: Say): Promise<RunningFleet> {
    const folder = new FleetFolder(join(this.#root, name));
    this.#image ??= builtImage();
    const image = this.#image;
    let fleet: RunningFleet | undefined;
    const { evidence } = await ceremonyOf({
      folder,
      image,
      ...provenance(image),
      plan: fleetPlanSchema.parse({
        sites: Array.from({ length: sites }, (_, i) => `site-${i + 1}`),
        budgetLimit: budget,
        operator: house.seedFile('operator'),
        witnesses: [house.seedFile('ceremony-witness')],
      }),
      onDaemon: this.#onRunning,
      onRunning: (running) => {
        fleet = running;
        this.#onRunning(running);
      },
    });
    if (fleet === undefined) throw new CliError('unavailable', 'no-fleet', 'no fleet runs after the ceremony');
    // From here on the one gateway that clients know is in front of it.
    await fleet.gatewayd().stop();
    const { members, quorum, groups, configHash } = fleet.descriptor;
    say(
      `${members.length} HSM processes (SIMULATED HARDWARE) made their own keys; one drew the secrets, sealed to the others`,
    );
    say(`any ${quorum} of the ${members.length} decide; ${groups} groups, each led by one of them`);
    say(`every HSM was tried: ${guesses(budget)}, then the right password was refused`);
    say(
      `fleet ${hex(configHash).slice(0, 16)}…, evidence ${hex(evidence.digest).slice(0, 16)}…, ${evidence.files.size} files`,
    );
    return fleet;
  }

  async #restore(phones: Phones, fleet: RunningFleet, { hashes, vaultId }: Backup, say: Say): Promise<boolean> {
    const to = join(this.#root, 'restored');
    return phones.use('new-phone', async (phone) => {
      const restored = await phone.restore(to, password);
      const isSame = await matches(hashes, to, restored);
      const leader = await fleet.leaderOf(groupOf(vaultId, fleet.descriptor.groups));
      say(`site ${leader ?? '?'} leads now; ${plural(restored.files, 'file')} restored, and the guess was given back`);
      say(isSame ? 'every SHA-256 is the one that was backed up' : 'THE FILES DIFFER from what was backed up');
      const unsafe = restored.unsafeLinks.length;
      if (unsafe > 0) say(`not made again: ${plural(unsafe, 'link')} that would lead out of the restored folder`);
      return isSame && isOn(phone, fleet);
    });
  }

  async #restoreByKey(phones: Phones, { hashes, recoveryKey }: Backup, say: Say): Promise<boolean> {
    const to = join(this.#root, 'restored-by-key');
    return phones.use('third-phone', async (phone) => {
      const restored = await phone.restoreByRecoveryKey(to, recoveryKey ?? '');
      const isSame = await matches(hashes, to, restored);
      say(isSame ? 'the vault is gone, the backup is not: every file is back once more' : 'THE FILES DIFFER');
      return isSame;
    });
  }
}

/** The person's devices. Each knows the trust root, the address of a gateway and how to get a token. */
class Phones {
  readonly #root: string;
  readonly #house: House;
  readonly #issuer: FleetFolder;

  constructor(root: string, house: House, issuer: FleetFolder) {
    this.#root = root;
    this.#house = house;
    this.#issuer = issuer;
  }

  /** Does something on a device. A name that was not used before is a new device, with an empty state folder. */
  async use<T>(name: string, run: (device: DemoDevice) => Promise<T>): Promise<T> {
    const device = await DemoDevice.openOverTheAir(this.#house, this.#issuer, this.#root, name);
    try {
      return await run(device);
    } finally {
      device.close();
    }
  }
}

const isOn = (phone: DemoDevice, fleet: RunningFleet): boolean =>
  equalBytes(phone.account.vault.fleet.configHash, fleet.descriptor.configHash);

async function publish(house: House, fleets: readonly [RunningFleet, FleetStatus][], say: Say): Promise<void> {
  await house.publish(fleets.map(([fleet, status]) => ({ fleet, status })));
  say(`epoch ${house.epochs}: the auditor recomputed the evidence, signed, and logged it; the operator counter-signed`);
  say('two of three witnesses cosigned the log; the gateway hands the bundle to clients with its answers');
  say(`clients wait before they take a new fleet: ${demoWaiting(demoWaitingMs).name}`);
}

async function backUp(phones: Phones, source: string, say: Say): Promise<Backup> {
  const hashes = await hashSource(source);
  return phones.use('phone', async (phone) => {
    const made = await phone.backUp(source, password, budget);
    say(
      `${plural(made.files, 'file')}, ${size(made.bytes)}; ${size(made.storedBytes)} of ciphertext in the backup store`,
    );
    say('the phone verified fleet and log by itself, from the trust root alone');
    say(`the key is in the vault, ${guesses(budget)} allowed; a 64-digit recovery key is the second way`);
    return { ...made, hashes, vaultId: phone.account.vaultId };
  });
}

/** The next unlock of a phone that knows nothing of all this; then the old fleet is not needed any more. */
async function move(
  house: House,
  phones: Phones,
  first: RunningFleet,
  second: RunningFleet,
  say: Say,
): Promise<boolean> {
  const hasMoved = await phones.use('phone', async (phone) => {
    const outcome = await patiently(() => phone.account.client.unlock(password));
    if (outcome.type !== 'unlocked') throw new CliError('refused', 'not-unlocked', `the phone got ${outcome.type}`);
    outcome.backupKey.fill(0);
    const isMoved = outcome.isMoved && isOn(phone, second) && outcome.receipts.length > 0;
    say(
      isMoved
        ? 'the same app: it got the new keys with its answer, verified them, and moved its vault'
        : 'IT HAS NOT MOVED',
    );
    say(`${plural(outcome.receipts.length, 'erasure receipt')} from the first fleet; nobody was asked anything`);
    return isMoved;
  });
  // A fleet is listed as long as it holds records, and this one holds none any more.
  await house.publish([{ fleet: second, status: 'serving' }]);
  await first.kill();
  say(`epoch ${house.epochs} does not list the first fleet any more, and it is switched off`);
  return hasMoved;
}

async function audited(house: House, say: Say): Promise<DemoAudit> {
  const audit = await auditHouse(house);
  say(`${plural(audit.epochs, 'epoch')}: the whole tree, every signature, cosignature and artifact recomputed`);
  say(`${plural(audit.items, 'item')} of evidence recomputed: ${audit.evidence}`);
  say(audit.ok ? 'nothing is in doubt' : `IN DOUBT: ${audit.doubts.join(', ')}`);
  return audit;
}

async function spendGuesses(phones: Phones, say: Say): Promise<{ wrongGuesses: number; destroyed: boolean }> {
  return phones.use('stolen-phone', async (phone) => {
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
