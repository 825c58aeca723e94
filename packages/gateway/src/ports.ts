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
