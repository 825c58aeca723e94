import type { HistoryEvent } from './history.js';
import type { CallReply, CallRequest } from './vault-call.js';

/** A call under way. Exactly one of the three ends it; one that is never ended counts as `info`. */
export interface RecordedCall {
  /** Its number in the history. */
  readonly call: number;
  ok(reply: CallReply): void;
  /** Only where it is certain that it never takes effect. */
  fail(why: string): void;
  info(why: string): void;
}

/** Writes down who asked what and when it was answered, in the order in which it happens. */
export class HistoryRecorder {
  readonly #nowMs: () => number;
  readonly #onEvent: (event: HistoryEvent) => void;
  readonly #events: HistoryEvent[] = [];
  #calls = 0;

  /** @param nowMs - since the run began; must not go back. @param onEvent - hears every event at once. */
  constructor(nowMs: () => number, onEvent: (event: HistoryEvent) => void = () => undefined) {
    this.#nowMs = nowMs;
    this.#onEvent = onEvent;
  }

  get events(): readonly HistoryEvent[] {
    return this.#events;
  }

  /**
   * Another execution of the message of `original`, of which it cannot be told which of the two was answered: it may have taken effect
   * as soon as the first one. So it begins where that one does, and is written there. Not for who hears events at once.
   */
  copy(process: string, account: string, request: CallRequest, original: number): RecordedCall {
    const at = this.#events.findIndex(({ type, call }) => type === 'invoke' && call === original);
    const recorded = this.invoke(process, account, request);
    const [own] = this.#events.splice(-1);
    const { atMs } = this.#events[at] as HistoryEvent;
    this.#events.splice(at + 1, 0, { ...(own as HistoryEvent), atMs });
    return recorded;
  }

  /** Call it before the first byte is sent, and the ends after the last one came: an order that was not is an error missed. */
  invoke(process: string, account: string, request: CallRequest): RecordedCall {
    const call = this.#calls++;
    this.#add({ type: 'invoke', call, atMs: this.#nowMs(), process, account, request });
    let isOpen = true;
    const end = (event: HistoryEvent): void => {
      if (isOpen) this.#add(event);
      isOpen = false;
    };
    return {
      call,
      ok: (reply) => end({ type: 'ok', call, atMs: this.#nowMs(), reply }),
      fail: (why) => end({ type: 'fail', call, atMs: this.#nowMs(), why }),
      info: (why) => end({ type: 'info', call, atMs: this.#nowMs(), why }),
    };
  }

  #add(event: HistoryEvent): void {
    this.#events.push(event);
    this.#onEvent(event);
  }
}
