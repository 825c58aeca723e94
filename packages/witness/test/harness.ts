import { type Clock, concat, utf8 } from '@coffer/base';
import { sha256 } from '@coffer/crypto';
import {
  appendLeaf,
  emptyFrontier,
  encodeAddCheckpoint,
  encodeCheckpoint,
  encodeNote,
  frontierRoot,
  leafHash,
  type NoteSigner,
  noteSigner,
  proveConsistency,
  signNote,
  treeRoot,
} from '@coffer/transparency';
import type { WitnessStore } from '@coffer/witness';

export const seedOf = (name: string): Uint8Array => sha256(utf8(`coffer witness test seed: ${name}`));
export const witnessKey: NoteSigner = noteSigner('witness.example/w1', 'witness', seedOf('w1'));
export const origin = 'log.example/fleet-keys';
export const startMs = 1_800_000_000_000;

export class TestClock implements Clock {
  ms = startMs;
  nowMs(): number {
    return this.ms;
  }
}

/** A log that signs whatever it has. Leaves from `forkAt` on are another history. */
export class TestLog {
  readonly signer: NoteSigner;
  readonly #nodes = new Map<string, Uint8Array>();
  #frontier = emptyFrontier;

  constructor(size: number, { forkAt = size, name = origin, key = 'log' } = {}) {
    this.signer = noteSigner(name, 'log', seedOf(key));
    for (let i = 0; i < size; i++) {
      const { frontier, completed } = appendLeaf(
        this.#frontier,
        leafHash(utf8(`${i < forkAt ? 'leaf' : 'other'} ${i}`)),
      );
      for (const { level, index, hash } of completed) this.#nodes.set(`${level}/${index}`, hash);
      this.#frontier = frontier;
    }
  }

  #read = ({ level, index }: { level: number; index: number }): Uint8Array =>
    this.#nodes.get(`${level}/${index}`) as Uint8Array;

  root(size: number): Uint8Array {
    return size === this.#frontier.size ? frontierRoot(this.#frontier) : treeRoot(size, this.#read);
  }

  text(size: number): string {
    return encodeCheckpoint({ origin: this.signer.name, size, root: this.root(size) });
  }

  note(size: number): Uint8Array {
    const text = this.text(size);
    return encodeNote({ text, signatures: [signNote(text, this.signer)] });
  }

  /** Body of an add-checkpoint request. */
  request(oldSize: number, size: number): Uint8Array {
    const hashes = proveConsistency(Math.min(oldSize, size), size, this.#read);
    return encodeAddCheckpoint({ oldSize, hashes, checkpoint: this.note(size) });
  }
}

export class PowerCut extends Error {}

/** In memory; can fail one write before or after it happened. */
export class MemoryStore implements WitnessStore {
  readonly files = new Map<string, Uint8Array>();
  writes = 0;
  /** Number of the write that fails, from 1. */
  failsAt = 0;
  failsWhen: 'before' | 'after' = 'before';

  read(name: string): Uint8Array | undefined {
    return this.files.get(name)?.slice();
  }

  write(name: string, bytes: Uint8Array): void {
    this.writes++;
    if (this.writes === this.failsAt && this.failsWhen === 'before') throw new PowerCut(name);
    this.files.set(name, bytes.slice());
    if (this.writes === this.failsAt) throw new PowerCut(name);
  }
}

/** `bytes` with one bit changed. */
export function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const changed = bytes.slice();
  changed[at] = (changed[at] as number) ^ 1;
  return changed;
}

/** Padding to exactly `length` bytes. */
export const padded = (bytes: Uint8Array, length: number): Uint8Array =>
  concat(bytes, new Uint8Array(length - bytes.length).fill(0x41));
