import { createHash } from 'node:crypto';
import { lstatSync, rmSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { makeFolders } from '@coffer/host';
import { CliError } from '../cli-error.js';
import type { SiteFolder } from './folder.js';

/** What fits `sun_path` on every system. */
const pathBytesMax = 103;

/**
 * Where the socket of a site's HSM is: in its folder, or, where that path is too long for a socket, in a folder of this
 * user's in the system's temporary one, named after the site's.
 */
export function socketPath(site: SiteFolder): string {
  const path = pathOf(site);
  if (path === site.socket) return path;
  const folder = dirname(path);
  makeFolders(folder);
  const { mode, uid } = lstatSync(folder);
  // Anyone can make a folder of this name there first, and would then own the way to the HSM.
  if ((mode & 0o077) !== 0 || uid !== userInfo().uid) {
    throw new CliError('unavailable', 'socket-folder', `${folder} belongs to somebody else`);
  }
  return path;
}

/** Removes the folder outside of the site's that {@link socketPath} made, if it made one. The HSM has stopped. */
export function releaseSocketPath(site: SiteFolder): void {
  const path = pathOf(site);
  if (path !== site.socket) rmSync(dirname(path), { recursive: true, force: true });
}

function pathOf(site: SiteFolder): string {
  if (fits(site.socket)) return site.socket;
  const name = createHash('sha256').update(site.root).digest('hex').slice(0, 16);
  const path = [tmpdir(), '/tmp'].map((root) => join(root, `coffer-${name}`, 'hsm.sock')).find(fits);
  if (path === undefined) throw new CliError('unavailable', 'socket-folder', 'no place for a socket has a short name');
  return path;
}

function fits(path: string): boolean {
  return Buffer.byteLength(path) <= pathBytesMax;
}
