import type { CallReply, CallRequest, Name } from './vault-call.js';

/** A registration that answers recoveries, or waits to. */
export interface ModelCredential {
  readonly bytes: Name;
  readonly confirm: Name;
  readonly payload: Name;
  readonly budgetMax: number;
  /** Undefined when nobody said which it is. */
  readonly password: Name | undefined;
}

/**
 * One vault as docs/spec/protocol.md §8 has it, with names for bytes. In place of `seq`, which no reply shows, stand the
 * tickets that were issued at the present seq: one is good exactly until anything changes.
 */
export interface VaultModel {
  readonly state: 'none' | 'live' | 'destroyed' | 'erased';
  readonly version: number;
  readonly resets: number;
  readonly live: ModelCredential | undefined;
  readonly pending:
    | { readonly ticketId: Name; readonly authenticated: boolean; readonly credential: ModelCredential }
    | undefined;
  /** KE1s charged and not refunded since the last grant: `failures` is how many, `budget` what they leave of `budgetMax`. */
  readonly openAttempts: readonly Name[];
  readonly authTickets: readonly Name[];
  readonly registrations: readonly Registration[];
}

/** A registration ticket and what is inside. */
interface Registration {
  readonly ticket: Name;
  readonly ticketId: Name;
  readonly authenticated: boolean;
}

/** What one execution does: the record after it, and what it answers. */
export interface Execution {
  readonly next: VaultModel;
  readonly reply: CallReply;
}

export const emptyVault: VaultModel = {
  state: 'none',
  version: 0,
  resets: 0,
  live: undefined,
  pending: undefined,
  openAttempts: [],
  authTickets: [],
  registrations: [],
};

/**
 * Executes one request. Pure; follows the table of docs/spec/protocol.md §8 line by line and shares no code with the HSM.
 *
 * @param heard - the reply somebody heard, undefined when nobody did. Only the names of what an HSM draws at random
 * (tickets) are taken from it, and whether a password was right where nobody said which password it was.
 * @param budgetLimit - of the fleet, 1 to 10.
 * @returns every possible execution; more than one only where the history does not say which password was typed.
 */
export function stepVault(
  vault: VaultModel,
  request: CallRequest,
  heard: CallReply | undefined,
  budgetLimit: number,
): readonly Execution[] {
  switch (request.type) {
    case 'status':
      return [{ next: vault, reply: statusOf(vault) }];
    case 'register.start':
      return [registerStart(vault, request, heard)];
    case 'register.finish':
      return [registerFinish(vault, request, budgetLimit)];
    case 'register.confirm':
      return [registerConfirm(vault, request)];
    case 'register.abandon': {
      const isNamed = vault.pending?.ticketId === request.ticketId;
      return [
        { next: isNamed ? changed(vault, { pending: undefined }) : vault, reply: { type: 'register.abandoned' } },
      ];
    }
    case 'recover.start':
      return [recoverStart(vault, request)];
    case 'recover.finish':
      return recoverFinish(vault, request, heard);
    case 'refill':
      return [refill(vault, request)];
    case 'erase':
      return [erase(vault, request)];
  }
}

type Of<T extends CallRequest['type']> = Extract<CallRequest, { type: T }>;

const stale = (vault: VaultModel): Execution => ({ next: vault, reply: { type: 'stale-ticket' } });
const budgetOf = ({ live, openAttempts }: VaultModel): number =>
  live === undefined ? 0 : live.budgetMax - openAttempts.length;

/** Every change moves `seq` on, so that all tickets bound to it go stale. */
const changed = (vault: VaultModel, fields: Partial<VaultModel>): VaultModel => ({
  ...vault,
  authTickets: [],
  registrations: [],
  ...fields,
});

function statusOf(vault: VaultModel): CallReply {
  const { state, version, resets, live, pending, openAttempts } = vault;
  return {
    type: 'status',
    state,
    version,
    budgetMax: live?.budgetMax ?? 0,
    budget: budgetOf(vault),
    failures: openAttempts.length,
    resets,
    ...(pending === undefined ? {} : { pending: pending.ticketId }),
  };
}

function notLive({ state, version }: VaultModel): CallReply {
  return state === 'destroyed' || state === 'erased' ? { type: state, version } : { type: 'not-registered' };
}

function registerStart(
  vault: VaultModel,
  { authTicket }: Of<'register.start'>,
  heard: CallReply | undefined,
): Execution {
  if (authTicket !== undefined && !vault.authTickets.includes(authTicket)) return stale(vault);
  // A ticket that nobody heard of is a ticket that nobody can use.
  if (heard?.type !== 'register.started') {
    return { next: vault, reply: { type: 'register.started', registration: '', ticketId: '' } };
  }
  const { registration: ticket, ticketId } = heard;
  const registration = { ticket, ticketId, authenticated: authTicket !== undefined };
  return { next: { ...vault, registrations: sorted([...vault.registrations, registration]) }, reply: heard };
}

function registerFinish(vault: VaultModel, request: Of<'register.finish'>, budgetLimit: number): Execution {
  const { budgetMax, bytes, confirm, payload, password } = request;
  if (budgetMax < 1 || budgetMax > budgetLimit) return { next: vault, reply: { type: 'limit' } };
  const finished = { type: 'register.finished', version: vault.version } as const;
  const fresh = vault.registrations.find(({ ticket }) => ticket === request.registration);
  if (fresh !== undefined) {
    const { ticketId, authenticated } = fresh;
    const pending = { ticketId, authenticated, credential: { bytes, confirm, payload, budgetMax, password } };
    return { next: changed(vault, { pending }), reply: finished };
  }
  return vault.pending?.credential.bytes === bytes ? { next: vault, reply: finished } : stale(vault);
}

function registerConfirm(vault: VaultModel, { version, confirm }: Of<'register.confirm'>): Execution {
  const { pending, live } = vault;
  if (pending !== undefined && version === vault.version && confirm === pending.credential.confirm) {
    const isReset = !pending.authenticated && version > 0;
    const next = changed(vault, {
      state: 'live',
      version: version + 1,
      resets: vault.resets + (isReset ? 1 : 0),
      live: pending.credential,
      pending: undefined,
      openAttempts: [],
    });
    return { next, reply: confirmedReply(next) };
  }
  const isAgain = live !== undefined && version + 1 === vault.version && confirm === live.confirm;
  return isAgain ? { next: vault, reply: confirmedReply(vault) } : stale(vault);
}

const confirmedReply = (vault: VaultModel): CallReply => ({
  type: 'register.confirmed',
  version: vault.version,
  budget: budgetOf(vault),
  resets: vault.resets,
});

function recoverStart(vault: VaultModel, { ke1 }: Of<'recover.start'>): Execution {
  if (vault.live === undefined) return { next: vault, reply: notLive(vault) };
  const isOpen = vault.openAttempts.includes(ke1);
  if (!isOpen && budgetOf(vault) === 0) {
    const version = vault.version + 1;
    const gone = { live: undefined, pending: undefined, openAttempts: [] };
    return { next: changed(vault, { state: 'destroyed', version, ...gone }), reply: { type: 'destroyed', version } };
  }
  const next = isOpen ? vault : changed(vault, { openAttempts: [...vault.openAttempts, ke1].sort() });
  const failures = next.openAttempts.length;
  return { next, reply: { type: 'recover.started', version: next.version, budget: budgetOf(next), failures } };
}

function recoverFinish(
  vault: VaultModel,
  request: Of<'recover.finish'>,
  heard: CallReply | undefined,
): readonly Execution[] {
  const { live, version } = vault;
  if (live === undefined) return [{ next: vault, reply: notLive(vault) }];
  if (request.version !== version) return [stale(vault)];
  const wrong: Execution = { next: vault, reply: { type: 'wrong-secret', budget: budgetOf(vault) } };
  const openAttempts = vault.openAttempts.filter((open) => open !== request.ke1);
  const wasOpen = openAttempts.length < vault.openAttempts.length;
  const authTicket = wasOpen && heard?.type === 'recovered' ? heard.authTicket : undefined;
  const authTickets = authTicket === undefined ? [] : [authTicket];
  const next = wasOpen ? changed(vault, { openAttempts, authTickets }) : vault;
  const reply: CallReply = {
    type: 'recovered',
    payload: live.payload,
    version,
    budget: budgetOf(next),
    openAttempts,
    // An attempt that this execution closed brings a ticket, whether anybody heard its name or not.
    ...(wasOpen ? { authTicket: authTicket ?? '' } : {}),
  };
  const right: Execution = { next, reply };
  if (request.password === undefined || live.password === undefined) return [right, wrong];
  return [request.password === live.password ? right : wrong];
}

function refill(vault: VaultModel, { authTicket }: Of<'refill'>): Execution {
  if (vault.live === undefined) return { next: vault, reply: notLive(vault) };
  if (!vault.authTickets.includes(authTicket)) return stale(vault);
  const next = changed(vault, { openAttempts: [] });
  return { next, reply: { type: 'refilled', budget: budgetOf(next) } };
}

function erase(vault: VaultModel, { version }: Of<'erase'>): Execution {
  if (version === vault.version) {
    const gone = { live: undefined, pending: undefined, openAttempts: [] };
    const next = changed(vault, { state: 'erased', version: version + 1, ...gone });
    return { next, reply: { type: 'erasure-receipt', version: version + 1 } };
  }
  const isAgain = vault.state === 'erased' && version + 1 === vault.version;
  return isAgain ? { next: vault, reply: { type: 'erasure-receipt', version: vault.version } } : stale(vault);
}

function sorted(registrations: readonly Registration[]): readonly Registration[] {
  return [...registrations].sort((a, b) => (a.ticket < b.ticket ? -1 : 1));
}
