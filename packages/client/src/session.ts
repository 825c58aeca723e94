import type { Entropy } from '@coffer/base';
import { argon2id, type KeyStretching } from '@coffer/crypto';
import { isKsfAcceptable, type KsfParameters, type Vault, type VaultStatus } from '@coffer/protocol';
import { ClientError } from './errors.js';
import { unexpected, type VaultExchange } from './exchange.js';
import type { Stretch } from './ports.js';
import type { StateKeeper } from './state-keeper.js';

/** What every flow works with. */
export interface Session {
  readonly vault: Vault;
  readonly exchange: VaultExchange;
  readonly keeper: StateKeeper;
  readonly entropy: Entropy;
  /** Of new registrations. */
  readonly ksf: KsfParameters;
  readonly stretch: Stretch;
}

/** RFC 9807 §6.3: the OPRF output is salt enough, so Argon2's own is zero. */
const zeroSalt = new Uint8Array(16);

/** Argon2id in this thread. */
export const argon2idStretch: Stretch = (input, { memoryKiB, passes, lanes }) =>
  argon2id({ password: input, salt: zeroSalt, memoryKiB, passes, lanes, lengthBytes: 64 });

/**
 * The stretching function for parameters from anywhere. They are checked before it runs: lower ones would make a stolen
 * record cheap to search, higher ones would end the app.
 * @throws ClientError `ksf-refused`.
 */
export function stretching({ stretch }: Session, ksf: KsfParameters): KeyStretching {
  if (!isKsfAcceptable(ksf)) throw new ClientError('ksf-refused', 'key-stretching parameters out of range');
  return (input) => stretch(input, ksf);
}

/** Asks for the status, and takes note of it. */
export async function askStatus(session: Session, triesMax?: number): Promise<VaultStatus> {
  const reply = await session.exchange.call({ type: 'status' }, undefined, triesMax);
  if (reply.type !== 'status') throw unexpected(reply);
  const { type: _, ...status } = reply;
  await observe(session, status.version, status.state === 'live' ? status.failures : undefined);
  return status;
}

/**
 * Takes note of what a proven reply showed.
 *
 * A version is never reset, so a lower one than was seen before means that the fleet's state was put back to an old copy,
 * with a budget that was already spent.
 *
 * Failures are never taken back one by one except by their own success, so fewer than this device made itself mean that
 * somebody was granted a full budget in between; which of ours are still open is then unknown, and none count.
 *
 * @param failures - undefined when the vault is not live.
 * @throws ClientError `rolled-back`, `store`.
 */
export async function observe({ keeper }: Session, version: number, failures: number | undefined): Promise<void> {
  const { seenVersion, failuresVersion, ownFailures, attempt } = keeper.state;
  if (version < seenVersion) throw new ClientError('rolled-back', 'the vault is older than this device has seen it');
  const granted = failures === undefined || version !== failuresVersion || failures < ownFailures.length;
  const changes = {
    ...(version !== seenVersion ? { seenVersion: version } : {}),
    ...(granted && (ownFailures.length > 0 || version !== failuresVersion)
      ? { ownFailures: [], failuresVersion: version }
      : {}),
    // An attempt at a secret that is no longer there: its seed is of no use.
    ...(attempt !== undefined && attempt.version < version ? { attempt: undefined } : {}),
  };
  if (Object.keys(changes).length > 0) await keeper.update(changes);
}
