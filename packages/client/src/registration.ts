import { equalBytes, zero } from '@coffer/base';
import { CryptoError, opaqueFinalizeRegistration, opaqueRegistrationRequest } from '@coffer/crypto';
import { confirmHashOf, opaqueBinding, type VaultReply } from '@coffer/protocol';
import { ClientError } from './errors.js';
import { unexpected } from './exchange.js';
import type { ProtectOutcome } from './outcomes.js';
import { preparePassword } from './password.js';
import { sealPayload, type VaultContents } from './payload.js';
import { type Session, stretching } from './session.js';
import type { StoredRegistration } from './state.js';

/** What a registration puts into the vault. */
export interface RegistrationWish {
  readonly password: string;
  readonly contents: VaultContents;
  readonly budgetMax: number;
  /** From an unlock; makes the registration one by somebody who knows the old secret. */
  readonly authTicket: Uint8Array | undefined;
}

/**
 * Registers a secret: start, finish, confirm. Nothing at the fleet changes before the finish, so nothing is stored before
 * it; from then on the registration's bytes are on disk first, and are repeated instead of made anew. A second set of
 * bytes for one wish would be a second grant of guesses.
 * @throws ClientError `unfinished` while an earlier one waits.
 */
export async function register(session: Session, wish: RegistrationWish): Promise<ProtectOutcome> {
  requireNothingUnfinished(session);
  const password = preparePassword(wish.password);
  try {
    const { blind, request } = opaqueRegistrationRequest(password, session.entropy);
    const started = await session.exchange.call({
      type: 'register.start',
      blinded: request,
      authTicket: wish.authTicket,
    });
    if (started.type === 'limit') return { type: 'limit' };
    if (started.type === 'stale-ticket') return { type: 'superseded' };
    if (started.type !== 'register.started') throw unexpected(started);
    const registration = await finalize(session, wish, password, blind, started);
    zero(blind);
    await session.keeper.update({ registration });
  } finally {
    zero(password);
  }
  return completeRegistration(session);
}

/** @throws ClientError `unfinished` while an earlier registration waits. */
export function requireNothingUnfinished({ keeper }: Session): void {
  if (keeper.state.registration !== undefined) {
    throw new ClientError('unfinished', 'an earlier registration waits: resume or abandon it first');
  }
}

/** Sends what is left of the stored registration, with the stored bytes. */
export async function completeRegistration(session: Session): Promise<ProtectOutcome> {
  const registration = session.keeper.state.registration;
  if (registration === undefined) throw new ClientError('bad-argument', 'no registration is under way');
  if (registration.confirmVersion === undefined) {
    const finished = await finish(session, registration);
    if (finished.type === 'stale-ticket') return dropped(session, { type: 'superseded' });
    if (finished.type === 'limit') return dropped(session, { type: 'limit' });
    if (finished.type !== 'register.finished') throw unexpected(finished);
    await session.keeper.update({ registration: { ...registration, confirmVersion: finished.version } });
    return confirm(session, registration.confirmSecret, finished.version);
  }
  return confirm(session, registration.confirmSecret, registration.confirmVersion);
}

/** Tells the fleet to drop the stored registration, and forgets it. One that is in force already stays in force. */
export async function abandonRegistration(session: Session): Promise<void> {
  const registration = session.keeper.state.registration;
  if (registration === undefined) return;
  const reply = await session.exchange.call({ type: 'register.abandon', ticketId: registration.ticketId });
  if (reply.type !== 'register.abandoned') throw unexpected(reply);
  await session.keeper.update({ registration: undefined });
}

/**
 * Ends the stored registration whatever became of it.
 * @returns the version that it put in force, when a lost reply had hidden that; undefined when it never will be.
 */
export async function withdrawRegistration(session: Session): Promise<number | undefined> {
  const registration = session.keeper.state.registration;
  if (registration === undefined) return undefined;
  if (registration.confirmVersion === undefined) {
    await abandonRegistration(session);
    return undefined;
  }
  const reply = await session.exchange.call({ type: 'register.abandon', ticketId: registration.ticketId });
  if (reply.type !== 'register.abandoned') throw unexpected(reply);
  // What is no longer pending cannot be confirmed any more; what was confirmed already says so again.
  const outcome = await confirm(session, registration.confirmSecret, registration.confirmVersion);
  return outcome.type === 'protected' ? outcome.version : undefined;
}

async function finalize(
  session: Session,
  { contents, budgetMax }: RegistrationWish,
  password: Uint8Array,
  blind: Uint8Array,
  { response, ticket, ticketId, resumptionSecret }: Extract<VaultReply, { type: 'register.started' }>,
): Promise<StoredRegistration> {
  const { vault, entropy, ksf } = session;
  // Only the pinned server key may guard a new secret: any other one would be somebody else's vault.
  if (!equalBytes(response.subarray(32), vault.fleet.opaqueKey))
    throw new ClientError('bad-reply', 'another server key');
  const { record, exportKey } = await finalized(() =>
    opaqueFinalizeRegistration({
      ...opaqueBinding(vault),
      password,
      blind,
      response,
      ksf: stretching(session, ksf),
      entropy,
    }),
  );
  const payload = sealPayload(vault, exportKey, contents, entropy);
  zero(exportKey);
  const confirmSecret = entropy.bytes(32);
  return {
    ticketId,
    ticket,
    resumptionSecret,
    record,
    ksf,
    payload,
    budgetMax,
    confirmSecret,
    confirmVersion: undefined,
  };
}

async function finalized<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (cause) {
    if (cause instanceof CryptoError) throw new ClientError('bad-reply', 'malformed registration response', { cause });
    throw cause;
  }
}

function finish({ exchange }: Session, registration: StoredRegistration): Promise<VaultReply> {
  const { record, ksf, payload, budgetMax, confirmSecret } = registration;
  const confirmHash = confirmHashOf(confirmSecret);
  return exchange.call({ type: 'register.finish', record, ksf, payload, budgetMax, confirmHash }, registration);
}

async function confirm(session: Session, confirmSecret: Uint8Array, version: number): Promise<ProtectOutcome> {
  const reply = await session.exchange.call({ type: 'register.confirm', version, confirmSecret });
  if (reply.type === 'stale-ticket') return dropped(session, { type: 'superseded' });
  if (reply.type !== 'register.confirmed' || reply.version !== version + 1) throw unexpected(reply);
  const { budget, resets } = reply;
  await session.keeper.update({
    registration: undefined,
    attempt: undefined,
    knownVersion: reply.version,
    seenVersion: Math.max(reply.version, session.keeper.state.seenVersion),
    knownResets: resets,
    ownFailures: [],
    failuresVersion: reply.version,
  });
  return { type: 'protected', version: reply.version, budget, resets };
}

/** Forgets the stored registration because the fleet has proven that it will never be in force. */
async function dropped(session: Session, outcome: ProtectOutcome): Promise<ProtectOutcome> {
  await session.keeper.update({ registration: undefined });
  return outcome;
}
