import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { hex } from '@coffer/base';
import { privateFolderMode } from '@coffer/host';
import { type FleetDescriptor, vaultIdOf } from '@coffer/protocol';

/** Folder of this user's client state: `$XDG_STATE_HOME/coffer`, or where that points when it is not set. */
export function defaultStateFolder(): string {
  const base = process.env.XDG_STATE_HOME;
  return join(base !== undefined && base !== '' ? base : join(homedir(), '.local', 'state'), 'coffer');
}

/**
 * Folder of one account on one fleet, made when it is not there. Its name is a hash: a listing of the state folder shows
 * no account.
 */
export function accountStateFolder(root: string, fleet: FleetDescriptor, tenant: string, account: string): string {
  const name = createHash('sha256')
    .update(hex(fleet.configHash))
    .update(vaultIdOf(tenant, account))
    .digest('hex')
    .slice(0, 32);
  const folder = join(resolve(root), name);
  mkdirSync(folder, { recursive: true, mode: privateFolderMode });
  return folder;
}
