import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { hex, zero } from '@coffer/base';
import { systemEntropy } from '@coffer/crypto';
import { privateFolderMode, replaceFile } from '@coffer/host';
import { provisionFleet, SoftKeyStore } from '@coffer/hsm';
import { CliError } from '../cli-error.js';
import type { FleetFolder } from './folder.js';
import { createIssuer, devAudience, devIssuer, devTenant } from './issuer.js';
import { freePorts } from './ports.js';
import { writeSettings } from './settings.js';

/** Sites of a local fleet: any two of five may be gone. */
export const sitesDefault = 5;
/** Guesses of one registration, at most. */
export const budgetLimit = 10;

/** Whether there is a fleet in this folder. */
export function isFleet(folder: FleetFolder): boolean {
  return existsSync(folder.settings);
}

/**
 * Creates a fleet: keys, first sealed states, descriptor, development issuer. Nothing of it has run before the settings
 * are written, which happens last; a creation that was broken off is begun anew.
 * @throws CliError `usage` when the folder holds something else.
 */
export async function createFleet(folder: FleetFolder, sites: number): Promise<void> {
  makeRoom(folder);
  replaceFile(folder.creating, 'a fleet is being created here\n');
  const members = Array.from({ length: sites }, (_, i) => folder.site(i + 1));
  for (const site of members) for (const path of [site.hsm, site.replicaFolder]) makeFolder(path);
  for (const name of ['ledger', 'gateway', 'issuer', 'logs']) makeFolder(join(folder.root, name));

  const keyStores = members.map(() => SoftKeyStore.generate(systemEntropy));
  const { descriptor, states } = provisionFleet({
    sites: members.map(({ member }) => `site-${member}`),
    keyStores,
    // One for each site to lead.
    groups: sites,
    budgetLimit,
    rollbackTolerance: 0,
    entropy: systemEntropy,
  });
  members.forEach((site, i) => {
    const keys = keyStores[i]?.export() as Uint8Array;
    replaceFile(site.keyStore, keys);
    zero(keys);
    keyStores[i]?.close();
    replaceFile(site.state, states[i] as Uint8Array);
  });
  replaceFile(folder.descriptor, descriptor);
  replaceFile(folder.operatorToken, `${hex(systemEntropy.bytes(32))}\n`);
  createIssuer(folder);
  const [gateway, ...agents] = await freePorts(1 + sites);
  writeSettings(folder, {
    v: 1,
    platform: 'SIMULATED HARDWARE',
    sites,
    tenant: devTenant,
    issuer: devIssuer,
    audience: devAudience,
    ports: { gateway: gateway as number, agents },
  });
  rmSync(folder.creating);
}

/** Removes what a broken creation left; touches nothing that is not ours. */
function makeRoom(folder: FleetFolder): void {
  const found = readdirSync(folder.root).filter((name) => !name.startsWith('up.lock'));
  if (found.length > 0 && !existsSync(folder.creating)) {
    throw new CliError(
      'usage',
      'not-a-fleet',
      `${folder.root} holds something else than a fleet; choose another --dir`,
    );
  }
  const ours = /^(site-\d+|ledger|gateway|issuer|logs|fleet\.json|operator-token|creating)(\.new)?$/;
  for (const name of found) if (ours.test(name)) rmSync(join(folder.root, name), { recursive: true, force: true });
}

function makeFolder(path: string): void {
  mkdirSync(path, { recursive: true, mode: privateFolderMode });
}
