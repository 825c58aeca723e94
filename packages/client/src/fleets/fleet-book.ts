import type { ConfigHash, FleetDescriptor } from '@coffer/protocol';
import type { News } from '../exchange.js';
import type { FleetWarning } from '../outcomes.js';

/** Which fleets a device may use, and for what. Pinned in the app, or learned over the air. */
export interface FleetBook {
  /** Fleets that may be asked, oldest first. */
  usable(): readonly FleetDescriptor[];
  /** Where new registrations go: the newest fleet that serves. */
  target(): FleetDescriptor | undefined;
  /** Why nothing may be registered now, or undefined. */
  isTrustOld(): boolean;
  /** A new call of the app begins. After a proven fraud nothing is sent until then: {@link News.known} throws. */
  beginCall(): void;
  /** Looks for news when it is time to. Never throws but for `log-fraud` and `store`: what is known stays good. */
  refreshIfDue(): Promise<void>;
  /** Looks for news now, because a fleet is not known where it should be. Throws as {@link refreshIfDue}. */
  refresh(): Promise<void>;
  /** What goes with calls to this fleet. */
  newsFor(configHash: ConfigHash): News | undefined;
  /** Also every fraud that was proven since the start of the app: it outlives the call that it ended. */
  warnings(): readonly FleetWarning[];
}

/** One fleet, compiled into the app. */
export function pinnedBook(fleet: FleetDescriptor): FleetBook {
  const fleets = [fleet];
  const nothing = async (): Promise<void> => undefined;
  return {
    usable: () => fleets,
    target: () => fleet,
    isTrustOld: () => false,
    beginCall: () => undefined,
    refreshIfDue: nothing,
    refresh: nothing,
    newsFor: () => undefined,
    warnings: () => [],
  };
}
