import { Agent as HttpAgent, request } from 'node:http';
import { ByteCollector } from '@coffer/base';
import { AgentError } from './errors.js';
import { peerMessageBytesMax } from './peer-messages.js';
import type { PeerTransport } from './ports.js';

/** Where the other agents listen. */
export interface PeerHttpOptions {
  /** `http://host:port` of each member's agent, by member id. */
  readonly urls: ReadonlyMap<number, string>;
  /** Bearer token that the fleet's operator gave all agents. */
  readonly token: string;
}

/** Agents over HTTP/1.1 with connections that stay open: `POST /peer`, octets in and out. */
export class PeerHttp implements PeerTransport {
  readonly #options: PeerHttpOptions;
  readonly #connections = new HttpAgent({ keepAlive: true });

  constructor(options: PeerHttpOptions) {
    this.#options = options;
  }

  /** @throws AgentError `peer-unavailable`. */
  call(memberId: number, message: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    const url = this.#options.urls.get(memberId);
    if (url === undefined)
      return Promise.reject(new AgentError('peer-unavailable', `no address for member ${memberId}`));
    return postBytes(new URL('/peer', url), this.#options.token, message, {
      connections: this.#connections,
      timeoutMs,
      answerBytesMax: peerMessageBytesMax,
    });
  }

  /** Ends idle connections. */
  close(): void {
    this.#connections.destroy();
  }
}

/**
 * Posts octets and returns the octets of a 200 answer.
 * @throws AgentError `peer-unavailable` for everything else: no connection, another status, too long, too late.
 */
export function postBytes(
  url: URL,
  token: string,
  body: Uint8Array,
  limits: { readonly connections: HttpAgent; readonly timeoutMs: number; readonly answerBytesMax: number },
): Promise<Uint8Array> {
  const { connections: agent, timeoutMs, answerBytesMax } = limits;
  const headers = {
    authorization: `Bearer ${token}`,
    'content-type': 'application/octet-stream',
    'content-length': body.length,
  };
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(timeoutMs);
    const fail = (what: string, cause?: unknown): void =>
      reject(new AgentError('peer-unavailable', `another agent ${what}`, { cause }));
    const posting = request(url, { method: 'POST', headers, agent, signal }, (answer) => {
      const whole = new ByteCollector();
      answer.on('data', (chunk: Buffer) => {
        if (whole.length + chunk.length > answerBytesMax) posting.destroy(new Error('answer too long'));
        else whole.add(chunk);
      });
      answer.on('error', (cause) => fail('broke off', cause));
      answer.on('end', () => {
        if (answer.statusCode === 200) resolve(whole.whole());
        else fail(`answered ${answer.statusCode}`);
      });
    });
    posting.on('error', (cause) => fail('cannot be reached', cause));
    posting.end(body);
  });
}
