import {
  type CallReply,
  type CallRequest,
  type History,
  HistoryRecorder,
  nameOfText,
  type RecordedCall,
} from '@coffer/testing';

/** One call that starts after the one before it has ended. Reply `?`: nobody heard one. */
export interface Scene {
  readonly id: string;
  readonly request: CallRequest;
  readonly reply: CallReply | '?';
}

export const budgetLimit = 4;
export const head = { v: 1, clock: 'virtual', budgetLimit, origin: 'test' } as const;
const n = nameOfText;
const scene = (id: string, request: CallRequest, reply: Scene['reply']): Scene => ({ id, request, reply });

export const status = (
  state: 'none' | 'live' | 'destroyed' | 'erased',
  version: number,
  [budgetMax, budget, failures]: readonly [number, number, number] = [0, 0, 0],
  rest: { resets?: number; pending?: string } = {},
): CallReply => ({ type: 'status', state, version, budgetMax, budget, failures, resets: 0, ...rest });
export const started = (version: number, budget: number, failures: number): CallReply => ({
  type: 'recover.started',
  version,
  budget,
  failures,
});
export const recovered = (
  payload: string,
  version: number,
  budget: number,
  ke1s: readonly string[],
  authTicket?: string,
): CallReply => {
  const openAttempts = ke1s.map(n).sort();
  const reply = { type: 'recovered', payload: n(payload), version, budget, openAttempts } as const;
  return authTicket === undefined ? reply : { ...reply, authTicket: n(authTicket) };
};
export const start = (ke1: string, password: string): CallRequest => ({
  type: 'recover.start',
  ke1: n(ke1),
  password: n(password),
});
export const finish = (ke1: string, version: number, password: string): CallRequest => ({
  type: 'recover.finish',
  ke1: n(ke1),
  version,
  password: n(password),
});

/** The three messages of registration number `i`: password `word i`, payload `payload i`, confirmed as `version`. */
export function registration(i: number, version: number, budgetMax: number, resets: number): readonly Scene[] {
  const [registered, ticketId, confirm] = [n(`registration ${i}`), n(`ticket ${i}`), n(`confirm ${i}`)];
  const said = { bytes: n(`bytes ${i}`), payload: n(`payload ${i}`), password: n(`word ${i}`) };
  return [
    scene(`start ${i}`, { type: 'register.start' }, { type: 'register.started', registration: registered, ticketId }),
    scene(
      `finish ${i}`,
      { type: 'register.finish', registration: registered, budgetMax, confirm, ...said },
      { type: 'register.finished', version: version - 1 },
    ),
    scene(
      `confirm ${i}`,
      { type: 'register.confirm', version: version - 1, confirm },
      { type: 'register.confirmed', version, budget: budgetMax, resets },
    ),
  ];
}

/** A vault's life: registered, guessed at, opened, refilled, erased, registered again, destroyed. */
export const life: readonly Scene[] = [
  scene('nothing yet', { type: 'status' }, status('none', 0)),
  scene('no vault', start('k0', 'word 1'), { type: 'not-registered' }),
  ...registration(1, 1, 3, 0),
  scene('charge', start('k1', 'word 1'), started(1, 2, 1)),
  scene('refund', finish('k1', 1, 'word 1'), recovered('payload 1', 1, 3, [], 'auth 1')),
  scene('second payload', finish('k1', 1, 'word 1'), recovered('payload 1', 1, 3, [])),
  scene('wrong charge', start('k2', 'wrong'), started(1, 2, 1)),
  scene('wrong finish', finish('k2', 1, 'wrong'), { type: 'wrong-secret', budget: 2 }),
  scene('old proof', { type: 'refill', authTicket: n('auth 1') }, { type: 'stale-ticket' }),
  scene('look', { type: 'status' }, status('live', 1, [3, 2, 1])),
  scene('same KE1', start('k2', 'wrong'), started(1, 2, 1)),
  scene('other KE1', start('k3', 'word 1'), started(1, 1, 2)),
  scene('own refund', finish('k3', 1, 'word 1'), recovered('payload 1', 1, 2, ['k2'], 'auth 3')),
  scene('refill', { type: 'refill', authTicket: n('auth 3') }, { type: 'refilled', budget: 3 }),
  scene('refill again', { type: 'refill', authTicket: n('auth 3') }, { type: 'stale-ticket' }),
  scene('full', { type: 'status' }, status('live', 1, [3, 3, 0])),
  scene('erase', { type: 'erase', version: 1 }, { type: 'erasure-receipt', version: 2 }),
  scene('tombstone', { type: 'status' }, status('erased', 2)),
  scene('payload of the erased', finish('k3', 1, 'word 1'), { type: 'erased', version: 2 }),
  scene('erase again', { type: 'erase', version: 1 }, { type: 'erasure-receipt', version: 2 }),
  scene('old confirm', { type: 'register.confirm', version: 0, confirm: n('confirm 1') }, { type: 'stale-ticket' }),
  ...registration(2, 3, 1, 1).slice(0, 2),
  scene('pending', start('k4', 'word 2'), { type: 'erased', version: 2 }),
  ...registration(2, 3, 1, 1).slice(2),
  scene('old erase', { type: 'erase', version: 1 }, { type: 'stale-ticket' }),
  scene('old password', finish('k3', 1, 'word 1'), { type: 'stale-ticket' }),
  scene('last guess', start('k5', 'wrong'), started(3, 0, 1)),
  scene('one too many', start('k6', 'word 2'), { type: 'destroyed', version: 4 }),
  scene('gone', { type: 'status' }, status('destroyed', 4, [0, 0, 0], { resets: 1 })),
  scene('payload of the destroyed', finish('k5', 3, 'word 2'), { type: 'destroyed', version: 4 }),
];

/** The scenes with some replies changed (null: the scene left out). Every name must be one of them. */
export function edited(scenes: readonly Scene[], edits: Readonly<Record<string, Scene['reply'] | null>>): Scene[] {
  for (const id of Object.keys(edits)) if (!scenes.some((one) => one.id === id)) throw new Error(`no scene ${id}`);
  return scenes.flatMap((one) => {
    const edit = edits[one.id];
    return edit === null ? [] : [{ ...one, reply: edit ?? one.reply }];
  });
}

/** Calls one after another. */
export function told(scenes: readonly Scene[]): History {
  const script = new Script();
  for (const { request, reply } of scenes) script.end(script.begin(request), reply);
  return script.history();
}

/** A history written by hand, with calls that overlap. */
export class Script {
  #now = 0;
  readonly #recorder = new HistoryRecorder(() => this.#now++);

  begin(request: CallRequest, process = 'ann', account = 'vault'): RecordedCall {
    return this.#recorder.invoke(process, account, request);
  }

  end(call: RecordedCall, reply: Scene['reply']): void {
    if (reply === '?') call.info('lost');
    else call.ok(reply);
  }

  call(request: CallRequest, reply: Scene['reply'], process?: string, account?: string): void {
    this.end(this.begin(request, process, account), reply);
  }

  history(): History {
    return { head, events: this.#recorder.events };
  }
}
