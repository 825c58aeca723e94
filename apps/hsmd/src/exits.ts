import { type ExitCode, exitCodes } from '@coffer/host';
import { HsmError } from '@coffer/hsm';
import { KeyStoreError, type KeyStoreErrorCode } from '@coffer/keystore-pkcs11';

const { usage, unavailable, hsmRefuses } = exitCodes;

/**
 * What a supervisor should make of a key store that fails. A refused PIN must not be tried again by a machine: three
 * tries lock a token. A token that is away comes back, and nothing was said that was not persisted. Keys that are gone or
 * not what they should be are the end of this HSM.
 */
const keyStoreExits: Readonly<Record<KeyStoreErrorCode, ExitCode>> = {
  'no-driver': usage,
  'no-pin': usage,
  'wrong-pin': usage,
  'pin-locked': usage,
  unsupported: usage,
  'key-exists': usage,
  'no-module': unavailable,
  'no-token': unavailable,
  'in-use': unavailable,
  'token-failed': unavailable,
  'no-key': hsmRefuses,
  'bad-key': hsmRefuses,
};

/** Exit code of an error of the HSM or of its key store; undefined for all others. */
export function exitCodeOf(error: unknown): ExitCode | undefined {
  if (error instanceof KeyStoreError) return keyStoreExits[error.code];
  return error instanceof HsmError ? hsmRefuses : undefined;
}
