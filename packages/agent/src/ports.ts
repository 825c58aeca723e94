import type { Clock, Entropy, Timers } from '@coffer/base';
import type { HostReply, HostRequest } from '@coffer/hsm';
import type { Ledger } from '@coffer/ledger';
import type { Replica } from '@coffer/replica';
import type { AgentEvent } from './events.js';

/** The agent's own HSM. A reply may be a refusal; only its absence is an error. */
export interface HsmConnection {
  /**
   * Sends one request; several may be in flight, and the HSM takes them in the order of the calls.
   * @throws AgentError `hsm-unavailable`: it may or may not have been executed, and may be asked again.
   */
  call(request: HostRequest): Promise<HostReply>;
}

/** How agents reach each other. Nothing that travels here is secret, and nothing is believed without a signature. */
export interface PeerTransport {
  /**
   * @param memberId - whose agent, 1 to n and never our own. @param message - at most `peerMessageBytesMax` bytes.
   * @throws AgentError `peer-unavailable` when no answer came within `timeoutMs`; it may have been acted upon.
   */
  call(memberId: number, message: Uint8Array, timeoutMs: number): Promise<Uint8Array>;
}

/** Everything outside of the agent. Its logic reads no clock, starts no timer and opens no socket but through these. */
export interface AgentPorts {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly entropy: Entropy;
  readonly hsm: HsmConnection;
  readonly peers: PeerTransport;
  readonly ledger: Ledger;
  readonly replica: Replica;
  /** Must not throw. */
  readonly log: (event: AgentEvent) => void;
}
