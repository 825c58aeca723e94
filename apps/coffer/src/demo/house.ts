import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AuditorClient } from '@coffer/auditor';
import type { AuditordConfig } from '@coffer/auditord/config';
import { ed25519PublicKey, sha256, systemEntropy } from '@coffer/crypto';
import { makeFolders, replaceFile, writeSeedFile } from '@coffer/host';
import {
  encodeArtifact,
  encodeTrustRoot,
  encodeVerifierKey,
  type FleetStatus,
  type ListedFleet,
  noteSigner,
  signTrustRoot,
  type TrustRoot,
} from '@coffer/transparency';
import { Daemon } from '../fleet/daemon.js';
import { readEvidence } from '../fleet/evidence-folder.js';
import { freePorts, loopback } from '../fleet/ports.js';
import type { RunningFleet } from '../fleet/running-fleet.js';
import { answers, FrontGateways } from './front-gateways.js';

/** Witnesses of the demo, and how many of them have to have seen a checkpoint. */
export const witnessCount = 3;
const witnessQuorum = 2;
const rootKeyCount = 2;
const namespace = 'demo.encrypted_backups.fleet_keys.v1';
const origin = 'log.demo.example/fleets';
/** How long a new fleet has to have been public before clients of the demo take it, in place of 72 hours. */
export const demoWaitingMs = 0;
const dayMs = 86_400_000;

const mains = {
  auditord: fileURLToPath(import.meta.resolve('@coffer/auditord/main')),
  coffer: fileURLToPath(new URL('../main.js', import.meta.url)),
};

/**
 * The parties around the fleets of the demo, each a process of its own with a key of its own: an auditor with its public
 * log, three witnesses, and the gateway that clients know. Their keys are in one folder here; in a deployment no two
 * of them are anybody's.
 */
export class House {
  readonly #root: string;
  readonly #ports: { readonly auditor: number; readonly witnesses: readonly number[] };
  readonly #daemons: Daemon[] = [];
  readonly #seeds = new Map<string, Uint8Array>();
  #published: { readonly artifact: Uint8Array; readonly epoch: number } | undefined;
  readonly trustRoot: TrustRoot;
  /** What clients know, now and later. */
  readonly gateways: FrontGateways;

  private constructor(root: string, ports: readonly number[], onDaemon: (daemon: Daemon) => void) {
    this.#root = root;
    const [auditor = 0, ...others] = ports;
    const witnesses = others.splice(0, witnessCount);
    this.#ports = { auditor, witnesses };
    for (const name of this.#keyNames()) {
      const seed = systemEntropy.bytes(32);
      this.#seeds.set(name, seed);
      writeSeedFile(this.seedFile(name), seed);
    }
    this.trustRoot = this.#firstTrustRoot();
    const signatures = this.#rootKeys().map((name) =>
      signTrustRoot(this.trustRoot, this.#seed(name), this.#publicKey(name)),
    );
    replaceFile(this.trustRootFile, encodeTrustRoot({ trustRoot: this.trustRoot, signatures }));
    const log = { auditor: this.auditorUrl, namespace, trustRoot: this.trustRootFile, demoWaitingMs };
    this.gateways = new FrontGateways(root, others, log, (daemon) => {
      this.#daemons.push(daemon);
      onDaemon(daemon);
    });
  }

  /** Makes all keys, and starts witnesses and auditor. @param root - a folder of its own. @param gateways - how many. */
  static async open(root: string, onDaemon: (daemon: Daemon) => void, gateways = 1): Promise<House> {
    makeFolders(root);
    const house = new House(root, await freePorts(1 + witnessCount + gateways), onDaemon);
    for (let i = 1; i <= witnessCount; i++) house.#start(house.#witness(i), onDaemon);
    house.#start(house.#auditord(), onDaemon);
    await answers(`${house.auditorUrl}/info`, `the auditor; see the logs in ${root}`);
    return house;
  }

  get auditorUrl(): string {
    return `http://${loopback}:${this.#ports.auditor}`;
  }

  get gatewayUrl(): string {
    return this.gateways.urls[0] ?? '';
  }

  get trustRootFile(): string {
    return join(this.#root, 'trust-root.json');
  }

  /** Epoch published last. */
  get epochs(): number {
    return this.#published?.epoch ?? 0;
  }

  /** Whose key it is: `operator`, `auditor`, `log`, `ceremony-witness`, `witness-1`, `root-1`, … */
  seedFile(name: string): string {
    return join(this.#root, `${name}.key`);
  }

  /** Publishes the next epoch with these fleets, the newest last; the gateway then serves them. */
  async publish(fleets: readonly { readonly fleet: RunningFleet; readonly status: FleetStatus }[]): Promise<void> {
    const sets = fleets.map(({ fleet }) => readEvidence(fleet.folder.evidence));
    const listed: ListedFleet[] = fleets.map(({ fleet, status }, i) => ({
      descriptor: fleet.descriptor,
      evidence: sets[i]?.digest ?? new Uint8Array(),
      status,
    }));
    const before = this.#published;
    const epoch = this.epochs + 1;
    const artifact = encodeArtifact({
      namespace,
      epoch,
      fleets: listed,
      ...(before === undefined ? {} : { previous: sha256(before.artifact) }),
    });
    await new AuditorClient({ url: this.auditorUrl, namespace }).publish({
      artifact,
      evidence: sets.flatMap(({ index, files }) => [index, ...files.values()]),
      operatorSeed: this.#seed('operator'),
      trustRoot: this.trustRoot,
      notAfterMs: Date.now() + 30 * dayMs,
    });
    this.#published = { artifact, epoch };
    const serving = fleets.filter(({ status }) => status !== 'revoked').map(({ fleet }) => fleet);
    await this.gateways.serve([...serving].reverse());
  }

  async kill(): Promise<void> {
    await Promise.all(this.#daemons.map((daemon) => daemon.kill()));
    for (const seed of this.#seeds.values()) seed.fill(0);
  }

  #start(daemon: Daemon, onDaemon: (daemon: Daemon) => void): void {
    this.#daemons.push(daemon);
    onDaemon(daemon);
    daemon.start();
  }

  #witness(i: number): Daemon {
    const state = join(this.#root, `witness-${i}`);
    const config = [
      'witness',
      'serve',
      ...['--key', this.seedFile(`witness-${i}`), '--name', witnessName(i), '--state', state],
      ...['--log', encodeVerifierKey(noteSigner(origin, 'log', this.#seed('log')))],
      ...['--listen', `${loopback}:${this.#ports.witnesses[i - 1]}`],
    ];
    return new Daemon(
      { name: `witness-${i}`, kind: 'witness', member: 0, main: mains.coffer, config },
      false,
      () => undefined,
    );
  }

  #auditord(): Daemon {
    const config: AuditordConfig = {
      store: join(this.#root, 'auditor'),
      auditorKeys: [{ seed: this.seedFile('auditor'), notBeforeMs: 0 }],
      namespaces: [{ trustRoot: this.trustRootFile, logKeys: [this.seedFile('log')] }],
      listen: { host: loopback, port: this.#ports.auditor },
      // The demo's HSMs are processes, and its auditor says that it takes such.
      simulatedHardware: true,
      log: { file: join(this.#root, 'auditord.log') },
    };
    const path = join(this.#root, 'auditord.json');
    replaceFile(path, `${JSON.stringify(config, undefined, 2)}\n`);
    const spec = { name: 'auditord', kind: 'auditord', member: 0, main: mains.auditord, config: path } as const;
    return new Daemon(spec, false, () => undefined);
  }

  #firstTrustRoot(): TrustRoot {
    const names = Array.from({ length: witnessCount }, (_, i) => `w${i + 1}`);
    const witnesses = names.map((name, i) => ({
      name,
      key: noteSigner(witnessName(i + 1), 'witness', this.#seed(`witness-${i + 1}`)),
      url: `http://${loopback}:${this.#ports.witnesses[i]}`,
    }));
    return {
      version: 1,
      namespace,
      origin,
      rootKeys: { threshold: rootKeyCount, keys: this.#rootKeys().map((name) => this.#publicKey(name)) },
      auditors: [this.#publicKey('auditor')],
      operators: [this.#publicKey('operator')],
      policy: {
        logs: [{ key: noteSigner(origin, 'log', this.#seed('log')) }],
        witnesses,
        groups: [{ name: 'witnesses', threshold: witnessQuorum, members: names }],
        quorum: 'witnesses',
      },
      ceremony: { threshold: 1, witnesses: [this.#publicKey('ceremony-witness')] },
      rebuilders: { threshold: 0, keys: [] },
      revocations: [],
    };
  }

  #keyNames(): string[] {
    const witnesses = Array.from({ length: witnessCount }, (_, i) => `witness-${i + 1}`);
    return ['auditor', 'operator', 'log', 'ceremony-witness', ...witnesses, ...this.#rootKeys()];
  }

  #rootKeys(): string[] {
    return Array.from({ length: rootKeyCount }, (_, i) => `root-${i + 1}`);
  }

  #seed(name: string): Uint8Array {
    const seed = this.#seeds.get(name);
    if (seed === undefined) throw new RangeError(`no key ${name}`);
    return seed;
  }

  #publicKey(name: string): Uint8Array {
    return ed25519PublicKey(this.#seed(name));
  }
}

const witnessName = (i: number): string => `witness.demo.example/w${i}`;
