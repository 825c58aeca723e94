import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sleep } from '@coffer/base';
import { ClientError } from '@coffer/client';
import { systemTimers } from '@coffer/host';
import { demoWaiting } from '@coffer/transparency';
import { CliError } from '../cli-error.js';
import { type BackedUp, backUp, excluding } from '../commands/backup.js';
import { type Restored, restore } from '../commands/restore.js';
import { Account } from '../device/account.js';
import { type FleetLink, linkFleet } from '../device/fleet-link.js';
import type { FleetFolder } from '../fleet/folder.js';
import { issueToken } from '../fleet/issuer.js';
import { readSettings } from '../fleet/settings.js';
import { Output } from '../terminal/output.js';
import type { Terminal } from '../terminal/terminal.js';
import { type Hashes, hashFolder, isSame } from './hashes.js';
import { demoWaitingMs, type House } from './house.js';

/** Folders that hold nothing of a person's own: what is installed or built, and a running fleet. */
export const excludedNames: readonly string[] = ['node_modules', '.git', 'dist', '.coffer'];

/** How long a device goes on asking a fleet that is choosing new leaders. */
const patienceMs = 30_000;
const pauseMs = 250;

export const demoAccount = 'demo';

/** The story tells what its devices do. */
const silent = new Output(false, true);

/** One device of the demo's person: its own state folder, and the commands that a person would run. */
export class DemoDevice {
  readonly link: FleetLink;
  readonly #account: Account;
  readonly #store: string;
  readonly #state: string;
  readonly #dir: string;

  private constructor(link: FleetLink, account: Account, paths: { store: string; state: string; dir: string }) {
    this.link = link;
    this.#account = account;
    this.#store = paths.store;
    this.#state = paths.state;
    this.#dir = paths.dir;
  }

  /** @param name - of its state folder inside `root`; a name that was not used before is a new device. */
  static async open(folder: FleetFolder, root: string, name: string): Promise<DemoDevice> {
    const paths = { dir: folder.root, state: join(root, name), store: join(root, 'store') };
    const link = linkFleet({ dir: paths.dir });
    return new DemoDevice(link, await Account.open(link, demoAccount, paths.state, silent), paths);
  }

  /** A device that knows a trust root and no fleet. @param issuer - folder of the development issuer of tokens. */
  static async openOverTheAir(house: House, issuer: FleetFolder, root: string, name: string): Promise<DemoDevice> {
    const paths = { dir: issuer.root, state: join(root, name), store: join(root, 'store') };
    const settings = readSettings(issuer);
    const { namespace, origin } = house.trustRoot;
    const link: FleetLink = {
      fleets: {
        type: 'over-the-air',
        trustRoot: new Uint8Array(readFileSync(house.trustRootFile)),
        namespace,
        origin,
        waiting: demoWaiting(demoWaitingMs),
      },
      gatewayUrl: house.gatewayUrl,
      tenant: settings.tenant,
      token: (account) => issueToken(issuer, settings, settings.tenant, account),
    };
    return new DemoDevice(link, await Account.open(link, demoAccount, paths.state, silent), paths);
  }

  get account(): Account {
    return this.#account;
  }

  async backUp(path: string, password: string, budget: number): Promise<BackedUp> {
    const options = { ...this.#options, budget, recoveryKey: true, exclude: excludedNames };
    return patiently(() => backUp(this.#account, path, options, answering(password)));
  }

  async restore(to: string, password: string): Promise<Restored> {
    return patiently(() => restore(this.#account, { ...this.#options, to, overwrite: true }, answering(password)));
  }

  async restoreByRecoveryKey(to: string, recoveryKey: string): Promise<Restored> {
    return restore(this.#account, { ...this.#options, to, recoveryKey: true }, answering(recoveryKey));
  }

  close(): void {
    this.#account.close();
  }

  get #options() {
    return { account: demoAccount, dir: this.#dir, state: this.#state, store: this.#store };
  }
}

/** SHA-256 of what a backup of `path` holds. */
export function hashSource(path: string): Promise<Hashes> {
  return hashFolder(path, excluding(excludedNames));
}

/** Whether a restored folder is, file by file, what was backed up. */
export async function matches(expected: Hashes, restoredTo: string, { unsafeLinks }: Restored): Promise<boolean> {
  return isSame(expected, await hashFolder(restoredTo, () => false), unsafeLinks);
}

/** Makes the same call again while the fleet has no leader; that costs nothing and is safe at any point. */
export async function patiently<T>(call: () => Promise<T>): Promise<T> {
  for (const endMs = Date.now() + patienceMs; ; await sleep(systemTimers, pauseMs)) {
    try {
      return await call();
    } catch (error) {
      const isAway = error instanceof ClientError && (error.code === 'network' || error.code === 'unavailable');
      if (!isAway || Date.now() > endMs) throw error;
    }
  }
}

/** A person who knows one secret and answers every question with it. */
function answering(secret: string): Terminal {
  return {
    output: silent,
    prompts: {
      isInteractive: false,
      secret: async () => secret,
      newSecret: async () => secret,
      line: async () => {
        throw new CliError('usage', 'no-terminal', 'the demo answers no questions');
      },
      confirm: async () => false,
    },
  };
}
