import { closeSync, fsyncSync, openSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { fromHex, hex } from '@coffer/base';
import { privateFileMode, readFileIfAny, syncFolder } from './durable-file.js';
import { HostError, systemCode } from './errors.js';

const seedBytes = 32;

/**
 * The 32-byte seed of a signing key: 64 hexadecimal digits alone in a file that only its owner may read.
 * @returns the seed; the caller zeroes it when done.
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

/**
 * Writes a seed for {@link readSeedFile}, durably, into a file that is not there yet: a key that is overwritten is lost,
 * and with it what only it can sign.
 * @param seed - 32 bytes; stays the caller's.
 * @throws HostError `bad-config` when there is a file already, `file`.
 */
export function writeSeedFile(path: string, seed: Uint8Array): void {
  if (seed.length !== seedBytes) throw new HostError('bad-config', 'a seed is 32 bytes');
  try {
    const file = openSync(path, 'wx', privateFileMode);
    try {
      writeSync(file, `${hex(seed)}\n`);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    syncFolder(dirname(path));
  } catch (cause) {
    const code = systemCode(cause);
    if (code === 'EEXIST') throw new HostError('bad-config', `${path} is there already`, { cause });
    throw new HostError('file', `cannot write ${path} (${code ?? 'failed'})`, { cause });
  }
}
