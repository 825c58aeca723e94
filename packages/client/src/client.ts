import type { Clock, Entropy, Timers } from '@coffer/base';
import type { FleetDescriptor, KsfParameters } from '@coffer/protocol';
import { ClientError } from './errors.js';
import type {
  ChangeOutcome,
  EraseOutcome,
  ProtectOptions,
  ProtectOutcome,
  RefillOutcome,
  UnlockOptions,
  UnlockOutcome,
  VaultView,
} from './outcomes.js';
import type { ClientStore, Stretch, Transport } from './ports.js';

export interface VaultClientOptions {
  /** The fleet, as verified by the app (pinned). */
  readonly fleet: FleetDescriptor;
  readonly tenant: string;
  readonly account: string;
  readonly transport: Transport;
  /** A fresh account token; called for every post. */
  readonly token: () => Promise<string>;
  readonly store: ClientStore;
  readonly clock: Clock;
  readonly timers: Timers;
  /** Default: the platform's. */
  readonly entropy?: Entropy;
  /** Stretching parameters of new registrations. Default `ksfDefault`. */
  readonly ksf?: KsfParameters;
  /** Default: Argon2id of @coffer/crypto in this thread. */
  readonly stretch?: Stretch;
}

/** One account's vault on one fleet, from one device. Calls are executed one after another. */
export class VaultClient {
  static async open(_options: VaultClientOptions): Promise<VaultClient> {
    return new VaultClient();
  }

  status(): Promise<VaultView> {
    return unimplemented();
  }

  protect(_password: string, _backupKey: Uint8Array, _options?: ProtectOptions): Promise<ProtectOutcome> {
    return unimplemented();
  }

  /** Finishes a registration that was under way, with the same bytes. @returns undefined when there is none. */
  resume(): Promise<ProtectOutcome | undefined> {
    return unimplemented();
  }

  /** Gives up a registration that was under way. */
  abandon(): Promise<void> {
    return unimplemented();
  }

  unlock(_password: string, _options?: UnlockOptions): Promise<UnlockOutcome> {
    return unimplemented();
  }

  refill(): Promise<RefillOutcome> {
    return unimplemented();
  }

  changePassword(_oldPassword: string, _newPassword: string, _options?: ProtectOptions): Promise<ChangeOutcome> {
    return unimplemented();
  }

  erase(): Promise<EraseOutcome> {
    return unimplemented();
  }
}

function unimplemented(): never {
  throw new ClientError('unavailable', 'being written');
}
