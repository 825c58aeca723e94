import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { hex, zero } from '@coffer/base';
import { systemEntropy } from '@coffer/crypto';
import { makeFolders, replaceFile } from '@coffer/host';
import { provisionFleet, SoftKeyStore } from '@coffer/hsm';
import type { HsmdConfig } from '@coffer/hsmd/config';
import { CliError } from '../cli-error.js';
import type { FleetFolder, SiteFolder } from './folder.js';
import { createIssuer, devAudience, devIssuer, devTenant } from './issuer.js';
import { freePorts } from './ports.js';
import { writeSettings } from './settings.js';

/** Sites of a local fleet: any two of five may be gone. */
export const sitesDefault = 5;
/** What kind of fleet is made. */
export interface FleetShape {
  readonly sites: readonly { readonly name: string; readonly keyStore?: HsmdConfig['keyStore'] | undefined }[];
  readonly groups: number;
  readonly budgetLimit: number;
  readonly rollbackTolerance: number;
  /** Default: the floor for the tolerance. */
  readonly quorum?: number | undefined;
  /** Program that the HSMs run: the file of an HSM image. Default: hsmd as it lies in this checkout. */
  readonly image?: string | undefined;
}

/** `count` sites with files for key stores, a group for each to lead, and any minority may be gone. */
export function plainShape(count: number): FleetShape {
  const sites = Array.from({ length: count }, (_, i) => ({ name: `site-${i + 1}` }));
  return { sites, groups: count, budgetLimit: 10, rollbackTolerance: 0 };
}

/** Makes the HSMs of a fleet: afterwards each site has its keys and its first state. @returns the descriptor. */
export type Bear = (folder: FleetFolder, shape: FleetShape) => Promise<Uint8Array> | Uint8Array;

/** Whether there is a fleet in this folder. */
export function isFleet(folder: FleetFolder): boolean {
  return existsSync(folder.settings) && !existsSync(folder.creating);
}

/** @throws CliError `usage` when there is a fleet in the folder. */
export function refuseFleet(folder: FleetFolder): void {
  if (isFleet(folder)) throw new CliError('usage', 'fleet-exists', `${folder.root} holds a fleet already`);
}

/**
 * Creates a fleet: keys, first sealed states, descriptor, development issuer. Nothing of it has run before the settings
 * are written, which happens last; a creation that was broken off is begun anew.
 * @throws CliError `usage` when the folder holds something else.
 */
export async function createFleet(folder: FleetFolder, shape: FleetShape, bear: Bear = bearHere): Promise<void> {
  makeRoom(folder);
  replaceFile(folder.creating, 'a fleet is being created here\n');
  const members = sitesOf(folder, shape);
  for (const site of members) for (const path of [site.hsm, site.replicaFolder]) makeFolders(path);
  for (const name of ['ledger', 'gateway', 'issuer', 'logs']) makeFolders(join(folder.root, name));

  const descriptor = await bear(folder, shape);
  replaceFile(folder.descriptor, descriptor);
  replaceFile(folder.operatorToken, `${hex(systemEntropy.bytes(32))}\n`);
  createIssuer(folder);
  const [gateway, ...agents] = await freePorts(1 + members.length);
  writeSettings(folder, {
    v: 1,
    platform: 'SIMULATED HARDWARE',
    sites: members.length,
    image: shape.image ?? null,
    keyStores: shape.sites.map(({ keyStore }) => keyStore ?? null),
    tenant: devTenant,
    issuer: devIssuer,
    audience: devAudience,
    ports: { gateway: gateway as number, agents },
  });
  rmSync(folder.creating);
}

function sitesOf(folder: FleetFolder, { sites }: FleetShape): SiteFolder[] {
  return sites.map((_, i) => folder.site(i + 1));
}

/**
 * All HSMs in this process, for a fleet to try things out with: it takes a fraction of a second. The process could keep
 * what it sees; `coffer fleet create` holds a ceremony instead.
 */
function bearHere(folder: FleetFolder, shape: FleetShape): Uint8Array {
  const { groups, budgetLimit, rollbackTolerance, quorum } = shape;
  const keyStores = shape.sites.map(() => SoftKeyStore.generate(systemEntropy));
  const { descriptor, states } = provisionFleet({
    sites: shape.sites.map(({ name }) => name),
    keyStores,
    groups,
    budgetLimit,
    rollbackTolerance,
    entropy: systemEntropy,
    ...(quorum === undefined ? {} : { quorum }),
  });
  sitesOf(folder, shape).forEach((site, i) => {
    const keys = keyStores[i]?.export() as Uint8Array;
    replaceFile(site.keyStore, keys);
    zero(keys);
    keyStores[i]?.close();
    replaceFile(site.state, states[i] as Uint8Array);
  });
  return descriptor;
}

/** Removes what a broken creation left; touches nothing that is not ours. */
function makeRoom(folder: FleetFolder): void {
  const found = readdirSync(folder.root).filter((name) => !name.startsWith('up.lock'));
  if (found.length > 0 && !existsSync(folder.creating)) {
    refuseFleet(folder);
    throw new CliError(
      'usage',
      'not-a-fleet',
      `${folder.root} holds something else than a fleet; choose another --dir`,
    );
  }
  const ours =
    /^(site-\d+|ledger|gateway|issuer|logs|evidence|fleet\.json|coffer\.json|operator-token|creating)(\.new)?$/;
  for (const name of found) if (ours.test(name)) rmSync(join(folder.root, name), { recursive: true, force: true });
}
