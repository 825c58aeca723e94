import { equalBytes, zero } from '@coffer/base';
import { opaqueRegistrationResponse, oprfRandomKey, verifyOpaqueRecord } from '@coffer/crypto';
import { confirmHashOf } from '@coffer/protocol';
import { encode } from '@coffer/wire';
import { budgetOf, type Credential, credentialLayout, type VaultRecord, versionMax } from '../record.js';
import { type RegisterTicket, registerTicket, sealTicket } from '../tickets.js';
import { changed, openAuthTicket, type RequestOf, type Step, type StepContext, unchanged } from './step.js';

/**
 * Draws an OPRF key, evaluates under it and **stores nothing**: the key travels in the ticket. An evaluation under a key
 * that guards nothing yet is worth nothing, so registrations cannot be harvested and none needs cleaning up.
 * @throws CryptoError `bad-element`.
 */
export function stepRegisterStart(
  context: StepContext,
  record: VaultRecord,
  { blinded, authTicket }: RequestOf<'register.start'>,
): Step {
  const { keys, vault, entropy } = context;
  const authenticated = authTicket !== undefined;
  if (authenticated && openAuthTicket(context, record, authTicket) === undefined) {
    return unchanged(record, { type: 'stale-ticket' });
  }
  const oprfKey = oprfRandomKey(entropy);
  const response = opaqueRegistrationResponse({ request: blinded, oprfKey, serverPublicKey: keys.opaqueKey });
  const ticketId = entropy.bytes(32);
  const resumptionSecret = entropy.bytes(32);
  const { version, seq } = record;
  const ticket = sealTicket(
    registerTicket,
    keys.ticketSecret,
    vault,
    { version, seq, ticketId, authenticated, oprfKey, resumptionSecret },
    entropy,
  );
  zero(oprfKey);
  return unchanged(record, { type: 'register.started', response, ticketId, ticket, resumptionSecret });
}

/**
 * Puts the registration beside the live record, which goes on working until the confirm.
 * @throws CryptoError `bad-element` for a record that could never answer a recovery.
 */
export function stepRegisterFinish(
  context: StepContext,
  record: VaultRecord,
  request: RequestOf<'register.finish'>,
  ticket: RegisterTicket,
): Step {
  const { budgetMax, ksf, payload, confirmHash } = request;
  if (budgetMax < 1 || budgetMax > context.vault.fleet.budgetLimit) return unchanged(record, { type: 'limit' });
  verifyOpaqueRecord(request.record);
  const credential = {
    oprfKey: ticket.oprfKey.slice(),
    opaqueRecord: request.record,
    ksf,
    payload,
    confirmHash,
    budgetMax,
  };
  const finished = { type: 'register.finished', version: record.version } as const;
  if (ticket.version === record.version && ticket.seq === record.seq) {
    const { ticketId, authenticated } = ticket;
    return { record: changed(record, { pending: { ticketId, authenticated, credential } }), reply: finished };
  }
  // Executed again after a lost reply: the same bytes get the same answer, any other bytes are somebody else's.
  const { pending } = record;
  const again =
    pending !== undefined &&
    equalBytes(pending.ticketId, ticket.ticketId) &&
    isSameCredential(pending.credential, credential);
  zero(credential.oprfKey);
  return unchanged(record, again ? finished : { type: 'stale-ticket' });
}

/**
 * Makes the pending registration the live one. Needs the secret whose hash came with it, which only the client that
 * started it has: a host that replays other messages can grant nobody a new budget (safety rule 7).
 */
export function stepRegisterConfirm(
  record: VaultRecord,
  { version, confirmSecret }: RequestOf<'register.confirm'>,
): Step {
  const { pending, live } = record;
  const hash = confirmHashOf(confirmSecret);
  if (pending !== undefined && version === record.version && equalBytes(hash, pending.credential.confirmHash)) {
    if (version >= versionMax) return unchanged(record, { type: 'limit' });
    const foreign = !pending.authenticated && record.version > 0;
    const confirmed = changed(record, {
      version: record.version + 1,
      state: 'live',
      live: pending.credential,
      pending: undefined,
      openAttempts: [],
      resets: record.resets + (foreign ? 1 : 0),
    });
    return { record: confirmed, reply: confirmedReply(confirmed) };
  }
  const again = live !== undefined && version + 1 === record.version && equalBytes(hash, live.confirmHash);
  return unchanged(record, again ? confirmedReply(record) : { type: 'stale-ticket' });
}

/** Drops the pending registration, if it is the named one. */
export function stepRegisterAbandon(record: VaultRecord, { ticketId }: RequestOf<'register.abandon'>): Step {
  const named = record.pending !== undefined && equalBytes(record.pending.ticketId, ticketId);
  const reply = { type: 'register.abandoned' } as const;
  return named ? { record: changed(record, { pending: undefined }), reply } : unchanged(record, reply);
}

const confirmedReply = (record: VaultRecord): Step['reply'] => ({
  type: 'register.confirmed',
  version: record.version,
  budget: budgetOf(record),
  resets: record.resets,
});

function isSameCredential(...credentials: readonly [Credential, Credential]): boolean {
  const [a, b] = credentials.map((each) => encode(credentialLayout, each)) as [Uint8Array, Uint8Array];
  const same = equalBytes(a, b);
  zero(a, b);
  return same;
}
