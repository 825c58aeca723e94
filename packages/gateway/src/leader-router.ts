import { type Clock, sleep, type Timers } from '@coffer/base';
import {
  type CommittedReply,
  decodeRoutedAnswer,
  type FleetDescriptor,
  memberById,
  type RoutedAnswer,
} from '@coffer/protocol';
import { WireError } from '@coffer/wire';
import { GatewayError } from './errors.js';
import { type GatewayLimits, retryAfterMsDefault } from './limits.js';
import type { AgentRoutes, GatewayEvent } from './ports.js';

export interface LeaderRouterOptions {
  readonly fleet: FleetDescriptor;
  readonly routes: AgentRoutes;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly limits: GatewayLimits;
  readonly log: (event: GatewayEvent) => void;
}

/**
 * Finds the leader of a group for each call: who led it last, then whom an agent names, then everybody, round after round
 * until the time is up. A call may reach two leaders, or one twice; every operation of the HSMs is safe when executed again.
 */
export class LeaderRouter {
  readonly #options: LeaderRouterOptions;
  /** By group: the member that answered last. */
  readonly #leaders = new Map<number, number>();

  constructor(options: LeaderRouterOptions) {
    this.#options = options;
  }

  /** Who led the group when it last answered, as far as this gateway knows. */
  leaderOf(group: number): number | undefined {
    return this.#leaders.get(group);
  }

  /**
   * @param call - encoded `RoutedCall` of `group`.
   * @throws GatewayError `bad-call` when an agent says so; `no-leader` with a `retryAfterMs`.
   */
  async route(group: number, call: Uint8Array): Promise<CommittedReply> {
    const { clock, timers, limits, log } = this.#options;
    const startMs = clock.nowMs();
    const leftMs = (): number => startMs + limits.routeMs - clock.nowMs();
    let retryAfterMs = 0;
    let tries = 0;
    for (;;) {
      const untried = this.#order(group);
      for (let memberId = untried.shift(); memberId !== undefined && leftMs() > 0; memberId = untried.shift()) {
        tries++;
        const answer = await this.#ask(memberId, call, Math.min(limits.agentMs, leftMs()));
        if (answer.type === 'committed') {
          this.#leaders.set(group, memberId);
          log({ type: 'answered', group, memberId, tries, tookMs: clock.nowMs() - startMs });
          return answer;
        }
        if (answer.type === 'bad-request') throw new GatewayError('bad-call', 'the fleet cannot read this call');
        log({ type: 'agent-failed', memberId, group, answer: answer.type });
        if (this.#leaders.get(group) === memberId) this.#leaders.delete(group);
        if (answer.type === 'unavailable') retryAfterMs = Math.max(retryAfterMs, answer.retryAfterMs);
        if (answer.type === 'not-leader') hint(untried, answer.leaderId);
      }
      if (leftMs() <= limits.roundPauseMs) {
        throw new GatewayError('no-leader', 'no agent served the call', {
          retryAfterMs: retryAfterMs || retryAfterMsDefault,
        });
      }
      await sleep(timers, limits.roundPauseMs);
    }
  }

  /** All members once, the likeliest first: groups spread their leaders over the members. */
  #order(group: number): number[] {
    const { members } = this.#options.fleet;
    const first = memberById(this.#options.fleet, this.#leaders.get(group) ?? 0)?.id ?? (group % members.length) + 1;
    return members.map((_, i) => ((first - 1 + i) % members.length) + 1);
  }

  /** An agent of the wrong fleet, a broken one and one that does not answer are all the same: not the leader. */
  async #ask(
    memberId: number,
    call: Uint8Array,
    timeoutMs: number,
  ): Promise<RoutedAnswer | { readonly type: 'failed' }> {
    try {
      return decodeRoutedAnswer(await this.#options.routes.call(memberId, call, timeoutMs));
    } catch (cause) {
      if (cause instanceof WireError || (cause instanceof GatewayError && cause.code === 'agent-unavailable')) {
        return { type: 'failed' };
      }
      throw cause;
    }
  }
}

/** Moves a named leader to the front, if it has not been asked in this round. */
function hint(untried: number[], leaderId: number): void {
  const at = untried.indexOf(leaderId);
  if (at > 0) untried.unshift(...untried.splice(at, 1));
}
