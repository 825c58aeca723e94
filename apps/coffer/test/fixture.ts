import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../bin/coffer.js', import.meta.url));
/** Longest wait for something that must come. */
const deadlineMs = 60_000;

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
  /** The only line of standard output, where it is one JSON object. */
  readonly json: Record<string, unknown>;
}

export interface RunOptions {
  readonly stdin?: string;
  readonly onStart?: (child: ChildProcess) => void;
}

/** A temporary place with a home of its own, in which the program runs. */
export class Place {
  readonly root: string;
  readonly #children = new Set<ChildProcess>();

  constructor() {
    this.root = mkdtempSync(join(tmpdir(), 'coffer-e2e-'));
    mkdirSync(this.path('tmp'));
    after(async () => {
      for (const child of this.#children) child.kill('SIGKILL');
      // The daemons of a killed program go by themselves, and until then they write.
      await eventually(async () => this.processes().length === 0);
      rmSync(this.root, { recursive: true, force: true, maxRetries: 10 });
    });
  }

  path(...names: readonly string[]): string {
    return join(this.root, ...names);
  }

  spawn(args: readonly string[]): ChildProcess {
    const env = { ...process.env, XDG_STATE_HOME: this.path('home'), TMPDIR: this.path('tmp'), NO_COLOR: '1' };
    const child = spawn(process.execPath, [main, ...args], { cwd: this.root, env, stdio: 'pipe' });
    this.#children.add(child);
    child.on('exit', () => this.#children.delete(child));
    return child;
  }

  /** Has a process that a test started itself killed at the end with the others. */
  adopt(child: ChildProcess): void {
    this.#children.add(child);
  }

  async run(args: readonly string[], { stdin = '', onStart }: RunOptions = {}): Promise<Ended> {
    const child = this.spawn(args);
    const ended = outcome(child);
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(stdin);
    onStart?.(child);
    return ended;
  }

  /** Processes that have this place in their command line, other than the test's own. Linux; elsewhere none is found. */
  processes(): string[] {
    try {
      return readdirSync('/proc').filter((id) => /^\d+$/.test(id) && id !== String(process.pid) && isOf(id, this.root));
    } catch {
      return [];
    }
  }
}

function isOf(id: string, root: string): boolean {
  try {
    return readFileSync(`/proc/${id}/cmdline`, 'utf8').includes(root);
  } catch {
    return false;
  }
}

export async function outcome(child: ChildProcess): Promise<Ended> {
  const text = { out: '', err: '' };
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    text.out += chunk;
  });
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    text.err += chunk;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, ...text, json: jsonOf(text.out) };
}

function jsonOf(out: string): Record<string, unknown> {
  const lines = out.trim().split('\n');
  try {
    return lines.length === 1 ? (JSON.parse(lines[0] as string) as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/** Resolves once `isTrue`; looks often, fails at a deadline. */
export async function eventually(isTrue: () => Promise<boolean>): Promise<void> {
  for (const endMs = Date.now() + deadlineMs; !(await isTrue()); await pause(20)) {
    assert.ok(Date.now() < endMs, 'it never came true');
  }
}

/** A running `coffer up --json`. */
export class Up {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Listened for from the start: it may be said while somebody waits for another one. */
  readonly #line: Promise<string>;
  /** What it said so far on standard error. */
  err = '';

  constructor(place: Place, args: readonly string[] = []) {
    this.child = place.spawn(['up', '--json', ...args]);
    this.#line = once(this.child.stdout as NodeJS.ReadableStream, 'data').then(([text]) => String(text));
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.err += text;
    });
    this.ended = outcome(this.child);
  }

  /** What it prints once it is ready. */
  async ready(): Promise<Record<string, unknown>> {
    const first = await Promise.race([this.#line, this.ended.then(({ code, err }) => `ended with ${code}: ${err}`)]);
    return JSON.parse(first) as Record<string, unknown>;
  }

  async stop(): Promise<Ended> {
    this.child.kill('SIGINT');
    return this.ended;
  }
}

/** A folder with a bit of everything, for demonstrations. */
export function smallFolder(place: Place): string {
  const folder = place.path('files');
  mkdirSync(place.path('files', 'sub', 'empty'), { recursive: true });
  mkdirSync(place.path('files', 'node_modules'));
  writeFileSync(place.path('files', 'letter.txt'), 'Dear Ada,\n');
  writeFileSync(place.path('files', 'sub', 'nothing'), '');
  writeFileSync(place.path('files', 'sub', 'run.sh'), '#!/bin/sh\n');
  writeFileSync(place.path('files', 'node_modules', 'left-out'), 'x'.repeat(1_000_000));
  chmodSync(place.path('files', 'sub', 'run.sh'), 0o755);
  symlinkSync('sub/run.sh', place.path('files', 'link'));
  return folder;
}
