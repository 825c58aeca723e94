import { zero } from '@coffer/base';
import { CryptoError } from '@coffer/crypto';
import {
  decodeSealedRequest,
  type OpenExchange,
  openFreshRequest,
  openTicketedRequest,
  ProtocolError,
  sealReply,
  type VaultReply,
} from '@coffer/protocol';
import { WireError } from '@coffer/wire';
import type { VaultRecord } from '../record.js';
import { openTicket, recoverTicket, registerTicket } from '../tickets.js';
import { stepErase, stepRefill, stepStatus } from './keep.js';
import { stepRecoverFinish, stepRecoverStart } from './recover.js';
import { stepRegisterAbandon, stepRegisterConfirm, stepRegisterFinish, stepRegisterStart } from './register.js';
import type { OpenedRequest, Step, StepContext } from './step.js';

/** A request executed on its record, the reply already sealed. */
export interface Execution {
  readonly record: VaultRecord;
  readonly sealedReply: Uint8Array;
}

/**
 * Opens one request, executes it and seals the reply.
 * @returns undefined for bytes that do not open or name impossible values: nothing has changed (docs/spec/protocol.md §11).
 */
export function executeRequest(context: StepContext, record: VaultRecord, sealed: Uint8Array): Execution | undefined {
  let opened: (OpenedRequest & OpenExchange) | undefined;
  try {
    opened = open(context, sealed);
    if (opened === undefined) return undefined;
    const step = stepRequest(context, record, opened);
    if (step === undefined) return undefined;
    const sealedReply = sealReply(context.vault, opened, step.reply, context.entropy);
    zeroReply(step.reply);
    return { record: step.record, sealedReply };
  } catch (cause) {
    if (cause instanceof ProtocolError || cause instanceof WireError || cause instanceof CryptoError) return undefined;
    throw cause;
  } finally {
    if (opened !== undefined) forget(opened);
  }
}

/** Overwrites what was opened: the record has its own copy of what it keeps. */
function forget(opened: OpenedRequest & OpenExchange): void {
  zero(opened.replySecret);
  if (opened.under !== 'fresh') zero(opened.ticket.resumptionSecret);
  if (opened.under === 'recover') zero(opened.ticket.expectedKe3);
  if (opened.under === 'register') zero(opened.ticket.oprfKey);
}

function zeroReply(reply: VaultReply): void {
  if ('resumptionSecret' in reply) zero(reply.resumptionSecret);
  if (reply.type === 'recovered') zero(reply.payload);
}

/** The one table of operations. @returns undefined when an operation came under the wrong seal. */
export function stepRequest(context: StepContext, record: VaultRecord, opened: OpenedRequest): Step | undefined {
  const { request } = opened;
  if (opened.under === 'register') {
    return request.type === 'register.finish' ? stepRegisterFinish(context, record, request, opened.ticket) : undefined;
  }
  if (opened.under === 'recover') {
    return request.type === 'recover.finish' ? stepRecoverFinish(context, record, request, opened.ticket) : undefined;
  }
  switch (request.type) {
    case 'status':
      return stepStatus(record);
    case 'register.start':
      return stepRegisterStart(context, record, request);
    case 'register.confirm':
      return stepRegisterConfirm(record, request);
    case 'register.abandon':
      return stepRegisterAbandon(record, request);
    case 'recover.start':
      return stepRecoverStart(context, record, request);
    case 'refill':
      return stepRefill(context, record, request);
    case 'erase':
      return stepErase(record, request);
    case 'register.finish':
    case 'recover.finish':
      return undefined;
  }
}

/** Fresh requests open with the channel key, ticketed ones with the secret inside the ticket they carry. */
function open(context: StepContext, sealed: Uint8Array): (OpenedRequest & OpenExchange) | undefined {
  const { vault, keys } = context;
  const outer = decodeSealedRequest(sealed);
  if (outer.type === 'fresh')
    return { under: 'fresh', ...openFreshRequest(vault, keys.channelSecretKey, sealed, outer) };
  const recover = openTicket(recoverTicket, keys.ticketSecret, vault, outer.ticket);
  if (recover !== undefined) {
    return {
      under: 'recover',
      ticket: recover,
      ...openTicketedRequest(vault, recover.resumptionSecret, sealed, outer),
    };
  }
  const register = openTicket(registerTicket, keys.ticketSecret, vault, outer.ticket);
  if (register === undefined) return undefined;
  return {
    under: 'register',
    ticket: register,
    ...openTicketedRequest(vault, register.resumptionSecret, sealed, outer),
  };
}
