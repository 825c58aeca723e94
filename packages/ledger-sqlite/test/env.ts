import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock, Timers } from '@coffer/base';
import { contractFleet, type Ledger, type LedgerEnv } from '@coffer/ledger';
import { SqliteLedger } from '@coffer/ledger-sqlite';

/** Time that moves only when a test says so. */
export class VirtualTime implements Clock, Timers {
  #nowMs = 1_700_000_000_000;
  readonly #tasks = new Set<{ atMs: number; task: () => void }>();

  nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, task: () => void): () => void {
    const entry = { atMs: this.#nowMs + delayMs, task };
    this.#tasks.add(entry);
    return () => this.#tasks.delete(entry);
  }

  pass(ms: number): void {
    const endMs = this.#nowMs + ms;
    for (;;) {
      const due = [...this.#tasks].filter(({ atMs }) => atMs <= endMs).sort((a, b) => a.atMs - b.atMs)[0];
      if (due === undefined) break;
      this.#tasks.delete(due);
      this.#nowMs = due.atMs;
      due.task();
    }
    this.#nowMs = endMs;
  }
}

/** Real timers, for tests in which several processes really wait for each other. */
export const realPorts = {
  clock: { nowMs: () => Date.now() },
  timers: {
    after(delayMs: number, task: () => void): () => void {
      const timer = setTimeout(task, delayMs);
      return () => clearTimeout(timer);
    },
  },
};

/** Calls `use` with the path of a file in a folder of its own, which is removed afterwards. */
export async function withFile(use: (path: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'coffer-ledger-'));
  try {
    await use(join(folder, 'ledger.db'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Calls `use` with an environment for the contract suite over one new file, and closes what it opened. */
export async function withEnv(use: (env: LedgerEnv) => Promise<void>): Promise<void> {
  await withFile(async (path) => {
    const time = new VirtualTime();
    const opened: Ledger[] = [];
    try {
      await use({
        async open() {
          const ledger = await SqliteLedger.open(path, contractFleet, { clock: time, timers: time });
          opened.push(ledger);
          return ledger;
        },
        async pass(ms) {
          time.pass(ms);
        },
      });
    } finally {
      for (const ledger of opened) await ledger.close();
    }
  });
}
