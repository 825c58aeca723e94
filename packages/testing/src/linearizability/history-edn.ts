import type { History, HistoryEvent } from './history.js';

/**
 * A history in the form that Jepsen writes and Knossos and Elle read: a vector of operation maps, one a line, with
 * `:index`, `:time` in nanoseconds, `:type` of `:invoke`, `:ok` `:fail` and `:info`, and values of the form `[account value]` as
 * `jepsen.independent` has them. There `:value` is the request, and on `:ok` the request together with the reply.
 *
 * A process there has one operation at a time and does none after an `:info`. Ours may overlap (one caller's message can
 * be under way twice), so each call takes the lowest number that is free.
 */
export function historyEdn({ events }: History): string {
  const lanes = new Lanes();
  const invoked = new Map<number, Extract<HistoryEvent, { type: 'invoke' }>>();
  const lines = events.flatMap((event, index) => {
    if (event.type === 'invoke') invoked.set(event.call, event);
    const start = invoked.get(event.call);
    if (start === undefined) return [];
    const fields: Record<string, string> = {
      index: String(index),
      time: String(Math.round(event.atMs * 1e6)),
      type: `:${event.type}`,
      process: String(
        event.type === 'invoke' ? lanes.take(event.call) : lanes.leave(event.call, event.type !== 'info'),
      ),
      f: `:${start.request.type}`,
      value: `[${edn(start.account)} ${edn(payloadOf(event, start))}]`,
      ...('why' in event ? { error: edn(event.why) } : {}),
    };
    return [
      `{${Object.entries(fields)
        .map(([name, value]) => `:${name} ${value}`)
        .join(', ')}}`,
    ];
  });
  return `[${lines.join('\n ')}]\n`;
}

function payloadOf(event: HistoryEvent, start: Extract<HistoryEvent, { type: 'invoke' }>): unknown {
  return event.type === 'ok' ? { request: start.request, reply: event.reply } : start.request;
}

/** Numbers for calls, so that no two under way share one, and one that ended without an outcome is never used again. */
class Lanes {
  readonly #laneOf = new Map<number, number>();
  readonly #free: number[] = [];
  #next = 0;

  take(call: number): number {
    const lane = this.#free.pop() ?? this.#next++;
    this.#laneOf.set(call, lane);
    return lane;
  }

  leave(call: number, isFree: boolean): number {
    const lane = this.#laneOf.get(call) ?? 0;
    if (isFree) this.#free.push(lane);
    return lane;
  }
}

/** Objects become maps with keyword keys, `type` values keywords, lists vectors, text strings. */
function edn(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(edn).join(' ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const pairs = Object.entries(value).map(
    ([key, inner]) => `:${key} ${key === 'type' || key === 'state' ? `:${String(inner)}` : edn(inner)}`,
  );
  return `{${pairs.join(', ')}}`;
}
