import { FileLock, HostError, makeFolders } from '@coffer/host';
import { CliError } from '../cli-error.js';
import { createFleet, isFleet, plainShape } from './create.js';
import type { ExitListener } from './daemon.js';
import type { FleetFolder } from './folder.js';
import { RunningFleet } from './running-fleet.js';
import { readSettings } from './settings.js';

/** How long a fleet may take until every group is led. */
export const readyMs = 30_000;

export interface OpenFleetOptions {
  readonly folder: FleetFolder;
  /** Sites of a fleet that is made now; undefined for the default. */
  readonly sites: number;
  readonly restarts: boolean;
  readonly onExit?: ExitListener;
  /** Told when the fleet is being made, not just started. */
  readonly onCreate?: () => void;
}

/** A fleet that runs, and whose folder nobody else runs. */
export interface OpenFleet {
  readonly fleet: RunningFleet;
  /** Stops everything and lets go of the folder. */
  close(): Promise<void>;
}

/**
 * Makes the fleet of a folder if there is none, and starts it. It is not ready yet.
 * @throws CliError `usage`; `unavailable` when another process runs it.
 */
export async function openFleet(options: OpenFleetOptions): Promise<OpenFleet> {
  const { folder, sites, onCreate } = options;
  makeFolders(folder.root);
  const lock = lockFolder(folder);
  try {
    if (!isFleet(folder)) {
      onCreate?.();
      await createFleet(folder, plainShape(sites));
    }
    const fleet = await RunningFleet.start(options);
    return {
      fleet,
      async close() {
        await fleet.stop();
        lock.release();
      },
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** @throws CliError `unavailable` while another process works on this fleet. */
export function lockFolder(folder: FleetFolder): FileLock {
  try {
    return FileLock.acquire(folder.lock);
  } catch (cause) {
    if (!(cause instanceof HostError) || cause.code !== 'in-use') throw cause;
    const where = isFleet(folder) ? `; its gateway is on port ${readSettings(folder).ports.gateway}` : '';
    throw new CliError('unavailable', 'already-up', `the fleet in ${folder.root} is up already${where}`, { cause });
  }
}
