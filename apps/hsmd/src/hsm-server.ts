import { chmodSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { privateFileMode } from '@coffer/host';
import { hostFrameBytesMax } from '@coffer/hsm';
import { encodeFrame, FrameDecoder, WireError } from '@coffer/wire';
import { checkSocketPath, clearSocketPath } from './socket-path.js';

/** The agent, and a few tools of the operator's. */
export const connectionsMax = 8;
/** Frames that wait for the next step. An agent that sends more is not read from until they are answered. */
export const framesWaitingMax = 256;
/** Replies that a connection may leave unread before it is not read from any more. */
export const unreadBytesMax = 4 * hostFrameBytesMax;
/** How long a connection has to take `halted` before it is closed. */
export const haltedFlushMs = 500;

/** The part of an HSM that the server needs. */
export interface Steps {
  readonly halted: boolean;
  /** Once it has halted: `halted` to every request, and nothing is persisted or signed. */
  step(frames: readonly Uint8Array[]): Uint8Array[];
}

/** What the server tells its process. */
export interface ServerEvents {
  /** The HSM has halted; whoever waited was told, and nothing more is answered. */
  onHalt(): void;
  /** A connection sent what no agent sends, and was closed. */
  onBadPeer(reason: 'frame-too-large' | 'too-many-connections'): void;
}

interface Waiting {
  readonly socket: Socket;
  readonly frame: Uint8Array;
}

/**
 * Speaks for one HSM on its own Unix socket. All frames that arrive in one turn of the event loop go into one step, so
 * that one write to the NVRAM serves them all.
 */
export class HsmServer {
  readonly #hsm: Steps;
  readonly #events: ServerEvents;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #waiting: Waiting[] = [];
  #isStepPlanned = false;
  #isClosed = false;

  private constructor(hsm: Steps, events: ServerEvents) {
    this.#hsm = hsm;
    this.#events = events;
    this.#server = createServer((socket) => this.#accept(socket));
  }

  /**
   * Listens on `path`; the socket is open to this user alone.
   * @throws HostError `bad-config` for a path that is too long, `in-use`, `file`; the system's error otherwise.
   */
  static async listen(hsm: Steps, path: string, events: ServerEvents): Promise<HsmServer> {
    checkSocketPath(path);
    await clearSocketPath(path);
    const server = new HsmServer(hsm, events);
    // The socket is made within `listen`: with this mask nobody else can open it, not even for the moment before a chmod.
    const mask = process.umask(0o777 & ~privateFileMode);
    try {
      await new Promise<void>((resolve, reject) => {
        server.#server.once('error', reject);
        server.#server.listen(path, resolve);
        process.umask(mask);
      });
    } finally {
      process.umask(mask);
    }
    chmodSync(path, privateFileMode);
    return server;
  }

  /** Answers what has arrived, then closes. Node removes the socket file. */
  async close(): Promise<void> {
    this.#step();
    this.#isClosed = true;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#sockets) socket.end(() => socket.destroy());
    await closed;
  }

  #accept(socket: Socket): void {
    if (this.#sockets.size >= connectionsMax || this.#isClosed) {
      this.#events.onBadPeer('too-many-connections');
      socket.destroy();
      return;
    }
    const decoder = new FrameDecoder(hostFrameBytesMax);
    this.#sockets.add(socket);
    socket.on('data', (chunk: Buffer) => this.#read(socket, decoder, chunk));
    socket.on('drain', () => socket.resume());
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', () => socket.destroy());
  }

  #read(socket: Socket, decoder: FrameDecoder, chunk: Uint8Array): void {
    try {
      for (const frame of decoder.push(chunk)) this.#waiting.push({ socket, frame });
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.#events.onBadPeer('frame-too-large');
      socket.destroy();
      return;
    }
    if (this.#waiting.length >= framesWaitingMax) this.#step();
    else this.#planStep();
  }

  #planStep(): void {
    if (this.#isStepPlanned || this.#waiting.length === 0) return;
    this.#isStepPlanned = true;
    setImmediate(() => {
      this.#isStepPlanned = false;
      this.#step();
    });
  }

  #step(): void {
    const taken = this.#waiting;
    this.#waiting = [];
    if (this.#isClosed || taken.length === 0) return;
    const replies = this.#hsm.step(taken.map(({ frame }) => frame));
    if (this.#hsm.halted) this.#halt(taken);
    else this.#replyAll(taken, replies);
  }

  /**
   * Tells whoever waits that the HSM has halted, and closes. Nothing leaves that it said in the step that halted it: that
   * was said by a program that no longer knows what it has promised. It is asked again instead, and now says nothing else.
   */
  #halt(asked: readonly Waiting[]): void {
    this.#isClosed = true;
    this.#replyAll(asked, this.#hsm.step(asked.map(({ frame }) => frame)));
    for (const socket of this.#sockets) socket.end(() => socket.destroy());
    // Whoever does not read must not keep a halted HSM from ending.
    setTimeout(() => {
      for (const socket of this.#sockets) socket.destroy();
    }, haltedFlushMs).unref();
    this.#events.onHalt();
  }

  #replyAll(asked: readonly Waiting[], replies: readonly Uint8Array[]): void {
    for (const [i, { socket }] of asked.entries()) this.#reply(socket, replies[i] as Uint8Array);
  }

  #reply(socket: Socket, reply: Uint8Array): void {
    if (socket.destroyed) return;
    socket.write(encodeFrame(reply, hostFrameBytesMax));
    if (socket.writableLength > unreadBytesMax) socket.pause();
  }
}
