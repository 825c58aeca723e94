import { rmSync } from 'node:fs';
import { fromHex, hex } from '@coffer/base';
import { parseConfiguration, readFileIfAny, replaceFile } from '@coffer/host';
import { z } from 'zod';

/**
 * What a device remembers of its own backups: the backup key, so that the next backup needs no password, and the newest
 * generation, so that a store which shows an older one is found out. Whoever can read this user's files can read both,
 * as they can read the files that are backed up.
 */
export interface DeviceRecord {
  readonly backupKey: Uint8Array;
  /** Newest generation that this device made or restored; 0 for none. */
  readonly generation: bigint;
}

const schema = z.strictObject({
  v: z.literal(1),
  backupKey: z.string().regex(/^[0-9a-f]{64}$/, 'not 64 hexadecimal digits'),
  generation: z.string().regex(/^\d{1,20}$/, 'not a number'),
});

/** @returns undefined on a device that holds no key. @throws HostError `bad-config` when the file is damaged; `file`. */
export function readDeviceRecord(path: string): DeviceRecord | undefined {
  const bytes = readFileIfAny(path);
  if (bytes === undefined) return undefined;
  const { backupKey, generation } = parseConfiguration(path, Buffer.from(bytes).toString('utf8'), schema);
  return { backupKey: fromHex(backupKey), generation: BigInt(generation) };
}

export function writeDeviceRecord(path: string, { backupKey, generation }: DeviceRecord): void {
  replaceFile(path, `${JSON.stringify({ v: 1, backupKey: hex(backupKey), generation: generation.toString() })}\n`);
}

export function forgetDeviceRecord(path: string): void {
  rmSync(path, { force: true });
}
