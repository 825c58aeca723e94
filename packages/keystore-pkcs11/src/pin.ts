import { fstatSync, readFileSync, statSync } from 'node:fs';
import { KeyStoreError } from './errors.js';

/**
 * Where the user PIN of a token comes from. Never an argument of a program: every user of the machine reads those.
 * `file` must be open to its user alone; `env` is removed from the environment once read; `fd` is read to its end.
 */
export type PinSource = { readonly file: string } | { readonly env: string } | { readonly fd: number };

/** Longest PIN that is taken; PKCS#11 itself has no bound. */
export const pinBytesMax = 255;

/** @returns the first line of the source. @throws KeyStoreError `no-pin`. */
export function readPin(source: PinSource): string {
  const pin = (firstLine(source) ?? '').replace(/\r?\n[\s\S]*$/, '');
  if (pin === '') throw new KeyStoreError('no-pin', `no PIN in ${nameOf(source)}`);
  if (Buffer.byteLength(pin) > pinBytesMax)
    throw new KeyStoreError('no-pin', `${nameOf(source)}: over ${pinBytesMax} bytes`);
  return pin;
}

function firstLine(source: PinSource): string | undefined {
  if ('env' in source) {
    const pin = process.env[source.env];
    // Processes that this one might start, and core dumps' environment blocks, need not have it.
    delete process.env[source.env];
    return pin;
  }
  try {
    if ('fd' in source) {
      fstatSync(source.fd);
      return readFileSync(source.fd, 'utf8');
    }
    if (process.platform !== 'win32' && (statSync(source.file).mode & 0o077) !== 0) {
      throw new KeyStoreError('no-pin', `${source.file} is open to other users: its mode must be 0600`);
    }
    return readFileSync(source.file, 'utf8');
  } catch (cause) {
    if (cause instanceof KeyStoreError) throw cause;
    throw new KeyStoreError('no-pin', `${nameOf(source)} cannot be read`, { cause });
  }
}

function nameOf(source: PinSource): string {
  if ('file' in source) return source.file;
  return 'env' in source ? `environment variable ${source.env}` : `file descriptor ${source.fd}`;
}
