import { resolve } from 'node:path';
import { readFileIfAny } from '@coffer/host';
import { CliError } from './cli-error.js';

/** Bytes of a file that the person named. @throws CliError `usage` when there is none; HostError `file`. */
export function inputFile(path: string): Uint8Array {
  const bytes = readFileIfAny(resolve(path));
  if (bytes === undefined) throw new CliError('usage', 'no-such-file', `there is no file at ${path}`);
  return bytes;
}

/** The same as text. */
export const inputText = (path: string): string => Buffer.from(inputFile(path)).toString('utf8');
