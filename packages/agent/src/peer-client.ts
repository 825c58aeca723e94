import type { FleetDescriptor } from '@coffer/protocol';
import { WireError } from '@coffer/wire';
import { AgentError } from './errors.js';
import { decodePeerReply, encodePeerMessage, type PeerReply, type PeerRequest } from './peer-messages.js';
import type { PeerTransport } from './ports.js';

type ReplyOf<T extends PeerReply['type']> = Extract<PeerReply, { type: T }>;

/** The other agents, with typed messages. */
export class PeerClient {
  readonly #fleet: FleetDescriptor;
  readonly #own: number;
  readonly #transport: PeerTransport;
  readonly #timeoutMs: number;

  constructor(fleet: FleetDescriptor, own: number, transport: PeerTransport, timeoutMs: number) {
    this.#fleet = fleet;
    this.#own = own;
    this.#transport = transport;
    this.#timeoutMs = timeoutMs;
  }

  /** Ids of all other members, those after ours first, so that load spreads. */
  get others(): readonly number[] {
    const ids = this.#fleet.members.map(({ id }) => id);
    return [...ids.filter((id) => id > this.#own), ...ids.filter((id) => id < this.#own)];
  }

  /** @throws AgentError `peer-unavailable`, `bad-message`. */
  async send(memberId: number, body: PeerRequest): Promise<PeerReply> {
    const message = encodePeerMessage({ configHash: this.#fleet.configHash, from: this.#own, body });
    const answer = await this.#transport.call(memberId, message, this.#timeoutMs);
    try {
      return decodePeerReply(answer);
    } catch (cause) {
      if (cause instanceof WireError) throw new AgentError('bad-message', 'a malformed answer', { cause });
      throw cause;
    }
  }

  /** Like {@link send}, for one type of answer. @throws AgentError `refused` for any other. */
  async ask<T extends PeerReply['type']>(memberId: number, body: PeerRequest, type: T): Promise<ReplyOf<T>> {
    const reply = await this.send(memberId, body);
    if (reply.type === type) return reply as ReplyOf<T>;
    const what = reply.type === 'error' ? reply.code : reply.type;
    throw new AgentError(what === 'missing-data' ? 'missing-data' : 'refused', `${body.type} to ${memberId}: ${what}`);
  }
}
