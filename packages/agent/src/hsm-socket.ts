import { connect, type Socket } from 'node:net';
import { decodeHostReply, encodeHostRequest, type HostReply, type HostRequest, hostFrameBytesMax } from '@coffer/hsm';
import { encodeFrame, FrameDecoder } from '@coffer/wire';
import { AgentError } from './errors.js';
import type { HsmConnection } from './ports.js';

/** Requests that may wait for their replies at once; far above what an agent of 32 groups sends. */
export const hsmRequestsInFlightMax = 1_024;

interface Waiting {
  readonly resolve: (reply: HostReply) => void;
  readonly reject: (error: AgentError) => void;
}

/** One connection, with the requests that it owes a reply. */
interface Link {
  readonly socket: Socket;
  readonly waiting: Map<number, Waiting>;
}

/**
 * The HSM's process behind a Unix socket: u32-framed `Numbered<HostRequest>` out, `Numbered<HostReply>` in. Connects when
 * first needed and again after a loss; a request that was in flight then fails with `hsm-unavailable`, because nobody
 * knows whether it was executed.
 */
export class HsmSocket implements HsmConnection {
  readonly #path: string;
  #link: Link | undefined;
  #nextId = 1;

  constructor(path: string) {
    this.#path = path;
  }

  /** @throws AgentError `hsm-unavailable`. */
  call(request: HostRequest): Promise<HostReply> {
    const link = this.#link ?? this.#connect();
    if (link.waiting.size >= hsmRequestsInFlightMax) {
      return Promise.reject(new AgentError('hsm-unavailable', 'too many requests in flight'));
    }
    const id = this.#nextId;
    // 0 is what an HSM answers a frame with that it cannot read.
    this.#nextId = id === 0xffff_ffff ? 1 : id + 1;
    const frame = encodeFrame(encodeHostRequest({ id, body: request }), hostFrameBytesMax);
    return new Promise((resolve, reject) => {
      link.waiting.set(id, { resolve, reject });
      link.socket.write(frame);
    });
  }

  /** Ends the connection; a later call opens a new one. */
  close(): void {
    if (this.#link !== undefined) this.#drop(this.#link, 'closed');
  }

  #connect(): Link {
    const socket = connect(this.#path);
    const link: Link = { socket, waiting: new Map() };
    const frames = new FrameDecoder(hostFrameBytesMax);
    socket.on('data', (chunk) => {
      try {
        for (const frame of frames.push(chunk)) this.#settle(link, frame);
      } catch (cause) {
        this.#drop(link, 'malformed replies', cause);
      }
    });
    socket.on('error', (cause) => this.#drop(link, 'cannot be reached', cause));
    socket.on('close', () => this.#drop(link, 'closed the connection'));
    this.#link = link;
    return link;
  }

  #settle(link: Link, frame: Uint8Array): void {
    const { id, body } = decodeHostReply(frame);
    const waiting = link.waiting.get(id);
    if (waiting === undefined) throw new AgentError('bad-message', 'a reply to nothing');
    link.waiting.delete(id);
    waiting.resolve(body);
  }

  #drop(link: Link, why: string, cause?: unknown): void {
    if (this.#link === link) this.#link = undefined;
    link.socket.destroy();
    const waiting = [...link.waiting.values()];
    link.waiting.clear();
    for (const { reject } of waiting) reject(new AgentError('hsm-unavailable', `the HSM ${why}`, { cause }));
  }
}
