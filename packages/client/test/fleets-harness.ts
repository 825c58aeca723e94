import { type Clock, hex, utf8 } from '@coffer/base';
import {
  BackupVault,
  ClientError,
  type ClientStore,
  type DeviceStore,
  type HttpAnswer,
  type OverTheAir,
  type OverTheAirTransport,
  type VaultUnlockOutcome,
} from '@coffer/client';
import { decodeVaultAnswer, decodeVaultCall, encodeVaultAnswer, type VaultCall } from '@coffer/protocol';
import { demoWaiting, encodeBundle, encodeTrustRoot } from '@coffer/transparency';
import {
  dayMs,
  type Listed,
  namespace,
  origin,
  type PublishOptions,
  signedBy,
  startMs,
  World,
} from '@coffer/transparency/testing';
import { FakeFleet } from './fake-fleet.js';
import { account, hostSays, InstantTime, quickStretch, tenant, token, vaultId } from './harness.js';

export const rootKeys = ['root 1', 'root 2', 'root 3'];

/** A service with several fleets and a published log of them. It is honest in everything but what a test sets. */
export class Service {
  readonly fleets: Readonly<Record<string, FakeFleet>>;
  world: World;
  nowMs = startMs;
  /** When witnesses last cosigned. */
  witnessedMs: number | undefined;
  /** Fleets that are down, by name. */
  readonly down = new Set<string>();
  readonly roots: Uint8Array[] = [];
  /** Replaces the bundle that is handed out. */
  bundleInstead: ((size: number) => Uint8Array | undefined) | undefined;
  /** Every message that got here, in order: the fleet's name and request, or the path of a get. */
  readonly log: string[] = [];

  constructor(names: readonly string[] = ['A', 'B', 'C'], members = 1) {
    this.fleets = Object.fromEntries(names.map((name) => [name, new FakeFleet(vaultId, { members })]));
    this.world = this.newWorld();
    this.roots.push(encodeTrustRoot(signedBy(this.world.trustRoot(), rootKeys)));
  }

  newWorld(): World {
    return new World({ fleetOf: (name) => this.of(name).fleet });
  }

  of(name: string): FakeFleet {
    const fleet = this.fleets[name];
    if (fleet === undefined) throw new Error(`no fleet ${name}`);
    return fleet;
  }

  publish(listed: Listed, options: PublishOptions = {}): void {
    this.world.publish(listed, { atMs: this.nowMs, notAfterMs: this.nowMs + 90 * dayMs, ...options });
  }

  bundle(size: number): Uint8Array | undefined {
    if (this.bundleInstead !== undefined) return this.bundleInstead(size);
    if (size > this.world.size || this.world.size === 0) return undefined;
    return encodeBundle(this.world.bundle(this.witnessedMs ?? this.nowMs, size));
  }

  post(body: Uint8Array): HttpAnswer {
    const call = decodeVaultCall(body);
    const name = Object.keys(this.fleets).find((each) => hex(this.of(each).fleet.configHash) === hex(call.configHash));
    if (name === undefined) return hostSays(404, 'unknown-fleet');
    if (this.down.has(name)) return hostSays(503, 'unavailable');
    const fleet = this.of(name);
    const answer = fleet.answer(body);
    this.log.push(`${name} ${fleet.types.at(-1)}`);
    const bundle = this.#newsFor(call);
    return octets(bundle === undefined ? answer : encodeVaultAnswer({ ...decodeVaultAnswer(answer), bundle }));
  }

  get(path: string): HttpAnswer {
    this.log.push(path);
    const [, size] = /^\/v1\/bundle\?size=(\d+)$/.exec(path) ?? [];
    const [, version] = /^\/v1\/trust-roots\/(\d+)$/.exec(path) ?? [];
    const found = size === undefined ? this.roots[Number(version) - 1] : this.bundle(Number(size));
    return found === undefined ? hostSays(404, 'bad-request') : octets(found);
  }

  #newsFor({ known }: VaultCall): Uint8Array | undefined {
    return known !== undefined && known.epoch < this.world.size ? this.bundle(known.size) : undefined;
  }
}

const octets = (body: Uint8Array): HttpAnswer => ({ status: 200, headers: {}, body });

/** A phone: what it keeps, and where it can stop working. */
export class Phone implements DeviceStore {
  readonly service: Service;
  readonly slots = new Map<string, Uint8Array>();
  readonly clock: Clock;
  readonly options: Partial<OverTheAir>;
  /** What `onFraud` was given. */
  readonly frauds: Uint8Array[] = [];
  /** Called before and after each message and each save, with its name; throw to stop there. */
  at: (step: string) => void = () => undefined;

  constructor(service: Service, options: Partial<OverTheAir> = {}) {
    this.service = service;
    this.options = options;
    this.clock = { nowMs: () => service.nowMs };
  }

  slot(name: string): ClientStore {
    return {
      load: async () => this.slots.get(name)?.slice(),
      save: async (state) => {
        this.at(`save ${name}`);
        this.slots.set(name, state.slice());
        this.at(`saved ${name}`);
      },
    };
  }

  readonly transport: OverTheAirTransport = {
    post: async (_path, _headers, body) => {
      this.at('post');
      const answer = this.service.post(body);
      this.at('posted');
      return answer;
    },
    get: async (path) => {
      this.at('get');
      const answer = this.service.get(path);
      this.at('got');
      return answer;
    },
  };

  /** As after a start of the app. */
  open(): Promise<BackupVault> {
    const trustRoot = this.service.roots[0] as Uint8Array;
    return BackupVault.open({
      fleets: { type: 'over-the-air', trustRoot, namespace, origin, waiting: demoWaiting(0), ...this.options },
      tenant,
      account,
      transport: this.transport,
      token,
      store: this,
      clock: this.clock,
      timers: new InstantTime(),
      stretch: quickStretch(),
      onFraud: (fraudProof) => this.frauds.push(fraudProof),
    });
  }
}

export const backupKey = utf8('a backup key of thirty-two bytes');

/** A service with the vault on A, and B published and serving since. */
export async function protectedOnA(
  password = '1234',
  budgetMax = 3,
  service = new Service(),
): Promise<{ service: Service; phone: Phone; vault: BackupVault }> {
  service.publish({ A: 'serving' });
  const phone = new Phone(service);
  const vault = await phone.open();
  const outcome = await vault.protect(password, backupKey, { budgetMax });
  if (outcome.type !== 'protected') throw new Error(outcome.type);
  service.nowMs += dayMs;
  service.log.length = 0;
  return { service, phone, vault };
}

/** B becomes the newest, and A drains. */
export const publishB = (service: Service): void => service.publish({ A: 'draining', B: 'serving' });

/** From now on the log shows another history beside the answer to `step`, and only there. @returns the true one. */
export function splitBeside(service: Service, step: string): World {
  const { world } = service;
  service.world = service.newWorld();
  for (let epoch = 0; epoch <= world.size; epoch++) service.publish({ A: 'serving', B: 'serving' });
  service.log.length = 0;
  service.bundleInstead = (size) => {
    const shown = service.log.at(-1) === step ? service.world : world;
    return size > shown.size ? undefined : encodeBundle(shown.bundle(service.nowMs, size));
  };
  return world;
}

export function unlockedOr(outcome: VaultUnlockOutcome): Extract<VaultUnlockOutcome, { type: 'unlocked' }> {
  if (outcome.type !== 'unlocked') throw new Error(`not unlocked: ${outcome.type}`);
  if (hex(outcome.backupKey) !== hex(backupKey)) throw new Error('another key');
  return outcome;
}

export const warningTypes = ({ warnings }: { readonly warnings: readonly { readonly type: string }[] }): string[] =>
  warnings.map(({ type }) => type);

export { ClientError };
