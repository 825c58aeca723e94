import { readFileSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { z } from 'zod';
import { HostError, systemCode } from './errors.js';

/** Largest configuration file that is read. */
export const configBytesMax = 1_048_576;

/** Where the log of a process goes. */
export const logSchema = z.strictObject({
  /** A file to append to; standard output when absent. */
  file: z.string().min(1).optional(),
  level: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
});
export type LogConfig = z.output<typeof logSchema>;

/** A port of this machine; 0 lets the system choose. */
export const portSchema = z.int().min(0).max(65_535);
/** A path; a relative one starts at the folder of the configuration file. */
export const pathSchema = z.string().min(1).max(4096);
/** `http://` or `https://` with nothing after the port. */
export const originSchema = z
  .url({ protocol: /^https?$/ })
  .refine(
    (text) => URL.canParse(text) && new URL(text).origin === text.replace(/\/$/, ''),
    'only scheme, host and port',
  )
  .transform((text) => new URL(text).origin);

/** A parsed file, and how to read the paths in it. */
export interface Configuration<T> {
  readonly value: T;
  /** Absolute form of a path of the file. */
  readonly path: (path: string) => string;
}

/**
 * Reads a JSON file that has exactly the fields of `schema`.
 * @throws HostError `bad-config` with the path of the first field that does not fit.
 */
export function readConfiguration<T>(file: string, schema: z.ZodType<T>): Configuration<T> {
  const folder = dirname(file);
  const value = parseConfiguration(file, read(file), schema);
  return { value, path: (path) => (isAbsolute(path) ? path : join(folder, path)) };
}

/** As {@link readConfiguration}, for text that was read already. `name` is what the message calls it. */
export function parseConfiguration<T>(name: string, text: string, schema: z.ZodType<T>): T {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new HostError('bad-config', `${name}: not JSON`, { cause });
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const field = issue === undefined || issue.path.length === 0 ? 'the whole file' : issue.path.map(String).join('.');
  throw new HostError('bad-config', `${name}: ${field}: ${issue?.message ?? 'does not fit'}`);
}

function read(file: string): string {
  try {
    const bytes = readFileSync(file);
    if (bytes.length <= configBytesMax) return bytes.toString('utf8');
  } catch (cause) {
    throw new HostError('bad-config', `${file}: cannot be read (${systemCode(cause) ?? 'failed'})`, { cause });
  }
  throw new HostError('bad-config', `${file}: over ${configBytesMax} bytes`);
}
