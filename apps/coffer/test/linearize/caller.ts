import { sleep, utf8 } from '@coffer/base';
import { fetchTransport, type SealedCall, VaultExchange } from '@coffer/client';
import {
  CryptoError,
  opaqueFinalizeRegistration,
  opaqueGenerateKe1,
  opaqueGenerateKe3,
  opaqueRegistrationRequest,
  systemEntropy,
} from '@coffer/crypto';
import { systemClock, systemTimers } from '@coffer/host';
import {
  confirmHashOf,
  decodeVaultAnswer,
  encodeVaultCall,
  groupOf,
  ksfFloor,
  opaqueBinding,
  type Ticket,
  type Vault,
  type VaultReply,
  type VaultRequest,
  verifyCommitProof,
} from '@coffer/protocol';
import {
  type AttemptNames,
  type CallRequest,
  cheapStretch,
  type HistoryRecorder,
  nameOfText,
  nameReply,
  nameRequest,
  type Secrets,
  type SeededRandom,
  type TicketOrigin,
} from '@coffer/testing';

/** What all callers of one account know: a person's devices, and whoever has their token. */
export interface AccountBook {
  readonly account: string;
  readonly vault: Vault;
  readonly attempts: AttemptNames;
  /** Of the newest registration that somebody saw confirmed. */
  password: string;
  /** Newest version that somebody saw. */
  version: number;
  isLive: boolean;
}

export interface CallerParts {
  readonly name: string;
  readonly book: AccountBook;
  readonly gatewayUrl: string;
  readonly token: () => Promise<string>;
  readonly recorder: HistoryRecorder;
  readonly random: SeededRandom;
  /** Until when a message without an answer is sent again. */
  readonly postMs: number;
}

/** A message that was sent, so that it can be sent again. */
interface Sent {
  readonly named: CallRequest;
  readonly call: SealedCall;
}

const triesMax = 3;
/** Wait after a post without an answer: a gateway that is down refuses at once, again and again. */
const lostPauseMsMin = 100;
const lostPauseMsMax = 600;
const sentMax = 24;
const budgetMax = 10;

/**
 * A client without the SDK's manners: any operation at any time, at any budget, with any ticket it ever had, and what it
 * sent before once more. Every single post is recorded as a call; its reply counts only with a valid commit proof.
 */
export class Caller {
  readonly #parts: CallerParts;
  readonly #exchange: VaultExchange;
  readonly #transport: ReturnType<typeof fetchTransport>;
  readonly #sent: Sent[] = [];
  readonly #authTickets: Uint8Array[] = [];
  readonly #ke1s: {
    readonly ke1: Uint8Array;
    readonly state: ReturnType<typeof opaqueGenerateKe1>['state'];
    readonly password: string;
  }[] = [];
  #passwords = 0;

  constructor(parts: CallerParts) {
    const { book, gatewayUrl, token, postMs } = parts;
    this.#parts = parts;
    this.#transport = fetchTransport(gatewayUrl, { timeoutMs: postMs });
    this.#exchange = new VaultExchange({
      vault: book.vault,
      transport: this.#transport,
      token,
      entropy: systemEntropy,
      clock: systemClock,
      timers: systemTimers,
    });
  }

  /** One thing that a client may do, chosen at random. */
  async act(): Promise<void> {
    const { random, book } = this.#parts;
    const dice = random.integer(1, 100);
    if (dice <= 20) await this.status();
    else if (dice <= 30) await this.#again();
    else if (!book.isLive || dice <= 45) await this.#register();
    else if (dice <= 50) await this.#send({ type: 'erase', version: Math.max(0, book.version - random.integer(0, 1)) });
    else if (dice <= 58) await this.#refill();
    else await this.recover(random.chance(0.7) ? book.password : this.#newPassword('guess'));
  }

  async status(): Promise<VaultReply | undefined> {
    const reply = await this.#send({ type: 'status' });
    const { book } = this.#parts;
    if (reply?.type === 'status') {
      book.version = Math.max(book.version, reply.version);
      book.isLive = reply.state === 'live';
    }
    return reply;
  }

  /** Start and finish; now and then with a KE1 that was used before. @returns the last reply. */
  async recover(password: string): Promise<VaultReply | undefined> {
    const { random, book } = this.#parts;
    const old = this.#ke1s.length > 0 && random.chance(0.2) ? random.pick(this.#ke1s) : undefined;
    const attempt = old ?? { ...opaqueGenerateKe1(utf8(password), systemEntropy), password };
    if (old === undefined) this.#ke1s.push(attempt);
    if (this.#ke1s.length > sentMax) this.#ke1s.shift();
    const tries = nameOfText(attempt.password);
    const started = await this.#send({ type: 'recover.start', ke1: attempt.ke1 }, { tries });
    if (started?.type !== 'recover.started') {
      book.isLive &&= started === undefined;
      return started;
    }
    const ke3 = await this.#ke3(attempt, started.ke2);
    const { version } = started;
    const named = this.#sent.at(-1)?.named as Extract<CallRequest, { type: 'recover.start' }>;
    const origin: TicketOrigin = { ke1: named.ke1, version, password: tries };
    const reply = await this.#send({ type: 'recover.finish', ke3 }, {}, started, origin);
    if (reply?.type === 'recovered' && reply.authTicket !== undefined) this.#authTickets.push(reply.authTicket);
    return reply;
  }

  /** 64 random bytes for a password that is not the vault's, as the SDK sends them. */
  async #ke3(
    { state, password }: { state: ReturnType<typeof opaqueGenerateKe1>['state']; password: string },
    ke2: Uint8Array,
  ): Promise<Uint8Array> {
    const { vault } = this.#parts.book;
    // The library may overwrite its state; a KE1 is used again here.
    const copy = Object.fromEntries(
      Object.entries(state).map(([field, value]) => [field, value instanceof Uint8Array ? value.slice() : value]),
    ) as unknown as typeof state;
    try {
      const { ke3 } = await opaqueGenerateKe3({
        ...opaqueBinding(vault),
        password: utf8(password),
        state: copy,
        ke2,
        ksf: stretch,
      });
      return ke3;
    } catch (error) {
      if (error instanceof CryptoError && error.code === 'wrong-password') return systemEntropy.bytes(64);
      throw error;
    }
  }

  async #register(): Promise<void> {
    const { random, book } = this.#parts;
    const password = this.#newPassword('password');
    const secret = utf8(password);
    const { blind, request: blinded } = opaqueRegistrationRequest(secret, systemEntropy);
    const authTicket = random.chance(0.3) ? this.#authTickets.at(-1) : undefined;
    const started = await this.#send({ type: 'register.start', blinded, authTicket });
    if (started?.type !== 'register.started') return;
    const { response, ticketId } = started;
    const { record } = await opaqueFinalizeRegistration({
      ...opaqueBinding(book.vault),
      password: secret,
      blind,
      response,
      ksf: stretch,
      entropy: systemEntropy,
    });
    const confirmSecret = systemEntropy.bytes(32);
    const finished = await this.#send(
      {
        type: 'register.finish',
        record,
        ksf: ksfFloor,
        payload: systemEntropy.bytes(121),
        budgetMax: random.integer(1, budgetMax),
        confirmHash: confirmHashOf(confirmSecret),
      },
      { sets: nameOfText(password) },
      started,
    );
    if (finished?.type !== 'register.finished') return;
    if (random.chance(0.1)) {
      await this.#send({ type: 'register.abandon', ticketId });
      return;
    }
    const confirmed = await this.#send({ type: 'register.confirm', version: finished.version, confirmSecret });
    if (confirmed?.type !== 'register.confirmed' || confirmed.version < book.version) return;
    book.password = password;
    book.version = confirmed.version;
    book.isLive = true;
  }

  async #refill(): Promise<void> {
    const { random } = this.#parts;
    const [newest] = this.#authTickets.slice(-1);
    const authTicket = newest === undefined || random.chance(0.7) ? newest : random.pick(this.#authTickets);
    if (authTicket !== undefined) await this.#send({ type: 'refill', authTicket });
  }

  /** The same sealed bytes once more, perhaps long after. */
  async #again(): Promise<void> {
    if (this.#sent.length > 0) await this.#post(this.#parts.random.pick(this.#sent));
  }

  async #send(
    request: VaultRequest,
    secrets: Secrets = {},
    ticket?: Ticket,
    origin?: TicketOrigin,
  ): Promise<VaultReply | undefined> {
    const named = nameRequest(request, secrets, ticket?.ticket, origin);
    if (named === undefined) throw new TypeError(`${request.type} without its ticket`);
    this.#parts.book.attempts.learn(request);
    const sent = { named, call: this.#exchange.seal(request, ticket) };
    this.#sent.push(sent);
    if (this.#sent.length > sentMax) this.#sent.shift();
    for (let tries = 1; tries <= triesMax; tries++) {
      const reply = await this.#post(sent);
      if (reply !== undefined) return reply;
      await sleep(systemTimers, this.#parts.random.integer(lostPauseMsMin, lostPauseMsMax));
    }
    return undefined;
  }

  /** @returns undefined when there was no proven reply. */
  async #post({ named, call }: Sent): Promise<VaultReply | undefined> {
    const { name, book, recorder, token } = this.#parts;
    const { fleet, vaultId } = book.vault;
    const headers = { authorization: `Bearer ${await token()}`, 'content-type': 'application/octet-stream' };
    const body = encodeVaultCall({ configHash: fleet.configHash, request: call.sealed });
    const recorded = recorder.invoke(name, book.account, named);
    try {
      const http = await this.#transport.post('/v1/vault', headers, body);
      if (http.status !== 200) {
        recorded.info(`status ${http.status}`);
        return undefined;
      }
      const answer = decodeVaultAnswer(http.body);
      verifyCommitProof(fleet, groupOf(vaultId, fleet.groups), answer.reply, answer.proof);
      const reply = this.#exchange.open(call, answer);
      recorded.ok(nameReply(reply, book.attempts));
      return reply;
    } catch (error) {
      recorded.info(error instanceof Error ? error.message : 'failed');
      return undefined;
    }
  }

  #newPassword(kind: string): string {
    this.#passwords++;
    return `${kind} ${this.#passwords} of ${this.#parts.name}`;
  }
}

/** Not Argon2id: what is tested here is not stretching. */
const stretch = (input: Uint8Array) => cheapStretch(input, ksfFloor);
