import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { GatewaydConfig } from '@coffer/gatewayd/config';
import { replaceFile } from '@coffer/host';
import { CliError } from '../cli-error.js';
import { Daemon } from '../fleet/daemon.js';
import { agentUrl } from '../fleet/daemon-configs.js';
import { loopback } from '../fleet/ports.js';
import { type RunningFleet, waitUntil } from '../fleet/running-fleet.js';

const main = fileURLToPath(import.meta.resolve('@coffer/gatewayd/main'));
const startMs = 30_000;

/** Where the gateways read the log, and what they make of it. */
type GatewayLog = Omit<NonNullable<GatewaydConfig['transparency']>, 'operatorToken'>;

/** The gateways that clients know: always at the same addresses, in front of whatever fleets there are. */
export class FrontGateways {
  /** One for each gateway. */
  readonly urls: readonly string[];
  readonly #root: string;
  readonly #ports: readonly number[];
  readonly #log: GatewayLog;
  readonly #daemons: readonly Daemon[];
  /** The first fleet, whose development issuer goes on vouching for people. */
  #issuer: RunningFleet | undefined;

  /** @param root - for their configurations and logs. */
  constructor(root: string, ports: readonly number[], log: GatewayLog, onDaemon: (daemon: Daemon) => void) {
    this.#root = root;
    this.#ports = ports;
    this.#log = log;
    this.urls = ports.map((port) => `http://${loopback}:${port}`);
    this.#daemons = ports.map((_, i) => {
      const spec = { name: `front-${i + 1}`, kind: 'gatewayd', member: 0, main, config: this.#config(i) } as const;
      const daemon = new Daemon(spec, false, () => undefined);
      onDaemon(daemon);
      return daemon;
    });
  }

  /**
   * Puts them in front of these fleets, the one for new registrations first; one gateway after the other, so that of
   * several all but one answer. Something has been published before. @throws CliError `unavailable`.
   */
  async serve(fleets: readonly RunningFleet[]): Promise<void> {
    for (const [i, daemon] of this.#daemons.entries()) {
      await daemon.stop();
      replaceFile(this.#config(i), `${JSON.stringify(this.#configFor(fleets, i), undefined, 2)}\n`);
      daemon.start();
      await answers(`${this.urls[i]}/v1/bundle?size=0`, `the gateway; see the logs in ${this.#root}`);
    }
  }

  #configFor(fleets: readonly RunningFleet[], i: number): GatewaydConfig {
    this.#issuer ??= fleets.at(-1);
    if (this.#issuer === undefined) throw new CliError('usage', 'no-fleet', 'a gateway without fleets');
    const { settings, folder } = this.#issuer;
    return {
      fleets: fleets.map((fleet) => ({
        descriptor: fleet.folder.descriptor,
        agents: Object.fromEntries(fleet.descriptor.members.map(({ id }) => [id, agentUrl(fleet.settings, id)])),
        operatorToken: fleet.folder.operatorToken,
      })),
      // One identity provider vouches for people, whatever fleets there are.
      tokens: { issuer: settings.issuer, audience: settings.audience, jwksFile: folder.issuerJwks },
      listen: { host: loopback, port: this.#ports[i] as number },
      limits: { accountBurst: 600, accountPerMinute: 600, addressBurst: 2_000, addressPerMinute: 2_000 },
      transparency: { ...this.#log, operatorToken: folder.operatorToken },
      log: { file: join(this.#root, `gatewayd-${i + 1}.log`) },
    };
  }

  #config(i: number): string {
    return join(this.#root, `gatewayd-${i + 1}.json`);
  }
}

/** Waits until an address answers. @param what - for the message. @throws CliError `unavailable`. */
export async function answers(url: string, what: string): Promise<void> {
  const isUp = async (): Promise<boolean> =>
    fetch(url, { signal: AbortSignal.timeout(2_000) }).then(
      ({ ok }) => ok,
      () => false,
    );
  if (await waitUntil(isUp, startMs)) return;
  throw new CliError('unavailable', 'not-ready', `no answer from ${what}`);
}
