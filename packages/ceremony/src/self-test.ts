import { concat, type Entropy, equalBytes, utf8, zero } from '@coffer/base';
import type { VaultExchange } from '@coffer/client';
import {
  hkdf,
  ke3Bytes,
  opaqueFinalizeRegistration,
  opaqueGenerateKe1,
  opaqueRegistrationRequest,
} from '@coffer/crypto';
import type { SelfTestCall } from '@coffer/evidence';
import {
  confirmHashOf,
  ksfDefault,
  opaqueBinding,
  type Ticket,
  type VaultReply,
  type VaultRequest,
} from '@coffer/protocol';
import { CeremonyError } from './errors.js';

/** Sends one request and keeps what a third party needs to check the reply. */
type Call = (request: SelfTestRequest, ticket?: Ticket) => Promise<VaultReply>;
type SelfTestRequest = Extract<VaultRequest, { type: SelfTestCall['request'] }>;

/**
 * Uses up the guesses of a vault that is nobody's, through the same door as everybody: registers with the fleet's largest
 * budget, guesses wrong until none is left, then asks with the right password, twice. No test code runs in an HSM.
 * @param exchange - to that vault, which the member under test leads.
 * @returns every call with its proof and what opens its reply.
 * @throws CeremonyError `guess-limit` when the limit does not hold; ClientError.
 */
export async function exhaustGuesses(exchange: VaultExchange, entropy: Entropy): Promise<readonly SelfTestCall[]> {
  const { budgetLimit } = exchange.vault.fleet;
  const right = utf8('the right one');
  const calls: SelfTestCall[] = [];
  const call: Call = async (request, ticket) => {
    const sealed = exchange.seal(request, ticket);
    const { reply, proof } = await exchange.post(sealed.sealed);
    const { requestHash, replySecret } = sealed;
    calls.push({ request: request.type, requestHash, replySecret, answer: { reply, proof } });
    return exchange.open(sealed, { reply, proof });
  };
  await register(exchange, call, right, entropy);
  for (let left = budgetLimit - 1; left >= 0; left--) {
    const { ke1 } = opaqueGenerateKe1(utf8(`a wrong one, ${left} left`), entropy);
    const started = await call({ type: 'recover.start', ke1 });
    if (started.type !== 'recover.started' || started.budget !== left) fail(`${left} guesses should be left`);
    const finished = await call({ type: 'recover.finish', ke3: entropy.bytes(ke3Bytes) }, started);
    if (finished.type !== 'wrong-secret' || finished.budget !== left) fail('a wrong guess should be wrong');
  }
  for (const what of ['destroy', 'stay destroyed']) {
    const { ke1 } = opaqueGenerateKe1(right, entropy);
    const { type } = await call({ type: 'recover.start', ke1 });
    if (type !== 'destroyed') fail(`the right password should find the vault to ${what}`);
  }
  return calls;
}

async function register({ vault }: VaultExchange, call: Call, password: Uint8Array, entropy: Entropy): Promise<void> {
  const budgetMax = vault.fleet.budgetLimit;
  const { blind, request } = opaqueRegistrationRequest(password, entropy);
  const started = await call({ type: 'register.start', blinded: request, authTicket: undefined });
  if (started.type !== 'register.started') return fail('a registration should start');
  if (!equalBytes(started.response.subarray(32), vault.fleet.opaqueKey)) fail('another server key');
  const { record, exportKey } = await opaqueFinalizeRegistration({
    ...opaqueBinding(vault),
    password,
    blind,
    response: started.response,
    // The password is in this file; stretching it would protect nobody.
    ksf: async (input) => hkdf('sha512', new Uint8Array(), input, utf8('coffer/self-test/v1'), 64),
    entropy,
  });
  zero(exportKey);
  const confirmSecret = entropy.bytes(32);
  const finished = await call(
    {
      type: 'register.finish',
      record,
      ksf: ksfDefault,
      payload: concat(utf8('self-test')),
      budgetMax,
      confirmHash: confirmHashOf(confirmSecret),
    },
    started,
  );
  if (finished.type !== 'register.finished') return fail('a registration should be stored');
  const confirmed = await call({ type: 'register.confirm', version: finished.version, confirmSecret });
  if (confirmed.type !== 'register.confirmed' || confirmed.budget !== budgetMax) fail('a full budget should be there');
}

function fail(what: string): never {
  throw new CeremonyError('guess-limit', `self-test: ${what}`);
}
