import { equalBytes, fromHex, hex } from '@coffer/base';
import { opaqueGenerateKe2, opaqueRegistrationResponse, oprfRandomKey, systemEntropy } from '@coffer/crypto';
import {
  attemptIdOf,
  confirmHashOf,
  type KsfParameters,
  opaqueBinding,
  type Ticket,
  type Vault,
  type VaultReply,
  type VaultRequest,
  type VaultState,
} from '@coffer/protocol';

type Finish = Extract<VaultRequest, { type: 'register.finish' }>;
type Credential = Finish & { readonly oprfKey: Uint8Array };

interface IssuedTicket extends Ticket {
  readonly seq: number;
  readonly version: number;
  /** Of a registration. */
  readonly ticketId?: Uint8Array;
  readonly authenticated?: boolean;
  readonly oprfKey?: Uint8Array;
  /** Of a recovery. */
  readonly attemptId?: string;
  readonly expectedKe3?: Uint8Array;
}

/**
 * One vault, as docs/spec/protocol.md says it behaves, without consensus, storage or sealing of tickets. It is honest in
 * everything but what a test sets.
 */
export class FakeVault {
  state: VaultState = 'none';
  version = 0;
  seq = 0;
  resets = 0;
  live: Credential | undefined;
  pending:
    | { readonly ticketId: Uint8Array; readonly authenticated: boolean; readonly credential: Credential }
    | undefined;
  open: string[] = [];
  /** Distinct KE1s that were charged. */
  charges = 0;
  /** What recover.start says instead of the record's parameters. */
  ksfSaid: KsfParameters | undefined;
  readonly #tickets = new Map<string, IssuedTicket>();
  readonly #vault: Vault;
  readonly #serverPrivateKey: Uint8Array;

  constructor(vault: Vault, serverPrivateKey: Uint8Array) {
    this.#vault = vault;
    this.#serverPrivateKey = serverPrivateKey;
  }

  get budget(): number {
    return (this.live?.budgetMax ?? 0) - this.open.length;
  }

  /** The resumption secret of a ticket that this vault issued. */
  secretOf(ticket: Uint8Array): Uint8Array | undefined {
    return this.#tickets.get(hex(ticket))?.resumptionSecret;
  }

  /** Guesses by somebody else, who has the account token and not the password. */
  foreignFailures(count: number): void {
    for (let i = 0; i < count; i++) this.#charge(hex(systemEntropy.bytes(32)));
  }

  /** A full budget, granted to another device. */
  foreignRefill(): void {
    this.open = [];
    this.seq++;
  }

  step(request: VaultRequest, ticketBytes: Uint8Array | undefined): VaultReply {
    const ticket = ticketBytes === undefined ? undefined : this.#tickets.get(hex(ticketBytes));
    switch (request.type) {
      case 'status':
        return this.#status();
      case 'register.start':
        return this.#registerStart(request.blinded, request.authTicket);
      case 'register.finish':
        return this.#registerFinish(request, ticket);
      case 'register.confirm':
        return this.#confirm(request.version, request.confirmSecret);
      case 'register.abandon':
        if (this.pending !== undefined && equalBytes(this.pending.ticketId, request.ticketId)) this.pending = undefined;
        return { type: 'register.abandoned' };
      case 'recover.start':
        return this.#recoverStart(request.ke1);
      case 'recover.finish':
        return this.#recoverFinish(request.ke3, ticket);
      case 'refill':
        if (this.live === undefined) return this.#notLive();
        if (this.#tickets.get(hex(request.authTicket))?.seq !== this.seq) return { type: 'stale-ticket' };
        this.foreignRefill();
        return { type: 'refilled', budget: this.budget };
      case 'erase':
        return this.#erase(request.version);
    }
  }

  #status(): VaultReply {
    const { state, version, budget, resets } = this;
    const pending = this.pending?.ticketId;
    return {
      type: 'status',
      state,
      version,
      budgetMax: this.live?.budgetMax ?? 0,
      budget,
      failures: this.open.length,
      resets,
      pending,
    };
  }

  #registerStart(blinded: Uint8Array, authTicket: Uint8Array | undefined): VaultReply {
    const authenticated = authTicket !== undefined;
    if (authenticated && this.#tickets.get(hex(authTicket))?.seq !== this.seq) return { type: 'stale-ticket' };
    const oprfKey = oprfRandomKey(systemEntropy);
    const serverPublicKey = this.#vault.fleet.opaqueKey;
    const response = opaqueRegistrationResponse({ request: blinded, oprfKey, serverPublicKey });
    const ticketId = systemEntropy.bytes(32);
    return { type: 'register.started', response, ticketId, ...this.#issue({ ticketId, authenticated, oprfKey }) };
  }

  #registerFinish(request: Finish, ticket: IssuedTicket | undefined): VaultReply {
    const { oprfKey, ticketId, authenticated = false, seq } = ticket ?? {};
    if (oprfKey === undefined || ticketId === undefined) return { type: 'stale-ticket' };
    if (request.budgetMax > this.#vault.fleet.budgetLimit) return { type: 'limit' };
    const credential = { ...request, oprfKey };
    if (seq === this.seq) {
      this.seq++;
      this.pending = { ticketId, authenticated, credential };
      return { type: 'register.finished', version: this.version };
    }
    const again = this.pending !== undefined && JSON.stringify(this.pending.credential) === JSON.stringify(credential);
    return again ? { type: 'register.finished', version: this.version } : { type: 'stale-ticket' };
  }

  #confirm(version: number, confirmSecret: Uint8Array): VaultReply {
    const hash = confirmHashOf(confirmSecret);
    if (
      this.pending !== undefined &&
      version === this.version &&
      equalBytes(hash, this.pending.credential.confirmHash)
    ) {
      if (!this.pending.authenticated && this.version > 0) this.resets++;
      this.#end('live');
      this.live = this.pending.credential;
      this.pending = undefined;
    } else if (this.live === undefined || version + 1 !== this.version || !equalBytes(hash, this.live.confirmHash)) {
      return { type: 'stale-ticket' };
    }
    return { type: 'register.confirmed', version: this.version, budget: this.budget, resets: this.resets };
  }

  #recoverStart(ke1: Uint8Array): VaultReply {
    const { live, version } = this;
    if (live === undefined) return this.#notLive();
    const attemptId = hex(attemptIdOf(this.#vault.vaultId, version, ke1));
    if (!this.open.includes(attemptId)) {
      if (this.budget === 0) {
        this.#end('destroyed');
        this.pending = undefined;
        return { type: 'destroyed', version: this.version };
      }
      this.#charge(attemptId);
    }
    const { ke2, expectedClientMac } = opaqueGenerateKe2({
      ...opaqueBinding(this.#vault),
      ke1,
      record: live.record,
      oprfKey: live.oprfKey,
      serverPrivateKey: this.#serverPrivateKey,
      serverPublicKey: this.#vault.fleet.opaqueKey,
      entropy: systemEntropy,
    });
    const ticket = this.#issue({ attemptId, expectedKe3: expectedClientMac });
    const ksf = this.ksfSaid ?? live.ksf;
    return { type: 'recover.started', ke2, ksf, version, budget: this.budget, failures: this.open.length, ...ticket };
  }

  #recoverFinish(ke3: Uint8Array, ticket: IssuedTicket | undefined): VaultReply {
    if (this.live === undefined) return this.#notLive();
    if (ticket?.expectedKe3 === undefined || ticket.version !== this.version) return { type: 'stale-ticket' };
    if (!equalBytes(ke3, ticket.expectedKe3)) return { type: 'wrong-secret', budget: this.budget };
    const wasOpen = this.open.includes(ticket.attemptId as string);
    if (wasOpen) {
      this.open = this.open.filter((open) => open !== ticket.attemptId);
      this.seq++;
    }
    const authTicket = wasOpen ? this.#issue({}).ticket : undefined;
    const { version, budget } = this;
    const openAttempts = this.open.map(fromHex);
    return { type: 'recovered', payload: this.live.payload, version, budget, openAttempts, authTicket };
  }

  #erase(version: number): VaultReply {
    if (version === this.version) {
      this.#end('erased');
      this.pending = undefined;
      return { type: 'erasure-receipt', version: this.version };
    }
    const again = this.state === 'erased' && version + 1 === this.version;
    return again ? { type: 'erasure-receipt', version: this.version } : { type: 'stale-ticket' };
  }

  #end(state: VaultState): void {
    this.state = state;
    this.version++;
    this.seq++;
    this.live = undefined;
    this.open = [];
  }

  #charge(attemptId: string): void {
    this.open.push(attemptId);
    this.charges++;
    this.seq++;
  }

  #notLive(): VaultReply {
    const { state, version } = this;
    return state === 'destroyed' || state === 'erased' ? { type: state, version } : { type: 'not-registered' };
  }

  #issue(fields: Partial<IssuedTicket>): Ticket {
    const ticket = systemEntropy.bytes(300);
    const issued = {
      ticket,
      resumptionSecret: systemEntropy.bytes(32),
      seq: this.seq,
      version: this.version,
      ...fields,
    };
    this.#tickets.set(hex(ticket), issued);
    return { ticket, resumptionSecret: issued.resumptionSecret };
  }
}
