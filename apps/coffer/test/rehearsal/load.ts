import { equalBytes, hex } from '@coffer/base';
import {
  BackupVault,
  ClientError,
  type DeviceStore,
  fetchTransport,
  MemoryDeviceStore,
  type OverTheAirTransport,
  type VaultUnlockOutcome,
} from '@coffer/client';
import { systemEntropy } from '@coffer/crypto';
import { systemClock, systemTimers } from '@coffer/host';
import { ksfFloor } from '@coffer/protocol';

/** One attempt of a person to get the backup key, with all that the SDK did for it. */
export interface Recovery {
  readonly account: string;
  /** A device with an empty store, as after the loss of all others; otherwise the person's phone. */
  readonly isNewDevice: boolean;
  readonly startedMs: number;
  readonly endedMs: number;
  /** The right key came, by one call of the SDK. */
  readonly isGood: boolean;
  /** For people: what came instead. */
  readonly found: string;
  /** configHash of the fleet that holds the vault afterwards. */
  readonly fleet: string;
  readonly isMoved: boolean;
  readonly receipts: readonly Uint8Array[];
  readonly warnings: readonly string[];
}

export interface LoadOptions {
  readonly accounts: readonly string[];
  /** Bytes of a signed trust root: all that a client knows of fleets. */
  readonly trustRoot: Uint8Array;
  readonly fleets: Omit<
    Extract<Parameters<typeof BackupVault.open>[0]['fleets'], { type: 'over-the-air' }>,
    'type' | 'trustRoot'
  >;
  readonly gateways: readonly string[];
  readonly tenant: string;
  readonly token: (account: string) => Promise<string>;
  /** Between two recoveries of one person. */
  readonly pauseMs: number;
  /** Of one person: a bound for a rehearsal that never ends. */
  readonly recoveriesMax: number;
}

const budgetMax = 2;

/** People who recover their keys again and again, in turn on their phone and on a new device, all at the same time. */
export class Load {
  readonly recoveries: Recovery[] = [];
  readonly #options: LoadOptions;
  readonly #people: readonly Person[];
  #isOn = false;
  #running: Promise<unknown> = Promise.resolve();

  constructor(options: LoadOptions) {
    this.#options = options;
    this.#people = options.accounts.map((account) => ({
      account,
      password: `password of ${account}`,
      key: systemEntropy.bytes(32),
      phone: new MemoryDeviceStore(),
    }));
  }

  /** Everybody registers, by what the phone learns over the air. @returns the outcomes. */
  async register(): Promise<readonly string[]> {
    return Promise.all(
      this.#people.map(async (person) => {
        const vault = await this.#open(person, person.phone);
        return (await vault.protect(person.password, person.key, { budgetMax })).type;
      }),
    );
  }

  start(): void {
    this.#isOn = true;
    this.#running = Promise.all(this.#people.map((person) => this.#recoverOn(person)));
  }

  /** Lets everybody end what they are at. */
  async stop(): Promise<void> {
    this.#isOn = false;
    await this.#running;
  }

  /** Whether everybody has recovered `count` times since then, from start to end. */
  hasEverybody(count: number, sinceMs: number): boolean {
    return this.#people.every(({ account }) => this.of(account, sinceMs).length >= count);
  }

  /** What one person did that began after that time. */
  of(account: string, sinceMs = 0): readonly Recovery[] {
    return this.recoveries.filter((each) => each.account === account && each.startedMs > sinceMs);
  }

  async #recoverOn(person: Person): Promise<void> {
    for (let i = 0; this.#isOn && i < this.#options.recoveriesMax; i++) {
      this.recoveries.push(await this.#recover(person, i % 2 === 1));
      await new Promise((resolve) => setTimeout(resolve, this.#options.pauseMs));
    }
  }

  async #recover(person: Person, isNewDevice: boolean): Promise<Recovery> {
    const startedMs = Date.now();
    const vault = await this.#open(person, isNewDevice ? new MemoryDeviceStore() : person.phone);
    // One call: what the SDK tries again by itself is its business, and what it throws is a failed recovery.
    const outcome = await vault.unlock(person.password).catch((error: unknown) => error);
    const isUnlocked = isOutcome(outcome) && outcome.type === 'unlocked';
    const isGood = isUnlocked && equalBytes(outcome.backupKey, person.key);
    return {
      account: person.account,
      isNewDevice,
      startedMs,
      endedMs: Date.now(),
      isGood,
      found: isGood ? 'the key' : isUnlocked ? 'ANOTHER KEY' : isOutcome(outcome) ? outcome.type : reason(outcome),
      fleet: vault.fleet === undefined ? '' : hex(vault.fleet.configHash),
      isMoved: isUnlocked && outcome.isMoved,
      receipts: isUnlocked ? outcome.receipts : [],
      warnings: isUnlocked ? outcome.warnings.map((warning) => JSON.stringify(warning)) : [],
    };
  }

  #open({ account }: Person, store: DeviceStore): Promise<BackupVault> {
    const { trustRoot, fleets, gateways, tenant, token } = this.#options;
    return BackupVault.open({
      fleets: { type: 'over-the-air', trustRoot, ...fleets },
      transport: anyOf(gateways),
      tenant,
      account,
      token: () => token(account),
      store,
      clock: systemClock,
      timers: systemTimers,
      // Stretching costs the clients' processor alone, and these share one with the fleet.
      ksf: ksfFloor,
    });
  }
}

interface Person {
  readonly account: string;
  readonly password: string;
  readonly key: Uint8Array;
  readonly phone: DeviceStore;
}

/** An app that knows several addresses: one that does not answer is not asked again next time. */
function anyOf(urls: readonly string[]): OverTheAirTransport {
  const transports = urls.map((url) => fetchTransport(url));
  let at = 0;
  const ask = async <T>(call: (transport: OverTheAirTransport) => Promise<T>): Promise<T> => {
    const asked = at;
    try {
      return await call(transports[asked] as OverTheAirTransport);
    } catch (error) {
      at = (asked + 1) % transports.length;
      throw error;
    }
  };
  return {
    post: (path, headers, body) => ask((transport) => transport.post(path, headers, body)),
    get: (path) => ask((transport) => transport.get(path)),
  };
}

const isOutcome = (value: unknown): value is VaultUnlockOutcome =>
  typeof value === 'object' && value !== null && 'type' in value;

const reason = (error: unknown): string =>
  error instanceof ClientError ? `${error.code}: ${error.message}` : String(error);
