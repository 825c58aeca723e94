/** What one gateway grants, and for how long it waits. */
export interface GatewayLimits {
  /** Calls that one account may make at once, and how many it gets back per minute. A recovery takes three. */
  readonly accountBurst: number;
  readonly accountPerMinute: number;
  /** The same for one remote address (an IPv6 /64 counts as one); many people may share it. */
  readonly addressBurst: number;
  readonly addressPerMinute: number;
  /** Accounts, and addresses, that are remembered; the one not seen for longest is forgotten first. */
  readonly bucketsMax: number;
  /** How long a body may take to arrive. */
  readonly bodyMs: number;
  /** How long a call may look for its leader. */
  readonly routeMs: number;
  /** How long one agent may take. */
  readonly agentMs: number;
  /** Wait between two rounds over all agents. */
  readonly roundPauseMs: number;
  /** Calls on their way to agents at once; one more is answered `unavailable`. */
  readonly callsMax: number;
  /** How long a reply that is here waits for the bundle that goes with it. */
  readonly bundleMs: number;
}

export const defaultLimits: GatewayLimits = {
  accountBurst: 30,
  accountPerMinute: 30,
  addressBurst: 300,
  addressPerMinute: 600,
  bucketsMax: 100_000,
  bodyMs: 10_000,
  routeMs: 10_000,
  agentMs: 5_000,
  roundPauseMs: 150,
  callsMax: 1_024,
  bundleMs: 1_000,
};

/** What callers are told to wait when nothing better is known. */
export const retryAfterMsDefault = 1_000;
/** Largest account token. */
export const tokenBytesMax = 8_192;
/** Difference between the clocks of issuer and gateway that a token survives. */
export const clockToleranceMs = 30_000;
/** Largest answer of an agent. */
export const routedAnswerBytesMax = 65_536;
/** Largest body of the development issuer. */
export const tokenRequestBytesMax = 2_048;
/** Bundles kept, one for each size that clients name; the one not asked for longest is forgotten first. */
export const cachedBundlesMax = 32;
/** Default time between two looks at the log. */
export const bundleRefreshMsDefault = 300_000;
