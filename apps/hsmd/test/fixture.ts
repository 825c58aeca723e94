import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { fileURLToPath } from 'node:url';
import { systemEntropy } from '@coffer/crypto';
import { replaceFile } from '@coffer/host';
import {
  decodeHostReply,
  encodeHostRequest,
  type HostReply,
  type HostRequest,
  hostFrameBytesMax,
  type KeyStore,
  type Numbered,
  provisionFleet,
  SoftKeyStore,
} from '@coffer/hsm';
import { encodeFrame, FrameDecoder } from '@coffer/wire';

const main: string = fileURLToPath(new URL('../dist/main.js', import.meta.url));

export interface End {
  readonly code: number | null;
  readonly err: string;
}

/** The first HSM of a new fleet of three, as files in a temporary folder. */
export class Site {
  readonly root: string;
  readonly config: Record<string, unknown>;
  /** Sealed first state of another member. */
  readonly othersState: Uint8Array;
  /** The program that is started. */
  main = main;
  readonly #children = new Set<ChildProcess>();

  /** @param token - keys of the first HSM, and how its configuration names them; a file of its own by default. */
  constructor(token?: { readonly keyStore: KeyStore; readonly config: unknown }) {
    this.root = mkdtempSync(join(tmpdir(), 'coffer-hsmd-'));
    const files = [1, 2, 3].map(() => SoftKeyStore.generate(systemEntropy));
    const keyStores = [token?.keyStore ?? (files[0] as KeyStore), ...files.slice(1)];
    const { descriptor, states } = provisionFleet({
      sites: ['a', 'b', 'c'],
      keyStores,
      groups: 2,
      budgetLimit: 10,
      rollbackTolerance: 0,
      entropy: systemEntropy,
    });
    replaceFile(this.path('fleet.json'), descriptor);
    replaceFile(this.path('keys.bin'), files[0]?.export() as Uint8Array);
    replaceFile(this.path('state.bin'), states[0] as Uint8Array);
    this.othersState = states[1] as Uint8Array;
    this.config = {
      fleet: 'fleet.json',
      keyStore: token?.config ?? 'keys.bin',
      state: 'state.bin',
      socket: 'hsm.sock',
      log: { file: 'log' },
    };
    after(() => {
      for (const child of this.#children) child.kill('SIGKILL');
      rmSync(this.root, { recursive: true });
    });
  }

  path(name: string): string {
    return join(this.root, name);
  }

  spawn(config: Record<string, unknown> = this.config): ChildProcess {
    const file = this.path('hsmd.json');
    writeFileSync(file, JSON.stringify(config));
    const child = spawn(process.execPath, [this.main, '--config', file], { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#children.add(child);
    return child;
  }

  /** Runs it to its end. */
  async end(config?: Record<string, unknown>): Promise<End> {
    return ended(this.spawn(config));
  }

  /** Starts it, and resolves once it answers. */
  async start(): Promise<{ readonly child: ChildProcess; readonly host: Host }> {
    const child = this.spawn();
    for (;;) {
      const host = await Host.connect(this.path('hsm.sock'));
      if (host !== undefined) return { child, host };
      if (child.exitCode !== null) throw new Error(`hsmd ended with ${child.exitCode}`);
    }
  }
}

export async function ended(child: ChildProcess): Promise<End> {
  let err = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, err };
}

/** The host's end of one connection. */
export class Host {
  readonly socket: Socket;
  readonly #decoder = new FrameDecoder(hostFrameBytesMax);
  readonly #replies: Numbered<HostReply>[] = [];

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk) => {
      for (const frame of this.#decoder.push(chunk)) this.#replies.push(decodeHostReply(frame));
    });
    socket.on('error', () => undefined);
  }

  /** @returns undefined when nobody listens. */
  static async connect(path: string): Promise<Host | undefined> {
    const socket = connect(path);
    try {
      await once(socket, 'connect');
      return new Host(socket);
    } catch {
      return undefined;
    }
  }

  send(id: number, body: HostRequest): void {
    this.sendFrame(encodeHostRequest({ id, body }));
  }

  sendFrame(frame: Uint8Array): void {
    this.socket.write(encodeFrame(frame, hostFrameBytesMax));
  }

  /** The next reply; undefined when the connection ends without one. */
  async reply(): Promise<Numbered<HostReply> | undefined> {
    while (this.#replies.length === 0) {
      if (this.socket.destroyed) return undefined;
      await Promise.race([once(this.socket, 'data'), once(this.socket, 'close')]).catch(() => undefined);
    }
    return this.#replies.shift();
  }

  async ask(body: HostRequest): Promise<HostReply | undefined> {
    this.send(1, body);
    return (await this.reply())?.body;
  }

  close(): void {
    this.socket.destroy();
  }
}
