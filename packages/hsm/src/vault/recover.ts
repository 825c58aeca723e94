import { equalBytes, zero } from '@coffer/base';
import { opaqueGenerateKe2, verifyKe1 } from '@coffer/crypto';
import { attemptIdOf, opaqueBinding } from '@coffer/protocol';
import { budgetOf, type Credential, type VaultRecord } from '../record.js';
import { authTicket, type RecoverTicket, recoverTicket, sealTicket } from '../tickets.js';
import { changed, notLive, type RequestOf, type Step, type StepContext, unchanged } from './step.js';

/**
 * One guess. **This is where the guess limit is enforced.**
 *
 * The charge and the evaluation are one step: they stand in one entry, and the evaluation leaves the HSM only after a
 * majority has captured that entry, charge included (safety rule 1). The same KE1 is free while its attempt is
 * open, because it yields the same OPRF output again (rule 6); any other KE1 pays.
 *
 * @throws CryptoError `bad-element` for a KE1 that is no KE1; the record is then as it was.
 */
export function stepRecoverStart(context: StepContext, record: VaultRecord, { ke1 }: RequestOf<'recover.start'>): Step {
  if (record.live === undefined) return unchanged(record, notLive(record));
  const attemptId = attemptIdOf(context.vault.vaultId, record.version, ke1);
  if (record.openAttempts.some((open) => equalBytes(open, attemptId))) {
    return { record, reply: evaluate(context, record, record.live, ke1, attemptId) };
  }
  if (budgetOf(record) === 0) return destroy(record, ke1);
  const charged = changed(record, { openAttempts: [...record.openAttempts, attemptId] });
  return { record: charged, reply: evaluate(context, charged, record.live, ke1, attemptId) };
}

/**
 * The end of a recovery. A KE3 that verifies proves the password, and returns exactly the one charge of its own attempt
 * (rule 3): were the budget set back instead, an operator would have nine guesses between any two honest logins.
 */
export function stepRecoverFinish(
  context: StepContext,
  record: VaultRecord,
  { ke3 }: RequestOf<'recover.finish'>,
  ticket: RecoverTicket,
): Step {
  if (record.live === undefined) return unchanged(record, notLive(record));
  // A ticket of an older password: its KE3 would verify, and must open nothing.
  if (ticket.version !== record.version) return unchanged(record, { type: 'stale-ticket' });
  if (!equalBytes(ke3, ticket.expectedKe3)) {
    return unchanged(record, { type: 'wrong-secret', budget: budgetOf(record) });
  }
  const openAttempts = record.openAttempts.filter((open) => !equalBytes(open, ticket.attemptId));
  const wasOpen = openAttempts.length < record.openAttempts.length;
  // Executed again after its attempt was closed: the payload again, no second refund, no second grant.
  const closed = wasOpen ? changed(record, { openAttempts }) : record;
  return {
    record: closed,
    reply: {
      type: 'recovered',
      payload: record.live.payload.slice(),
      version: closed.version,
      budget: budgetOf(closed),
      openAttempts: closed.openAttempts,
      authTicket: wasOpen ? grantTicket(context, closed) : undefined,
    },
  };
}

function evaluate(
  context: StepContext,
  record: VaultRecord,
  live: Credential,
  ke1: Uint8Array,
  attemptId: Uint8Array,
): Step['reply'] {
  const { keys, vault, entropy } = context;
  const { ke2, expectedClientMac, sessionKey } = opaqueGenerateKe2({
    ke1,
    record: live.opaqueRecord,
    oprfKey: live.oprfKey,
    serverPrivateKey: keys.opaquePrivateKey,
    serverPublicKey: keys.opaqueKey,
    ...opaqueBinding(vault),
    entropy,
  });
  const resumptionSecret = entropy.bytes(32);
  const ticket: RecoverTicket = {
    version: record.version,
    attemptId,
    expectedKe3: expectedClientMac,
    resumptionSecret,
  };
  const sealed = sealTicket(recoverTicket, keys.ticketSecret, vault, ticket, entropy);
  zero(sessionKey, expectedClientMac);
  return {
    type: 'recover.started',
    ke2,
    ksf: live.ksf,
    version: record.version,
    budget: budgetOf(record),
    failures: record.openAttempts.length,
    ticket: sealed,
    resumptionSecret,
  };
}

/** The guess after the last one: live and pending secrets are gone from the record, for good. */
function destroy(record: VaultRecord, ke1: Uint8Array): Step {
  // Like every other branch: a malformed KE1 changes nothing, not even this.
  verifyKe1(ke1);
  const version = record.version + 1;
  return {
    record: changed(record, { version, state: 'destroyed', live: undefined, openAttempts: [], pending: undefined }),
    reply: { type: 'destroyed', version },
  };
}

function grantTicket({ keys, vault, entropy }: StepContext, record: VaultRecord): Uint8Array {
  return sealTicket(authTicket, keys.ticketSecret, vault, { version: record.version, seq: record.seq }, entropy);
}
