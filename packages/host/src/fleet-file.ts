import { decodeFleetDescriptor, type FleetDescriptor, ProtocolError } from '@coffer/protocol';
import { readFileIfAny } from './durable-file.js';
import { HostError } from './errors.js';

/** The pinned descriptor of a fleet. @throws HostError `bad-config` when the file is missing or is not one. */
export function readFleetFile(path: string): FleetDescriptor {
  const bytes = readFileIfAny(path);
  if (bytes === undefined) throw new HostError('bad-config', `no fleet descriptor at ${path}`);
  try {
    return decodeFleetDescriptor(bytes);
  } catch (cause) {
    if (cause instanceof ProtocolError) throw new HostError('bad-config', `${path}: ${cause.message}`, { cause });
    throw cause;
  }
}

/** A token that is alone in its file. @throws HostError `bad-config` when there is none. */
export function readTokenFile(path: string): string {
  const bytes = readFileIfAny(path);
  const token = bytes === undefined ? '' : Buffer.from(bytes).toString('utf8').trim();
  if (!/^[\x21-\x7e]{1,8192}$/.test(token)) throw new HostError('bad-config', `no token in ${path}`);
  return token;
}
