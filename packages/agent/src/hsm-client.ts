import type { Timers } from '@coffer/base';
import type { HostReply, HostRequest } from '@coffer/hsm';
import { within } from './concurrency.js';
import { AgentError } from './errors.js';
import type { HsmConnection } from './ports.js';

/** What the HSM would not do, and why; nothing changed. */
export type Refused = Extract<HostReply, { type: 'refused' }>;

interface ReplyTypes {
  describe: 'described';
  attest: 'attested';
  inspect: 'inspected';
  promise: 'promised';
  'new-view': 'new-view';
  adopt: 'captured';
  execute: 'executed';
  capture: 'captured';
  release: 'released';
  jump: 'captured';
}

const replyTypes: ReplyTypes = {
  describe: 'described',
  attest: 'attested',
  inspect: 'inspected',
  promise: 'promised',
  'new-view': 'new-view',
  adopt: 'captured',
  execute: 'executed',
  capture: 'captured',
  release: 'released',
  jump: 'captured',
};

type ReplyTo<T extends HostRequest['type']> = Extract<HostReply, { type: ReplyTypes[T] }> | Refused;

/** The own HSM with typed answers, a time limit, and a memory of whether it works. */
export class HsmClient {
  readonly #connection: HsmConnection;
  readonly #timers: Timers;
  readonly #timeoutMs: number;
  #state: 'up' | 'down' | 'halted' = 'down';

  constructor(connection: HsmConnection, timers: Timers, timeoutMs: number) {
    this.#connection = connection;
    this.#timers = timers;
    this.#timeoutMs = timeoutMs;
  }

  /** As of the last answer, or of its absence; `halted` until it answers again, because its process ends with that word. */
  get state(): 'up' | 'down' | 'halted' {
    return this.#state;
  }

  /** @throws AgentError `hsm-unavailable` also when it has halted. A refusal of any other kind is returned. */
  async ask<T extends HostRequest['type']>(request: Extract<HostRequest, { type: T }>): Promise<ReplyTo<T>> {
    let reply: HostReply;
    try {
      reply = await within(
        this.#timers,
        this.#timeoutMs,
        this.#connection.call(request),
        'hsm-unavailable',
        request.type,
      );
    } catch (cause) {
      if (this.#state !== 'halted') this.#state = 'down';
      throw cause instanceof AgentError
        ? cause
        : new AgentError('hsm-unavailable', 'the HSM cannot be reached', { cause });
    }
    if (reply.type === 'refused' && reply.code === 'halted') {
      this.#state = 'halted';
      throw new AgentError('hsm-unavailable', 'the HSM has halted');
    }
    this.#state = 'up';
    if (reply.type !== 'refused' && reply.type !== replyTypes[request.type]) {
      throw new AgentError('hsm-unavailable', 'an answer to something else');
    }
    return reply as ReplyTo<T>;
  }

  /** Like {@link ask}. @throws AgentError `refused` as well. */
  async demand<T extends HostRequest['type']>(
    request: Extract<HostRequest, { type: T }>,
  ): Promise<Exclude<ReplyTo<T>, Refused>> {
    const reply: HostReply = await this.ask<T>(request);
    if (reply.type === 'refused') throw new AgentError('refused', `${request.type}: ${reply.code}`);
    return reply as Exclude<ReplyTo<T>, Refused>;
  }
}
