import { type ChildProcess, spawn } from 'node:child_process';
import { exitCodes } from '@coffer/host';
import type { DaemonSpec } from './daemon-configs.js';

/** How a process ended. */
export interface DaemonExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Last line that it wrote to standard error; empty when there was none. */
  readonly message: string;
}

/** Told about every end that nobody asked for. `againInMs`: when it is started again; undefined for never. */
export type ExitListener = (spec: DaemonSpec, exit: DaemonExit, againInMs: number | undefined) => void;

/** How long a process may take to stop before it is killed. */
const stopMs = 5_000;
const backoffMsMin = 250;
const backoffMsMax = 10_000;
/** A process that ran this long starts with the shortest pause again. */
const steadyMs = 30_000;
const messageCharsMax = 500;

/** One supervised process. It never outlives this one: its standard input ends when we do. */
export class Daemon {
  readonly spec: DaemonSpec;
  readonly #restarts: boolean;
  readonly #onExit: ExitListener;
  #child: ChildProcess | undefined;
  #ended: Promise<DaemonExit> | undefined;
  #restartTimer: NodeJS.Timeout | undefined;
  #backoffMs = backoffMsMin;
  #isWanted = false;

  constructor(spec: DaemonSpec, restarts: boolean, onExit: ExitListener) {
    this.spec = spec;
    this.#restarts = restarts;
    this.#onExit = onExit;
  }

  start(): void {
    if (this.#child !== undefined) return;
    this.#isWanted = true;
    clearTimeout(this.#restartTimer);
    const startedMs = Date.now();
    const { main, config } = this.spec;
    // A process group of its own: Ctrl-C reaches us alone, and we stop the fleet in order.
    const args = typeof config === 'string' ? ['--config', config] : config;
    const child = spawn(process.execPath, [main, ...args, '--exit-with-parent'], {
      stdio: ['pipe', 'ignore', 'pipe'],
      detached: true,
    });
    this.#child = child;
    let message = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      const line = text.trim().split('\n').at(-1);
      if (line !== undefined && line !== '') message = line.slice(0, messageCharsMax);
    });
    child.stdin?.on('error', () => undefined);
    this.#ended = new Promise((resolve) => {
      const end = (code: number | null, signal: NodeJS.Signals | null): void => {
        if (this.#child !== child) return;
        this.#child = undefined;
        const exit = { code, signal, message };
        resolve(exit);
        if (this.#isWanted) this.#endedUnasked(exit, Date.now() - startedMs);
      };
      child.on('error', () => end(exitCodes.unavailable, null));
      child.on('close', end);
    });
  }

  /** Resolves when the process has ended; at once with undefined when it was never started. */
  async exited(): Promise<DaemonExit | undefined> {
    return this.#ended;
  }

  /** SIGKILL, as a power cut would do it. Not started again. */
  async kill(): Promise<void> {
    this.#isWanted = false;
    clearTimeout(this.#restartTimer);
    this.#child?.kill('SIGKILL');
    await this.#ended;
  }

  /** SIGSTOP: it is there and does nothing, until {@link thaw}. Whoever freezes a process thaws or kills it: alone it stays. */
  freeze(): void {
    this.#child?.kill('SIGSTOP');
  }

  /** SIGCONT: it goes on as if no time had passed. */
  thaw(): void {
    this.#child?.kill('SIGCONT');
  }

  /** Asks it to stop, and kills it when it does not. */
  async stop(): Promise<void> {
    this.#isWanted = false;
    clearTimeout(this.#restartTimer);
    const child = this.#child;
    if (child === undefined) return;
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), stopMs);
    await this.#ended;
    clearTimeout(timer);
  }

  #endedUnasked(exit: DaemonExit, ranMs: number): void {
    if (ranMs > steadyMs) this.#backoffMs = backoffMsMin;
    // An HSM that refused or halted must stay down: on the same state it can only be wrong again. So must a bad config.
    const isFinal = [exitCodes.usage, exitCodes.hsmRefuses, exitCodes.hsmHalted].some((code) => code === exit.code);
    const againInMs = this.#restarts && !isFinal ? this.#backoffMs : undefined;
    this.#onExit(this.spec, exit, againInMs);
    if (againInMs === undefined) {
      this.#isWanted = false;
      return;
    }
    this.#backoffMs = Math.min(2 * this.#backoffMs, backoffMsMax);
    this.#restartTimer = setTimeout(() => this.start(), againInMs);
  }
}
