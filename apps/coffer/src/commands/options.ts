import type { LinkOptions } from '../device/fleet-link.js';

/** Options of every command that works on an account. */
export interface AccountOptions extends LinkOptions {
  readonly account: string;
  /** Root of this user's client state. */
  readonly state?: string | undefined;
}
