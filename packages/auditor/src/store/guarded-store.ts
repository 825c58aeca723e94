import { equalBytes } from '@coffer/base';
import { AuditorError } from '../errors.js';
import type { AuditorStore } from '../ports.js';

/**
 * A store that takes nothing more after a write that failed. Such a write may have happened or not, so that memory and
 * disk may differ; only a new start, which reads everything again, knows which it was.
 */
export class GuardedStore implements AuditorStore {
  readonly #inner: AuditorStore;
  readonly #onHalt: (cause: unknown) => void;
  #isHalted = false;

  constructor(inner: AuditorStore, onHalt: (cause: unknown) => void) {
    this.#inner = inner;
    this.#onHalt = onHalt;
  }

  read(name: string): Uint8Array | undefined {
    return this.#inner.read(name);
  }

  write(name: string, bytes: Uint8Array): void {
    this.verifyUsable();
    try {
      this.#inner.write(name, bytes);
    } catch (cause) {
      this.#halt(cause);
      throw new AuditorError('halted', 'a write failed', { cause });
    }
  }

  /**
   * Writes what is never replaced; also when it is there already, for whoever wrote it may have died before it was there
   * for good. @throws AuditorError `log-damaged` when something else is there.
   */
  writeOnce(name: string, bytes: Uint8Array): void {
    this.#verifySame(name, bytes);
    this.write(name, bytes);
  }

  /** Writes what follows from the rest and may be written again at any time. @throws as {@link writeOnce}. */
  writeDerived(name: string, bytes: Uint8Array): void {
    if (!this.#verifySame(name, bytes)) this.write(name, bytes);
  }

  /** Writes what is there once more, so that a power cut does not take back what is about to be relied on. */
  renew(name: string): void {
    const bytes = this.read(name);
    if (bytes !== undefined) this.write(name, bytes);
  }

  /** @throws AuditorError `halted` after a failed write. */
  verifyUsable(): void {
    if (this.#isHalted) throw new AuditorError('halted', 'a write failed before');
  }

  /** @returns whether these bytes are there. */
  #verifySame(name: string, bytes: Uint8Array): boolean {
    const there = this.read(name);
    if (there === undefined || equalBytes(there, bytes)) return there !== undefined;
    const error = new AuditorError('log-damaged', `${name} holds something else`);
    this.#halt(error);
    throw error;
  }

  #halt(cause: unknown): void {
    this.#isHalted = true;
    this.#onHalt(cause);
  }
}
