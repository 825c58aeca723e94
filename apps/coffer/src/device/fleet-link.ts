import { join, resolve } from 'node:path';
import type { FleetChoice } from '@coffer/client';
import { readFileIfAny, readFleetFile, readTokenFile } from '@coffer/host';
import { decodeTrustRoot, demoWaiting, TransparencyError } from '@coffer/transparency';
import { CliError } from '../cli-error.js';
import { isFleet } from '../fleet/create.js';
import { gatewayUrl } from '../fleet/daemon-configs.js';
import { defaultFolderName, FleetFolder } from '../fleet/folder.js';
import { issueToken } from '../fleet/issuer.js';
import { readSettings, type Settings } from '../fleet/settings.js';

/** How to reach fleets, and which ones: a descriptor or a trust root is pinned, whatever answers at the address. */
export interface FleetLink {
  readonly fleets: FleetChoice;
  readonly gatewayUrl: string;
  readonly tenant: string;
  /** An account token that is valid now. */
  readonly token: (account: string) => Promise<string>;
}

export interface LinkOptions {
  /** Folder of a fleet that `coffer up` made. */
  readonly dir?: string | undefined;
  /** Descriptor file, with `gateway`, `tenant` and `tokenFile` in place of `dir`. */
  readonly fleet?: string | undefined;
  /** Trust root file: fleets are learned over the air, and the one of `fleet` counts as compiled in. */
  readonly trustRoot?: string | undefined;
  /** For demonstrations: how long a fleet has to have been public, in place of 72 hours. */
  readonly demoWaitingMs?: number | undefined;
  readonly gateway?: string | undefined;
  readonly tenant?: string | undefined;
  readonly tokenFile?: string | undefined;
}

/** @throws CliError `usage`, `unavailable`; HostError `bad-config`. */
export function linkFleet(options: LinkOptions): FleetLink {
  const { fleet, trustRoot, gateway, tenant, tokenFile } = options;
  if (fleet === undefined && trustRoot === undefined) return linkFolder(options);
  if (gateway === undefined || tenant === undefined || tokenFile === undefined) {
    const what = trustRoot === undefined ? '--fleet goes' : '--trust-root goes';
    throw new CliError('usage', 'incomplete-fleet', `${what} with --gateway, --tenant and --token-file`);
  }
  return {
    fleets: fleetChoice(options),
    gatewayUrl: checkedUrl(gateway),
    tenant,
    // Read for every request: whoever renews the token replaces the file.
    token: async () => readTokenFile(resolve(tokenFile)),
  };
}

function linkFolder({ dir, gateway, tenant, tokenFile }: LinkOptions): FleetLink {
  const folder = new FleetFolder(resolve(dir ?? defaultFolderName));
  if (!isFleet(folder)) {
    const hint = 'start one with "coffer up", or name one with --dir or --fleet';
    throw new CliError('unavailable', 'no-fleet', `there is no fleet in ${folder.root}; ${hint}`);
  }
  const settings = readSettings(folder);
  return {
    fleets: fleetChoice({ fleet: folder.descriptor, ...overTheAir(folder, settings) }),
    gatewayUrl: gateway === undefined ? gatewayUrl(settings) : checkedUrl(gateway),
    tenant: tenant ?? settings.tenant,
    token: async (account) =>
      tokenFile === undefined
        ? issueToken(folder, settings, tenant ?? settings.tenant, account)
        : readTokenFile(resolve(tokenFile)),
  };
}

/** Pinned, or over the air when there is a trust root. */
function fleetChoice({ fleet, trustRoot, demoWaitingMs }: LinkOptions): FleetChoice {
  const descriptor = fleet === undefined ? undefined : readFleetFile(resolve(fleet));
  if (trustRoot !== undefined) {
    const bytes = readTrustRoot(resolve(trustRoot));
    const { namespace, origin } = decodeTrustRoot(bytes).trustRoot;
    return {
      type: 'over-the-air',
      trustRoot: bytes,
      namespace,
      origin,
      ...(descriptor === undefined ? {} : { compiledIn: [descriptor] }),
      ...(demoWaitingMs === undefined ? {} : { waiting: demoWaiting(demoWaitingMs) }),
    };
  }
  if (descriptor === undefined) throw new CliError('usage', 'no-fleet', 'name a fleet or a trust root');
  return { type: 'pinned', fleet: descriptor };
}

/** Bytes of a trust root, well-formed. @throws CliError `usage`. */
export function readTrustRoot(path: string): Uint8Array {
  const bytes = readFileIfAny(path);
  try {
    if (bytes !== undefined && decodeTrustRoot(bytes)) return bytes;
  } catch (cause) {
    if (!(cause instanceof TransparencyError)) throw cause;
    throw new CliError('usage', 'bad-trust-root', `${path} is not a trust root`, { cause });
  }
  throw new CliError('usage', 'no-trust-root', `there is no trust root at ${path}`);
}

/** A local fleet whose settings say so is used over the air, with its own first fleet as compiled in. */
function overTheAir(folder: FleetFolder, { overTheAir: air }: Settings): Partial<LinkOptions> {
  return air === undefined ? {} : { trustRoot: join(folder.root, air.trustRoot), demoWaitingMs: air.demoWaitingMs };
}

function checkedUrl(text: string): string {
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol)) {
    throw new CliError('usage', 'bad-gateway', '--gateway is not an http or https address');
  }
  return text;
}
