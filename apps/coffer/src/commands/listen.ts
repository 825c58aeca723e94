import { HostError, systemCode } from '@coffer/host';
import type { Address } from './arguments.js';

/** Says which address is not to be had. */
export async function listening<T>({ hostname, port }: Address, server: Promise<T>): Promise<T> {
  try {
    return await server;
  } catch (cause) {
    throw new HostError('in-use', `cannot listen on ${hostname}:${port} (${systemCode(cause) ?? 'failed'})`, { cause });
  }
}
