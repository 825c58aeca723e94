import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { ByteCollector } from '@coffer/base';
import { GatewayError } from './errors.js';
import { routedAnswerBytesMax } from './limits.js';
import type { AgentRoutes } from './ports.js';

export interface HttpAgentRoutesOptions {
  /** `http://host:port` or `https://host:port` of each member's agent, by member id. */
  readonly urls: ReadonlyMap<number, string>;
  /** Bearer token that the fleet's operator gave to agents and gateways. */
  readonly token: string;
}

/** Connections to one agent; more calls wait for one of them. */
const socketsMax = 64;

/** The way to agents that listen on `urls`. @throws GatewayError `bad-config`. */
export function httpAgentRoutes(options: HttpAgentRoutesOptions): HttpAgentRoutes {
  return new HttpAgentRoutes(options);
}

/** Agents over HTTP/1.1 with connections that stay open: `POST /call`, octets in and out. */
export class HttpAgentRoutes implements AgentRoutes {
  readonly #urls: ReadonlyMap<number, URL>;
  readonly #authorization: string;
  readonly #http = new HttpAgent({ keepAlive: true, maxSockets: socketsMax });
  readonly #https = new HttpsAgent({ keepAlive: true, maxSockets: socketsMax });

  /** @throws GatewayError `bad-config` for a URL that is none. */
  constructor({ urls, token }: HttpAgentRoutesOptions) {
    this.#authorization = `Bearer ${token}`;
    this.#urls = new Map([...urls].map(([id, url]) => [id, parsed(url)]));
  }

  call(memberId: number, routedCall: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    const url = this.#urls.get(memberId);
    if (url === undefined) return Promise.reject(unavailable('no address for this member'));
    const secure = url.protocol === 'https:';
    const options = {
      method: 'POST',
      agent: secure ? this.#https : this.#http,
      headers: {
        authorization: this.#authorization,
        'content-type': 'application/octet-stream',
        'content-length': routedCall.length,
      },
      // Ends the request whatever it waits for: a socket, a connection, or the answer.
      signal: AbortSignal.timeout(Math.max(1, Math.ceil(timeoutMs))),
    };
    return new Promise((resolve, reject) => {
      const fail = (cause: unknown): void => reject(unavailable('no answer', cause));
      const request = (secure ? httpsRequest : httpRequest)(url, options, (response) => {
        received(response).then(resolve, fail);
      });
      request.on('error', fail);
      request.end(routedCall);
    });
  }

  /** Ends idle connections. */
  close(): void {
    this.#http.destroy();
    this.#https.destroy();
  }
}

async function received(response: IncomingMessage): Promise<Uint8Array> {
  if (response.statusCode !== 200) {
    response.resume();
    throw unavailable(`status ${response.statusCode}`);
  }
  const answer = new ByteCollector();
  for await (const chunk of response as AsyncIterable<Buffer>) {
    if (answer.length + chunk.length > routedAnswerBytesMax) {
      response.destroy();
      throw unavailable('answer too large');
    }
    answer.add(chunk);
  }
  return answer.whole();
}

function parsed(url: string): URL {
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    throw new GatewayError('bad-config', 'not an agent URL');
  return new URL('/call', url);
}

function unavailable(what: string, cause?: unknown): GatewayError {
  return new GatewayError('agent-unavailable', `agent: ${what}`, { cause });
}
