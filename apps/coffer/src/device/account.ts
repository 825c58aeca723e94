import { join } from 'node:path';
import { BackupVault, fetchTransport } from '@coffer/client';
import { FileLock, systemClock, systemTimers } from '@coffer/host';
import { type Vault, type VaultId, vaultIdOf } from '@coffer/protocol';
import { CliError } from '../cli-error.js';
import type { Output } from '../terminal/output.js';
import { type DeviceRecord, forgetDeviceRecord, readDeviceRecord, writeDeviceRecord } from './device-record.js';
import { FileDeviceStore } from './file-device-store.js';
import type { FleetLink } from './fleet-link.js';
import { fraudKeeper } from './fraud-keeper.js';
import { accountStateFolder, defaultStateFolder } from './place.js';

/** Longest account name, in UTF-8 bytes. */
export const accountBytesMax = 256;

/** One account on this device, held by this process alone until it is closed. */
export class Account {
  readonly client: BackupVault;
  readonly vaultId: VaultId;
  /** Folder of what this device keeps. */
  readonly folder: string;
  readonly #lock: FileLock;
  #record: DeviceRecord | undefined;

  private constructor(client: BackupVault, vaultId: VaultId, folder: string, lock: FileLock) {
    this.client = client;
    this.vaultId = vaultId;
    this.folder = folder;
    this.#lock = lock;
    this.#record = readDeviceRecord(this.#recordPath);
  }

  /**
   * @param state - root of the client state; default: this user's.
   * @param output - where a fraud of the log is told, whatever becomes of the call that met it.
   * @throws CliError `usage` for an account that cannot be one, `unavailable` while another process works on it.
   */
  static async open(link: FleetLink, account: string, state: string | undefined, output: Output): Promise<Account> {
    const bytes = Buffer.byteLength(account);
    if (bytes === 0 || bytes > accountBytesMax) {
      throw new CliError('usage', 'bad-account', `--account is 1 to ${accountBytesMax} bytes long`);
    }
    const { fleets, tenant } = link;
    const folder = accountStateFolder(state ?? defaultStateFolder(), fleets, tenant, account);
    // Two at once would each undo what the other noted about its attempt.
    const lock = FileLock.acquire(join(folder, 'lock'));
    try {
      const client = await BackupVault.open({
        fleets,
        tenant,
        account,
        transport: fetchTransport(link.gatewayUrl),
        token: () => link.token(account),
        store: new FileDeviceStore(folder),
        clock: systemClock,
        timers: systemTimers,
        onFraud: fraudKeeper(folder, output),
      });
      return new Account(client, vaultIdOf(tenant, account), folder, lock);
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  /** The vault on the fleet that this device uses. @throws CliError `unavailable` while it knows none. */
  get vault(): Vault {
    const { fleet } = this.client;
    if (fleet === undefined) throw new CliError('unavailable', 'no-fleet', 'no fleet is known yet');
    return { fleet, vaultId: this.vaultId };
  }

  /** What this device keeps: the backup key and the newest generation; undefined on a new device. */
  get record(): DeviceRecord | undefined {
    return this.#record;
  }

  remember(record: DeviceRecord): void {
    writeDeviceRecord(this.#recordPath, record);
    this.#record = record;
  }

  forget(): void {
    forgetDeviceRecord(this.#recordPath);
    this.#record = undefined;
  }

  close(): void {
    this.#lock.release();
  }

  get #recordPath(): string {
    return join(this.folder, 'device.json');
  }
}
