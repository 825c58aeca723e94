import { resolve } from 'node:path';
import { readFleetFile, readTokenFile } from '@coffer/host';
import type { FleetDescriptor } from '@coffer/protocol';
import { CliError } from '../cli-error.js';
import { isFleet } from '../fleet/create.js';
import { gatewayUrl } from '../fleet/daemon-configs.js';
import { defaultFolderName, FleetFolder } from '../fleet/folder.js';
import { issueToken } from '../fleet/issuer.js';
import { readSettings } from '../fleet/settings.js';

/** How to reach a fleet, and which one: the descriptor is pinned, whatever answers at the address. */
export interface FleetLink {
  readonly fleet: FleetDescriptor;
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
  readonly gateway?: string | undefined;
  readonly tenant?: string | undefined;
  readonly tokenFile?: string | undefined;
}

/** @throws CliError `usage`, `unavailable`; HostError `bad-config`. */
export function linkFleet(options: LinkOptions): FleetLink {
  const { fleet, gateway, tenant, tokenFile } = options;
  if (fleet === undefined) return linkFolder(options);
  if (gateway === undefined || tenant === undefined || tokenFile === undefined) {
    throw new CliError('usage', 'incomplete-fleet', '--fleet goes with --gateway, --tenant and --token-file');
  }
  return {
    fleet: readFleetFile(resolve(fleet)),
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
    fleet: readFleetFile(folder.descriptor),
    gatewayUrl: gateway === undefined ? gatewayUrl(settings) : checkedUrl(gateway),
    tenant: tenant ?? settings.tenant,
    token: async (account) =>
      tokenFile === undefined
        ? issueToken(folder, settings, tenant ?? settings.tenant, account)
        : readTokenFile(resolve(tokenFile)),
  };
}

function checkedUrl(text: string): string {
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol)) {
    throw new CliError('usage', 'bad-gateway', '--gateway is not an http or https address');
  }
  return text;
}
