import { type Clock, hex } from '@coffer/base';
import {
  type Checkpoint,
  cosignCheckpoint,
  decodeAddCheckpoint,
  decodeCheckpoint,
  decodeNote,
  encodeConflict,
  encodeSignatureLines,
  type NoteKey,
  type NoteSigner,
  pruneCheckpoint,
  stepWitness,
} from '@coffer/transparency';
import { WitnessError } from './errors.js';
import { logsMax } from './limits.js';
import type { WitnessEvent, WitnessStore } from './ports.js';
import { decodeStored, encodeStored, type StoredCheckpoint } from './stored-checkpoint.js';

export interface WitnessOptions {
  /** A key of use `witness`; the seed stays the caller's. */
  readonly signer: NoteSigner;
  /** The logs that it watches, at most {@link logsMax}. A log whose key changes is listed with both. */
  readonly logs: readonly NoteKey[];
  readonly store: WitnessStore;
  readonly clock: Clock;
  readonly onEvent?: (event: WitnessEvent) => void;
}

/** An answer of `POST add-checkpoint`. */
export interface WitnessReply {
  readonly status: 200 | 400 | 403 | 404 | 409 | 422;
  readonly contentType: string;
  readonly body: Uint8Array;
}

const text = 'text/plain; charset=utf-8';

/**
 * A witness of transparency logs (C2SP tlog-witness): it cosigns a checkpoint only if that begins with everything that it
 * cosigned before. Two trees that both have its cosignature would be two histories that two victims could be shown.
 *
 * A request is read, judged, persisted and signed without a pause in which another one could run, so requests of a log
 * come one after another by themselves: two answers from one state could put the log back.
 */
export class Witness {
  readonly #options: WitnessOptions;
  readonly #latest = new Map<string, StoredCheckpoint>();
  #isHalted = false;

  /** @throws WitnessError `bad-config`, `state-damaged`, `halted`. */
  constructor(options: WitnessOptions) {
    const { signer, logs, store } = options;
    const isUse = signer.use === 'witness' && logs.every(({ use }) => use === 'log');
    const keys = [signer, ...logs].map(({ key }) => hex(key));
    if (!isUse || logs.length === 0 || logs.length > logsMax || new Set(keys).size !== keys.length)
      throw new WitnessError('bad-config', 'a witness key, and one or more logs with keys of their own');
    this.#options = options;
    for (const origin of new Set(logs.map(({ name }) => name))) {
      const bytes = store.read(origin);
      if (bytes === undefined) continue;
      this.#latest.set(origin, decodeStored(bytes, origin));
      // A write that failed half-way before the restart may be seen now and still be gone after a power cut. Written once
      // more it is there to stay, before anything is signed that relies on it.
      this.#write(origin, bytes);
    }
  }

  /** What was cosigned last for a log; undefined for none. */
  latest(origin: string): Checkpoint | undefined {
    return this.#latest.get(origin)?.checkpoint;
  }

  /**
   * Answers one request.
   * @param body - as received, at most `addCheckpointBytesMax`; longer ones get 400.
   * @throws WitnessError `halted`: nothing was signed, and nothing will be until a new start.
   */
  addCheckpoint(body: Uint8Array): WitnessReply {
    if (this.#isHalted) throw new WitnessError('halted', 'a write failed before');
    const { logs, signer, clock, onEvent } = this.#options;
    const listed = logs.map((key) => ({ key }));
    const answer = stepWitness(body, listed, (origin) => this.latest(origin));
    if (answer.status !== 200) {
      onEvent?.({ type: 'refused', status: answer.status });
      if (answer.status === 409 || answer.status === 422) this.#reportConflict(body);
      if (answer.status !== 409) return { status: answer.status, contentType: text, body: new Uint8Array(0) };
      return { status: 409, contentType: 'text/x.tlog.size', body: encodeConflict(answer.size) };
    }
    const { latest } = answer;
    const before = this.latest(latest.origin);
    const isNew = before === undefined || before.size !== latest.size;
    if (isNew) {
      const note = pruneCheckpoint(decodeAddCheckpoint(body).checkpoint, { logs: listed, witnesses: [] });
      // Persist, then sign: a cosignature that a power cut makes us forget could be followed by one of another tree.
      this.#write(latest.origin, encodeStored(note));
      this.#latest.set(latest.origin, { checkpoint: latest, note });
    }
    const line = cosignCheckpoint(answer.text, signer, Math.floor(clock.nowMs() / 1000));
    onEvent?.({ type: 'cosigned', origin: latest.origin, size: latest.size, isNew });
    return { status: 200, contentType: text, body: encodeSignatureLines([line]) };
  }

  #write(origin: string, bytes: Uint8Array): void {
    try {
      this.#options.store.write(origin, bytes);
    } catch (cause) {
      // Nobody knows whether it happened. Memory says no, and the disk may say yes.
      this.#isHalted = true;
      this.#options.onEvent?.({ type: 'halted', cause });
      throw new WitnessError('halted', 'a checkpoint could not be persisted', { cause });
    }
  }

  /** A 409 for a size that the log guessed wrong says nothing. */
  #reportConflict(body: Uint8Array): void {
    const { oldSize, checkpoint: shown } = decodeAddCheckpoint(body);
    const { origin, size } = decodeCheckpoint(decodeNote(shown).text);
    const known = this.#latest.get(origin);
    if (known === undefined || oldSize !== known.checkpoint.size) return;
    const isProof = size === known.checkpoint.size;
    this.#options.onEvent?.({ type: 'conflict', origin, held: known.note, shown, isProof });
  }
}
