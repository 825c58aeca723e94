import { zero } from '@coffer/base';
import { systemEntropy } from '@coffer/crypto';
import { createDevIssuer, type DevIssuer } from '@coffer/gateway';
import { HostError, readFileIfAny, replaceFile, systemClock } from '@coffer/host';
import type { FleetFolder } from './folder.js';
import type { Settings } from './settings.js';

/**
 * **For development only.** Whoever can read the folder of a local fleet can make a token for any account. In a
 * deployment the app's identity provider issues tokens, after it has checked who is asking.
 */
export const devTenant = 'coffer-dev';
export const devIssuer = 'coffer-dev-issuer';
export const devAudience = 'coffer';

/** Draws the issuer's key; the gateway gets the public half. */
export function createIssuer(folder: FleetFolder): void {
  const seed = systemEntropy.bytes(32);
  const { keys } = issuerOf(seed, devIssuer, devAudience);
  replaceFile(folder.issuerSeed, seed);
  replaceFile(folder.issuerJwks, `${JSON.stringify(keys, undefined, 2)}\n`);
  zero(seed);
}

/** A token for any account at all. @throws HostError `file` without the issuer's key. */
export function issueToken(folder: FleetFolder, settings: Settings, tenant: string, account: string): Promise<string> {
  const seed = readFileIfAny(folder.issuerSeed);
  if (seed === undefined) throw new HostError('file', `no development issuer in ${folder.root}; use --token-file`);
  return issuerOf(seed, settings.issuer, settings.audience).issue({ tenant, account });
}

function issuerOf(seed: Uint8Array, issuer: string, audience: string): DevIssuer {
  return createDevIssuer({ seed, issuer, audience, clock: systemClock });
}
