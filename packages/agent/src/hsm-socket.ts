import { connect, type Socket } from 'node:net';
import {
  type BirthReply,
  type BirthRequest,
  decodeBirthReply,
  decodeHostReply,
  encodeBirthRequest,
  encodeHostRequest,
  type HostReply,
  type HostRequest,
  hostFrameBytesMax,
  type Numbered,
} from '@coffer/hsm';
import { encodeFrame, FrameDecoder } from '@coffer/wire';
import { AgentError } from './errors.js';
import type { HsmConnection } from './ports.js';

/** Requests that may wait for their replies at once; far above what an agent of 32 groups sends. */
export const hsmRequestsInFlightMax = 1_024;

interface Waiting<Reply> {
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: AgentError) => void;
}

/** One connection, with the requests that it owes a reply. */
interface Link<Reply> {
  readonly socket: Socket;
  readonly waiting: Map<number, Waiting<Reply>>;
}

/** How requests and replies of one kind of HSM become bytes. */
interface Codec<Request, Reply> {
  encode(frame: Numbered<Request>): Uint8Array;
  decode(frame: Uint8Array): Numbered<Reply>;
}

/**
 * The HSM's process behind a Unix socket: u32-framed numbered requests out, numbered replies in. Connects when first needed and
 * again after a loss; a request that was in flight then fails with `hsm-unavailable`, because nobody knows whether it was
 * executed.
 */
class FrameSocket<Request, Reply> {
  readonly #path: string;
  readonly #codec: Codec<Request, Reply>;
  #link: Link<Reply> | undefined;
  #nextId = 1;

  constructor(path: string, codec: Codec<Request, Reply>) {
    this.#path = path;
    this.#codec = codec;
  }

  /** @throws AgentError `hsm-unavailable`. */
  call(request: Request): Promise<Reply> {
    const link = this.#link ?? this.#connect();
    if (link.waiting.size >= hsmRequestsInFlightMax) {
      return Promise.reject(new AgentError('hsm-unavailable', 'too many requests in flight'));
    }
    const id = this.#nextId;
    // 0 is what an HSM answers a frame with that it cannot read.
    this.#nextId = id === 0xffff_ffff ? 1 : id + 1;
    const frame = encodeFrame(this.#codec.encode({ id, body: request }), hostFrameBytesMax);
    return new Promise((resolve, reject) => {
      link.waiting.set(id, { resolve, reject });
      link.socket.write(frame);
    });
  }

  /** Ends the connection; a later call opens a new one. */
  close(): void {
    if (this.#link !== undefined) this.#drop(this.#link, 'closed');
  }

  #connect(): Link<Reply> {
    const socket = connect(this.#path);
    const link: Link<Reply> = { socket, waiting: new Map() };
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

  #settle(link: Link<Reply>, frame: Uint8Array): void {
    const { id, body } = this.#codec.decode(frame);
    const waiting = link.waiting.get(id);
    if (waiting === undefined) throw new AgentError('bad-message', 'a reply to nothing');
    link.waiting.delete(id);
    waiting.resolve(body);
  }

  #drop(link: Link<Reply>, why: string, cause?: unknown): void {
    if (this.#link === link) this.#link = undefined;
    link.socket.destroy();
    const waiting = [...link.waiting.values()];
    link.waiting.clear();
    for (const { reject } of waiting) reject(new AgentError('hsm-unavailable', `the HSM ${why}`, { cause }));
  }
}

/** A member of a fleet. */
export class HsmSocket extends FrameSocket<HostRequest, HostReply> implements HsmConnection {
  constructor(path: string) {
    super(path, { encode: encodeHostRequest, decode: decodeHostReply });
  }
}

/** An HSM that waits for its fleet. */
export class NewbornSocket extends FrameSocket<BirthRequest, BirthReply> {
  constructor(path: string) {
    super(path, { encode: encodeBirthRequest, decode: decodeBirthReply });
  }
}
