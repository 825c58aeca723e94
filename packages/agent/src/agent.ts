import type { FleetDescriptor } from '@coffer/protocol';
import { AgentError } from './errors.js';
import type { AgentPorts } from './ports.js';
import type { AgentStatus } from './status.js';
import { type AgentTuning, defaultTuning } from './tuning.js';

/** What an agent is made of. */
export interface AgentOptions {
  readonly fleet: FleetDescriptor;
  /** Which member of the fleet its HSM is, 1 to n. */
  readonly memberId: number;
  readonly ports: AgentPorts;
  readonly tuning?: Partial<AgentTuning>;
}

/**
 * The host daemon beside one HSM, as a library: all liveness and durability is here, and nothing that safety rests on
 * (docs/spec/consensus.md, "What the hosts do").
 */
export class Agent {
  readonly #options: AgentOptions;
  readonly #tuning: AgentTuning;

  private constructor(options: AgentOptions) {
    this.#options = options;
    this.#tuning = { ...defaultTuning, ...options.tuning };
  }

  /** Starts its loops. @throws AgentError `bad-options`. */
  static async start(options: AgentOptions): Promise<Agent> {
    return new Agent(options);
  }

  /** Answers another agent's message. Never throws for bad bytes: they get a coded error answer and change nothing. */
  async handlePeer(_message: Uint8Array): Promise<Uint8Array> {
    throw new AgentError('stopped', 'not serving');
  }

  /** Encoded `RoutedCall` in, encoded `RoutedAnswer` out. Resolves once the reply is committed, or cannot be. */
  async handleRouted(_call: Uint8Array): Promise<Uint8Array> {
    throw new AgentError('stopped', 'not serving');
  }

  /** How this agent sees its groups. */
  async status(): Promise<AgentStatus> {
    throw new AgentError('stopped', `not serving ${this.#options.memberId} ${this.#tuning.leaseMs}`);
  }

  /** Stops leading, frees its leases and resolves when no task of it runs any more. Ports stay open: the caller owns them. */
  async stop(): Promise<void> {}
}
