import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type BirthReply,
  type BirthRequest,
  decodeBirthReply,
  encodeBirthRequest,
  hostFrameBytesMax,
} from '@coffer/hsm';
import { encodeFrame, FrameDecoder } from '@coffer/wire';
import { type End, ended } from './fixture.js';

const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));

/** One hsmd process that starts without keys. */
export class Newborn {
  readonly site: string;
  readonly #root: string;
  #child: ChildProcess | undefined;

  /** What its configuration has instead of a key file, and what its process gets to read a PIN from. */
  readonly #token: { readonly keyStore: object; readonly env?: object; readonly fd3?: () => number } | undefined;

  constructor(root: string, site: string, token?: { keyStore: object; env?: object; fd3?: () => number }) {
    this.site = site;
    this.#token = token;
    this.#root = join(root, site);
    mkdirSync(this.#root);
  }

  path(name: string): string {
    return join(this.#root, name);
  }

  /** Starts it, and resolves once it listens. */
  async start(part: object = { birth: { site: this.site } }): Promise<void> {
    const child = this.#spawn(part);
    this.#child = child;
    for (;;) {
      const socket = await this.#connect();
      if (socket !== undefined) return void socket.destroy();
      if (child.exitCode !== null) throw new Error(`hsmd ended with ${child.exitCode}`);
    }
  }

  /** Runs it to its end. */
  run(part: object): Promise<End> {
    return ended(this.#spawn(part));
  }

  async restart(): Promise<void> {
    await this.kill();
    await this.start();
  }

  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  async call(body: BirthRequest): Promise<BirthReply> {
    const socket = await this.#connect();
    if (socket === undefined) throw new Error('nobody listens');
    const decoder = new FrameDecoder(hostFrameBytesMax);
    socket.write(encodeFrame(encodeBirthRequest({ id: 1, body }), hostFrameBytesMax));
    for (;;) {
      const [chunk] = (await once(socket, 'data')) as [Uint8Array];
      const [frame] = decoder.push(chunk);
      if (frame === undefined) continue;
      socket.destroy();
      return decodeBirthReply(frame).body;
    }
  }

  async ask<T extends BirthReply['type']>(type: T, body: BirthRequest): Promise<Extract<BirthReply, { type: T }>> {
    const reply = await this.call(body);
    if (reply.type !== type) throw new Error(`expected ${type}, got ${JSON.stringify(reply)}`);
    return reply as Extract<BirthReply, { type: T }>;
  }

  #spawn(part: object): ChildProcess {
    const keyStore = this.#token?.keyStore ?? 'keys.bin';
    const config = { keyStore, state: 'state.bin', socket: 'hsm.sock', log: { file: 'log' }, ...part };
    writeFileSync(this.path('hsmd.json'), JSON.stringify(config));
    const fd3 = this.#token?.fd3?.();
    const child = spawn(process.execPath, [main, '--config', this.path('hsmd.json')], {
      stdio: ['ignore', 'ignore', 'pipe', fd3 ?? 'ignore'],
      env: { ...process.env, ...this.#token?.env },
    });
    if (fd3 !== undefined) closeSync(fd3);
    return child;
  }

  async #connect(): Promise<Socket | undefined> {
    const socket = connect(this.path('hsm.sock'));
    try {
      await once(socket, 'connect');
      return socket;
    } catch {
      return undefined;
    }
  }
}
