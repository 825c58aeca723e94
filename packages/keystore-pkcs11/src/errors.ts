import { CodedError } from '@coffer/base';

/**
 * Setting up, where starting again changes nothing: `no-driver` pkcs11js is not installed or not built · `no-pin` the PIN's
 * source cannot be read · `wrong-pin` (not tried again: tokens lock after a few) · `pin-locked` · `unsupported` the token
 * lacks a mechanism.
 *
 * What is not there now and may come back: `no-module` the module cannot be loaded · `no-token` no token of this label or
 * slot · `in-use` this process is logged in to it already · `token-failed` a token that worked has stopped doing so.
 *
 * What ends this HSM: `no-key` the token holds no such key · `bad-key` the key is doubled, may leave the token, or its two
 * halves do not belong together. And `key-exists`, when keys are to be made where there are some.
 */
export type KeyStoreErrorCode =
  | 'no-driver'
  | 'no-pin'
  | 'wrong-pin'
  | 'pin-locked'
  | 'unsupported'
  | 'no-module'
  | 'no-token'
  | 'in-use'
  | 'token-failed'
  | 'no-key'
  | 'bad-key'
  | 'key-exists';

/** What this package throws. Messages name files and labels of the operator's configuration, and never a PIN. */
export class KeyStoreError extends CodedError<KeyStoreErrorCode> {}
