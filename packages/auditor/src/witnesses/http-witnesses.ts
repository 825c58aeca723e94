import type { Clock, Timers } from '@coffer/base';
import { invariant } from '@coffer/base';
import {
  addCheckpointBytesMax,
  decodeConflict,
  decodeSignatureLines,
  encodeAddCheckpoint,
  type NoteSignature,
  type PolicyWitness,
} from '@coffer/transparency';
import { readBytes } from '../http/response-body.js';
import { witnessAnswerBytesMax, witnessGraceMsDefault, witnessTimeoutMsDefault, witnessTriesMax } from '../limits.js';
import type { AuditorEvent, CosignRequest, Witnesses, WitnessFailure } from '../ports.js';
import { type Cosignature, isQuorum, verifiedCosignatures } from './cosignatures.js';

export interface HttpWitnessesOptions {
  readonly clock: Clock;
  readonly timers: Timers;
  /** How long all of them have together. */
  readonly timeoutMs?: number;
  /** How long the others are waited for once there is a quorum. */
  readonly graceMs?: number;
  readonly fetch?: typeof fetch;
  readonly onEvent?: (event: AuditorEvent) => void;
}

/** Asked something that it does not answer with signature lines. */
class Unanswered extends Error {
  readonly why: WitnessFailure;

  constructor(why: WitnessFailure) {
    super(why);
    this.why = why;
  }
}

/** Witnesses over HTTP, by `POST <url>/add-checkpoint` (C2SP tlog-witness). The URLs are those of the policy. */
export class HttpWitnesses implements Witnesses {
  readonly #options: HttpWitnessesOptions;
  readonly #fetch: typeof fetch;
  /** What each cosigned last, by URL and log. A guess: the witness says so if it is wrong. */
  readonly #sizes = new Map<string, number>();

  constructor(options: HttpWitnessesOptions) {
    this.#options = options;
    this.#fetch = options.fetch ?? fetch;
  }

  /** Resolves when all have answered, a quorum has and the others had their grace, or the time is over. */
  cosign(request: CosignRequest): Promise<readonly NoteSignature[]> {
    const { clock, timers, timeoutMs = witnessTimeoutMsDefault, graceMs = witnessGraceMsDefault } = this.#options;
    const { policy, text } = request;
    const stop = new AbortController();
    const collected: Cosignature[] = [];
    return new Promise((resolve) => {
      let isDone = false;
      const done = (): void => {
        if (isDone) return;
        isDone = true;
        for (const cancel of timed) cancel();
        stop.abort();
        resolve(collected.map(({ line }) => line));
      };
      const timed = [timers.after(timeoutMs, done)];
      const take = (lines: readonly NoteSignature[], witness: PolicyWitness): void => {
        if (isDone) return;
        // Only its own line: one witness must not answer in the name of another.
        const own = verifiedCosignatures({ ...policy, witnesses: [witness] }, text, lines, clock.nowMs());
        if (own.length === 0) this.#failed(witness, 'bad-answer');
        const hadQuorum = isQuorum(policy, collected);
        collected.push(...own);
        if (!hadQuorum && isQuorum(policy, collected)) timed.push(timers.after(graceMs, done));
      };
      const asked = policy.witnesses.map((witness) =>
        this.#ask(request, witness, stop.signal).then(
          (lines) => take(lines, witness),
          (error: unknown) =>
            this.#failed(witness, error instanceof Unanswered ? error.why : isDone ? 'timeout' : 'unreachable'),
        ),
      );
      Promise.all(asked).then(done);
    });
  }

  #failed({ name }: PolicyWitness, why: WitnessFailure): void {
    this.#options.onEvent?.({ type: 'witness-failed', witness: name, why });
  }

  async #ask(request: CosignRequest, { url }: PolicyWitness, signal: AbortSignal): Promise<readonly NoteSignature[]> {
    if (url === undefined) throw new Unanswered('no-url');
    const id = `${url} ${request.text.split('\n')[0]}`;
    for (let tries = 0; tries < witnessTriesMax; tries++) {
      const oldSize = Math.min(this.#sizes.get(id) ?? 0, request.size);
      const body = encodeAddCheckpoint({
        oldSize,
        hashes: request.prove(oldSize),
        checkpoint: request.checkpoint,
      });
      invariant(body.length <= addCheckpointBytesMax, 'an add-checkpoint request within its limit');
      const response = await this.#fetch(`${url.replace(/\/$/, '')}/add-checkpoint`, {
        method: 'POST',
        body: body.slice().buffer,
        // A witness that sends us elsewhere could make us ask anything of anybody in our own network.
        redirect: 'error',
        signal,
      });
      const answer = await readBytes(response, witnessAnswerBytesMax);
      if (response.status === 200) {
        this.#sizes.set(id, request.size);
        return linesOf(answer);
      }
      if (response.status !== 409) throw new Unanswered('status');
      const size = conflictOf(answer);
      if (size > request.size) throw new Unanswered('ahead');
      // The right size, and still a conflict: it has another tree of that size.
      if (size === oldSize) throw new Unanswered('conflict');
      this.#sizes.set(id, size);
    }
    throw new Unanswered('conflict');
  }
}

function linesOf(answer: Uint8Array): readonly NoteSignature[] {
  try {
    return decodeSignatureLines(answer);
  } catch {
    throw new Unanswered('bad-answer');
  }
}

function conflictOf(answer: Uint8Array): number {
  try {
    return decodeConflict(answer);
  } catch {
    throw new Unanswered('bad-answer');
  }
}
