import type { AgentStatus } from '@coffer/agent';
import { sleep } from '@coffer/base';
import { readFleetFile, readTokenFile, systemTimers } from '@coffer/host';
import type { FleetDescriptor } from '@coffer/protocol';
import { CliError } from '../cli-error.js';
import { Daemon, type ExitListener } from './daemon.js';
import { agentUrl, gatewayUrl, writeDaemonConfigs } from './daemon-configs.js';
import type { FleetFolder } from './folder.js';
import { freePorts, isPortFree } from './ports.js';
import { readSettings, type Settings, writeSettings } from './settings.js';
import { releaseSocketPath } from './socket-place.js';

/** How often a waiting program looks. */
const lookMs = 40;
const statusTimeoutMs = 1_000;

export interface RunningFleetOptions {
  readonly folder: FleetFolder;
  /** Whether crashed processes are started again. */
  readonly restarts: boolean;
  readonly onExit?: ExitListener;
}

/** The processes of one local fleet: an HSM and an agent a site, and a gateway. */
export class RunningFleet {
  readonly folder: FleetFolder;
  readonly settings: Settings;
  readonly descriptor: FleetDescriptor;
  readonly #daemons: ReadonlyMap<string, Daemon>;
  readonly #operatorToken: string;

  private constructor(options: RunningFleetOptions, settings: Settings) {
    const { folder, restarts, onExit = () => undefined } = options;
    this.folder = folder;
    this.settings = settings;
    this.descriptor = readFleetFile(folder.descriptor);
    this.#operatorToken = readTokenFile(folder.operatorToken);
    const specs = writeDaemonConfigs(folder, settings);
    this.#daemons = new Map(specs.map((spec) => [spec.name, new Daemon(spec, restarts, onExit)]));
  }

  /** Starts all processes; they are not ready yet. The caller holds the folder's lock. */
  static async start(options: RunningFleetOptions): Promise<RunningFleet> {
    const settings = await withFreePorts(options.folder, readSettings(options.folder));
    const fleet = new RunningFleet(options, settings);
    for (const daemon of fleet.#daemons.values()) daemon.start();
    return fleet;
  }

  get gatewayUrl(): string {
    return gatewayUrl(this.settings);
  }

  hsmd(member: number): Daemon {
    return this.#daemon(`hsmd-${member}`);
  }

  agentd(member: number): Daemon {
    return this.#daemon(`agentd-${member}`);
  }

  gatewayd(): Daemon {
    return this.#daemon('gatewayd');
  }

  /** What the agent of a site says; undefined when it does not answer. */
  async status(member: number): Promise<AgentStatus | undefined> {
    try {
      const answer = await fetch(`${agentUrl(this.settings, member)}/status`, {
        headers: { authorization: `Bearer ${this.#operatorToken}` },
        signal: AbortSignal.timeout(statusTimeoutMs),
      });
      return answer.ok ? ((await answer.json()) as AgentStatus) : undefined;
    } catch {
      return undefined;
    }
  }

  /** Has a member's agent leave a group to others for a while. @throws CliError `unavailable`. */
  async standAside(member: number, group: number, forMs: number): Promise<void> {
    const answer = await fetch(`${agentUrl(this.settings, member)}/stand-aside`, {
      method: 'POST',
      headers: { authorization: `Bearer ${this.#operatorToken}` },
      body: JSON.stringify({ group, forMs }),
      signal: AbortSignal.timeout(statusTimeoutMs),
    }).catch(() => undefined);
    if (answer?.ok !== true) throw new CliError('unavailable', 'no-agent', `the agent of member ${member} is away`);
  }

  async statuses(): Promise<readonly (AgentStatus | undefined)[]> {
    return Promise.all(this.descriptor.members.map(({ id }) => this.status(id)));
  }

  /** Member that leads a group, by its own word; undefined while nobody does. */
  async leaderOf(group: number): Promise<number | undefined> {
    const leads = (status: AgentStatus | undefined): boolean =>
      status?.groups.some((g) => g.group === group && g.leading) ?? false;
    return (await this.statuses()).find(leads)?.member;
  }

  /** Resolves when every group has a leader and the gateway answers. @throws CliError `unavailable`. */
  async ready(timeoutMs: number): Promise<void> {
    const isReady = async (): Promise<boolean> => (await this.#areGroupsLed()) && (await this.#isGatewayUp());
    if (await waitUntil(isReady, timeoutMs)) return;
    throw new CliError('unavailable', 'not-ready', `the fleet is not ready; see the logs in ${this.folder.logs}`);
  }

  /** Resolves when every agent says that its HSM answers. @throws CliError `unavailable`. */
  async allHsmsUp(timeoutMs: number): Promise<void> {
    const areUp = async (): Promise<boolean> => (await this.statuses()).every((status) => status?.hsm === 'up');
    if (await waitUntil(areUp, timeoutMs)) return;
    throw new CliError('unavailable', 'not-ready', `an HSM does not answer; see the logs in ${this.folder.logs}`);
  }

  /** Stops all processes in order: nobody asks any more, then nobody leads any more, then the HSMs. */
  async stop(): Promise<void> {
    for (const kind of ['gatewayd', 'agentd', 'hsmd'] as const) {
      const daemons = [...this.#daemons.values()].filter(({ spec }) => spec.kind === kind);
      await Promise.all(daemons.map((daemon) => daemon.stop()));
    }
    for (const { id } of this.descriptor.members) releaseSocketPath(this.folder.site(id));
  }

  /** Kills all processes. */
  async kill(): Promise<void> {
    await Promise.all([...this.#daemons.values()].map((daemon) => daemon.kill()));
  }

  async #areGroupsLed(): Promise<boolean> {
    const led = new Set<number>();
    for (const status of await this.statuses()) {
      for (const { group, leading } of status?.groups ?? []) if (leading) led.add(group);
    }
    return led.size === this.descriptor.groups;
  }

  async #isGatewayUp(): Promise<boolean> {
    try {
      return (await fetch(`${this.gatewayUrl}/healthz`, { signal: AbortSignal.timeout(statusTimeoutMs) })).ok;
    } catch {
      return false;
    }
  }

  #daemon(name: string): Daemon {
    const daemon = this.#daemons.get(name);
    if (daemon === undefined) throw new RangeError(`no process ${name}`);
    return daemon;
  }
}

/** @returns whether `condition` came true in time. */
export async function waitUntil(condition: () => Promise<boolean>, timeoutMs: number): Promise<boolean> {
  for (const endMs = Date.now() + timeoutMs; Date.now() < endMs; await sleep(systemTimers, lookMs)) {
    if (await condition()) return true;
  }
  return false;
}

/** The settings, with other ports where somebody took one of ours meanwhile. */
async function withFreePorts(folder: FleetFolder, settings: Settings): Promise<Settings> {
  const { gateway, agents } = settings.ports;
  const areFree = await Promise.all([gateway, ...agents].map(isPortFree));
  if (!areFree.includes(false)) return settings;
  const [newGateway, ...newAgents] = await freePorts(1 + agents.length);
  const changed = { ...settings, ports: { gateway: newGateway as number, agents: newAgents } };
  writeSettings(folder, changed);
  return changed;
}
