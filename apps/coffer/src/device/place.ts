import { createHash } from 'node:crypto';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { hex } from '@coffer/base';
import type { FleetChoice } from '@coffer/client';
import { makeFolders } from '@coffer/host';
import { vaultIdOf } from '@coffer/protocol';

/** Folder of this user's client state: `$XDG_STATE_HOME/coffer`, or where that points when it is not set. */
export function defaultStateFolder(): string {
  const base = process.env.XDG_STATE_HOME;
  return join(base !== undefined && base !== '' ? base : join(homedir(), '.local', 'state'), 'coffer');
}

/**
 * Folder of one account on one fleet, or on the fleets of one log, made when it is not there. Its name is a hash: a listing of the state folder shows
 * no account.
 */
export function accountStateFolder(root: string, fleets: FleetChoice, tenant: string, account: string): string {
  const name = createHash('sha256')
    .update(fleets.type === 'pinned' ? hex(fleets.fleet.configHash) : `${fleets.namespace}\n${fleets.origin}\n`)
    .update(vaultIdOf(tenant, account))
    .digest('hex')
    .slice(0, 32);
  const folder = join(resolve(root), name);
  makeFolders(folder);
  return folder;
}
