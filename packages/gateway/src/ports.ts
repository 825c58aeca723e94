/** The way to the agents of one deployment. */
export interface AgentRoutes {
  /**
   * Hands one encoded `RoutedCall` to the agent of a member.
   * @returns the encoded `RoutedAnswer`. @throws GatewayError `agent-unavailable`, after `timeoutMs` at the latest.
   */
  call(memberId: number, routedCall: Uint8Array, timeoutMs: number): Promise<Uint8Array>;
}

/** Whose vault a request is for: what an account token proves. */
export interface AccountClaims {
  readonly tenant: string;
  readonly account: string;
}

/** Checks account tokens. */
export interface TokenVerifier {
  /** @returns the proven account. @throws GatewayError `bad-token`. */
  verify(token: string): Promise<AccountClaims>;
}

/** The newest epoch that a gateway has verified. */
export interface NewestEpoch {
  readonly epoch: number;
  /** Of the log. */
  readonly size: number;
  /** When a quorum of witnesses last stood behind it, in milliseconds since 1970. */
  readonly witnessedMs: number;
}

/** Where validation bundles come from. What it hands out it has verified. */
export interface BundleSource {
  /** @returns undefined before the first one. */
  newest(): NewestEpoch | undefined;
  /**
   * The newest bundle for a client that verified the log at `size` last; 0 for a newcomer.
   * @returns undefined before the first one, and for a size that the log has not reached.
   * @throws PublicationError when the log cannot be read now.
   */
  bundleFrom(size: number): Promise<Uint8Array | undefined>;
  /** A trust root with its signatures. @returns undefined when there is none. @throws PublicationError. */
  trustRoot(version: number): Promise<Uint8Array | undefined>;
  /** Looks for a newer one now. What it has stays when this fails. @throws PublicationError, TransparencyError. */
  refresh(): Promise<NewestEpoch>;
  /** How often a refresh failed since the start, by code. */
  failures(): ReadonlyMap<string, number>;
}

/** What happened, for a log line or a counter. Holds no account name, no token and no vaultId. */
export type GatewayEvent =
  | {
      readonly type: 'answered';
      readonly group: number;
      readonly memberId: number;
      readonly tries: number;
      readonly tookMs: number;
    }
  | { readonly type: 'refused'; readonly code: string; readonly cause?: unknown }
  | { readonly type: 'agent-failed'; readonly memberId: number; readonly group: number; readonly answer: string };
