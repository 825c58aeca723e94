import { fileURLToPath } from 'node:url';
import type { AgentdConfig } from '@coffer/agentd/config';
import type { GatewaydConfig } from '@coffer/gatewayd/config';
import { privateFileMode, replaceFile } from '@coffer/host';
import type { HsmdConfig } from '@coffer/hsmd/config';
import type { FleetFolder, SiteFolder } from './folder.js';
import { loopback } from './ports.js';
import type { Settings } from './settings.js';
import { socketPath } from './socket-place.js';

/** One process of a fleet. */
export interface DaemonSpec {
  /** Such as `hsmd-1`; unique in its fleet. */
  readonly name: string;
  readonly kind: 'hsmd' | 'agentd' | 'gatewayd' | 'auditord' | 'witness';
  /** Member of the site it belongs to; 0 for the gateway. */
  readonly member: number;
  /** Program, absolute. */
  readonly main: string;
  /** Configuration file, absolute; for a program that takes arguments instead, the arguments. */
  readonly config: string | readonly string[];
}

const mains = {
  hsmd: fileURLToPath(import.meta.resolve('@coffer/hsmd/main')),
  agentd: fileURLToPath(import.meta.resolve('@coffer/agentd/main')),
  gatewayd: fileURLToPath(import.meta.resolve('@coffer/gatewayd/main')),
};

/** Lease of the local fleets, whose agents share one machine's clock and disk: a dead leader is replaced sooner. */
export const localLeaseMs = 1_500;

/** `http://127.0.0.1:PORT` of a member's agent. */
export function agentUrl(settings: Settings, member: number): string {
  return `http://${loopback}:${settings.ports.agents[member - 1]}`;
}

export function gatewayUrl(settings: Settings): string {
  return `http://${loopback}:${settings.ports.gateway}`;
}

/** Writes the configuration of every process of the fleet, and says what there is to start. */
export function writeDaemonConfigs(folder: FleetFolder, settings: Settings): DaemonSpec[] {
  const members = Array.from({ length: settings.sites }, (_, i) => i + 1);
  const specs: DaemonSpec[] = members.map((member) =>
    hsmd(folder.site(member), {
      fleet: folder.descriptor,
      keyStore: settings.keyStores[member - 1],
      image: settings.image,
    }),
  );
  for (const member of members) specs.push(agentd(folder, settings, member, members));
  specs.push(gatewayd(folder, settings, members));
  return specs;
}

/** What an HSM process is started as, on which keys, and from which file; absent ones are the defaults. */
type HsmLife = Pick<HsmdConfig, 'fleet' | 'birth'> & {
  readonly keyStore?: HsmdConfig['keyStore'] | null | undefined;
  readonly image?: string | null | undefined;
};

/** An HSM process: as a member, or new and waiting for its fleet. */
export function hsmd(site: SiteFolder, { keyStore, image, ...life }: HsmLife): DaemonSpec {
  const { member } = site;
  write<HsmdConfig>(site.hsmConfig, {
    ...life,
    keyStore: keyStore ?? site.keyStore,
    state: site.state,
    socket: socketPath(site),
    log: { file: site.hsmLog },
  });
  return { name: `hsmd-${member}`, kind: 'hsmd', member, main: image ?? mains.hsmd, config: site.hsmConfig };
}

function agentd(folder: FleetFolder, settings: Settings, member: number, members: readonly number[]): DaemonSpec {
  const site = folder.site(member);
  const peers = members.filter((other) => other !== member).map((other) => [other, agentUrl(settings, other)]);
  write<AgentdConfig>(site.agentConfig, {
    fleet: folder.descriptor,
    member,
    hsmSocket: socketPath(site),
    replica: site.replica,
    ledger: folder.ledger,
    operatorToken: folder.operatorToken,
    listen: { host: loopback, port: settings.ports.agents[member - 1] as number },
    peers: Object.fromEntries(peers),
    tuning: { leaseMs: localLeaseMs },
    log: { file: site.agentLog },
  });
  return { name: `agentd-${member}`, kind: 'agentd', member, main: mains.agentd, config: site.agentConfig };
}

function gatewayd(folder: FleetFolder, settings: Settings, members: readonly number[]): DaemonSpec {
  write<GatewaydConfig>(folder.gatewayConfig, {
    fleets: [
      {
        descriptor: folder.descriptor,
        agents: Object.fromEntries(members.map((member) => [member, agentUrl(settings, member)])),
        operatorToken: folder.operatorToken,
      },
    ],
    tokens: { issuer: settings.issuer, audience: settings.audience, jwksFile: folder.issuerJwks },
    listen: { host: loopback, port: settings.ports.gateway },
    // One person, one machine: what would be many guesses a minute here is somebody trying things out.
    limits: { accountBurst: 600, accountPerMinute: 600, addressBurst: 2_000, addressPerMinute: 2_000 },
    log: { file: `${folder.logs}/gatewayd.log` },
  });
  return { name: 'gatewayd', kind: 'gatewayd', member: 0, main: mains.gatewayd, config: folder.gatewayConfig };
}

function write<T>(path: string, config: T): void {
  replaceFile(path, `${JSON.stringify(config, undefined, 2)}\n`, privateFileMode);
}
