import { equalBytes, zero } from '@coffer/base';
import { CryptoError, type Ke1State, ke3Bytes, opaqueGenerateKe1, opaqueGenerateKe3 } from '@coffer/crypto';
import { attemptIdOf, opaqueBinding, type VaultReply, type VaultStatus } from '@coffer/protocol';
import { attemptEntropy } from './attempt-entropy.js';
import { ClientError } from './errors.js';
import { isLie, unexpected } from './exchange.js';
import type { FailedUnlock, UnlockOptions } from './outcomes.js';
import { preparePassword } from './password.js';
import { openPayload, type VaultContents } from './payload.js';
import { askStatus, observe, type Session, stretching } from './session.js';
import type { StoredAttempt } from './state.js';

/** A proven password, before anything is decided about a refill. */
export interface Recovered {
  readonly type: 'recovered';
  readonly contents: VaultContents;
  readonly version: number;
  readonly budget: number;
  /** Ids of the attempts that failed since the last grant. */
  readonly openAttempts: readonly Uint8Array[];
  /** Absent when the reply that carried it was lost: then the next unlock brings one. */
  readonly authTicket: Uint8Array | undefined;
  /** As it was before the attempt. */
  readonly status: VaultStatus;
}

type Started = Extract<VaultReply, { type: 'recover.started' }>;

/** One guess, or the rest of one that a crash interrupted. @throws ClientError. */
export async function recover(
  session: Session,
  text: string,
  options: UnlockOptions,
): Promise<Recovered | FailedUnlock> {
  const password = preparePassword(text);
  try {
    const status = await askStatus(session);
    if (status.state !== 'live') return notLive(status.state);
    const { attempt: stored } = session.keeper.state;
    if (status.budget === 0) {
      // One more KE1 would make the HSMs destroy the record. Only an attempt that is open already is free, and only
      // whoever typed its password can know that this is the same one.
      const interrupted = stored !== undefined && status.failures > stored.failuresBefore;
      if (!interrupted || options.resumeInterrupted !== true) return { type: 'locked-out', interrupted };
    }
    return await attempt(session, password, stored ?? (await openAttempt(session, status)), status);
  } finally {
    zero(password);
  }
}

/** The seed is on disk before KE1 leaves: after a crash the same password makes the same KE1, which is free. */
async function openAttempt({ keeper, entropy }: Session, { version, failures }: VaultStatus): Promise<StoredAttempt> {
  const attempt = { seed: entropy.bytes(32), version, failuresBefore: failures };
  await keeper.update({ attempt });
  return attempt;
}

async function attempt(
  session: Session,
  password: Uint8Array,
  stored: StoredAttempt,
  status: VaultStatus,
): Promise<Recovered | FailedUnlock> {
  const entropy = attemptEntropy(stored.seed, password);
  const { state, ke1 } = opaqueGenerateKe1(password, entropy);
  entropy.forget();
  try {
    const started = await session.exchange.call({ type: 'recover.start', ke1 });
    if (started.type !== 'recover.started') return failed(session, started);
    await observe(session, started.version, started.failures);
    if (started.version !== stored.version)
      await session.keeper.update({ attempt: { ...stored, version: started.version } });
    const keys = await finishExchange(session, password, state, started).catch(async (error: unknown) => {
      await decoyFinish(session, started);
      throw error;
    });
    if (keys === undefined) return await wrongPassword(session, started, ke1);
    try {
      return await collect(session, started, keys, status);
    } finally {
      zero(keys.ke3, keys.exportKey);
    }
  } finally {
    zero(state.blind, state.clientSecret);
  }
}

/** @returns undefined for a wrong password. @throws ClientError `ksf-refused` before any stretching, `bad-reply`. */
async function finishExchange(
  session: Session,
  password: Uint8Array,
  state: Ke1State,
  { ke2, ksf }: Started,
): Promise<{ readonly ke3: Uint8Array; readonly exportKey: Uint8Array } | undefined> {
  const { vault } = session;
  const stretch = stretching(session, ksf);
  try {
    const result = await opaqueGenerateKe3({ ...opaqueBinding(vault), password, state, ke2, ksf: stretch });
    zero(result.sessionKey);
    if (!equalBytes(result.serverPublicKey, vault.fleet.opaqueKey))
      throw new ClientError('bad-reply', 'another server key');
    return result;
  } catch (cause) {
    if (!(cause instanceof CryptoError)) throw cause;
    if (cause.code === 'wrong-password') return undefined;
    throw new ClientError('bad-reply', 'malformed KE2', { cause });
  }
}

/**
 * Notes the failure, then still sends a finish, with random bytes for a MAC: to the host it looks like any other, and so it
 * learns neither from silence nor from length whether the password was right.
 */
async function wrongPassword(session: Session, started: Started, ke1: Uint8Array): Promise<FailedUnlock> {
  const { keeper, vault } = session;
  // The fleet counts this attempt too. If all that it counts beside it are fewer than those we know of, a grant closed ours.
  const earlier = keeper.state.ownFailures.length < started.failures ? keeper.state.ownFailures : [];
  const ownFailures = [...earlier, attemptIdOf(vault.vaultId, started.version, ke1)];
  await keeper.update({ attempt: undefined, ownFailures, failuresVersion: started.version });
  const reply = await decoyFinish(session, started);
  if (reply?.type === 'wrong-secret') return { type: 'wrong-password', budget: reply.budget };
  if (reply === undefined || reply.type === 'stale-ticket') return { type: 'wrong-password', budget: started.budget };
  return failed(session, reply);
}

/**
 * A finish with random bytes for a MAC. @returns undefined when it got lost: what it hides is known and proven already.
 * @throws ClientError for a service that lies, about the vault or about its fleets.
 */
async function decoyFinish({ exchange, entropy }: Session, started: Started): Promise<VaultReply | undefined> {
  try {
    return await exchange.call({ type: 'recover.finish', ke3: entropy.bytes(ke3Bytes) }, started);
  } catch (error) {
    if (!(error instanceof ClientError) || isLie(error)) throw error;
    return undefined;
  }
}

async function collect(
  session: Session,
  started: Started,
  { ke3, exportKey }: { readonly ke3: Uint8Array; readonly exportKey: Uint8Array },
  status: VaultStatus,
): Promise<Recovered | FailedUnlock> {
  const reply = await session.exchange.call({ type: 'recover.finish', ke3 }, started);
  if (reply.type === 'stale-ticket') {
    await session.keeper.update({ attempt: undefined });
    throw new ClientError('vault-changed', 'the secret was replaced during the unlock: try again');
  }
  if (reply.type !== 'recovered') return failed(session, reply);
  const contents = openPayload(session.vault, exportKey, reply.payload);
  const { version, budget, openAttempts, authTicket } = reply;
  await observe(session, version, openAttempts.length);
  // What a grant has closed meanwhile is no failure any more.
  const isOpen = (own: Uint8Array): boolean => openAttempts.some((open) => equalBytes(open, own));
  const ownFailures = session.keeper.state.ownFailures.filter(isOpen);
  await session.keeper.update({ attempt: undefined, ownFailures });
  return { type: 'recovered', contents, version, budget, openAttempts, authTicket, status };
}

/** A proven reply that ends the attempt without a result. */
async function failed(session: Session, reply: VaultReply): Promise<FailedUnlock> {
  if (reply.type === 'destroyed' || reply.type === 'erased') await observe(session, reply.version, undefined);
  else if (reply.type !== 'not-registered') throw unexpected(reply);
  await session.keeper.update({ attempt: undefined });
  return { type: reply.type };
}

function notLive(state: 'none' | 'destroyed' | 'erased'): FailedUnlock {
  return { type: state === 'none' ? 'not-registered' : state };
}
