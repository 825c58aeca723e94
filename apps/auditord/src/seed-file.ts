import { statSync } from 'node:fs';
import { fromHex } from '@coffer/base';
import { HostError, readFileIfAny } from '@coffer/host';

/**
 * The 32-byte seed of a signing key: 64 hexadecimal digits alone in a file that only its owner may read.
 * @throws HostError `bad-config`. The message holds nothing of the file.
 */
export function readSeedFile(path: string): Uint8Array {
  const bytes = readFileIfAny(path);
  if (bytes === undefined) throw new HostError('bad-config', `no seed at ${path}`);
  // Windows has no such bits.
  if (process.platform !== 'win32' && (statSync(path).mode & 0o077) !== 0)
    throw new HostError('bad-config', `others may read ${path}: it has to have mode 0600`);
  const text = Buffer.from(bytes).toString('latin1').trimEnd();
  bytes.fill(0);
  if (!/^[0-9a-f]{64}$/.test(text)) throw new HostError('bad-config', `${path} is not a seed of 64 hexadecimal digits`);
  return fromHex(text);
}
