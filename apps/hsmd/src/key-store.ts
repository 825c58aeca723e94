import type { Entropy } from '@coffer/base';
import type { KeyStore } from '@coffer/hsm';
import { Pkcs11KeyStore } from '@coffer/keystore-pkcs11';
import { type HsmdConfig, tokenAt } from './config.js';
import { openFileKeyStore } from './file-key-store.js';

/** A key store and where its keys are, for the log. */
export interface OpenKeyStore {
  readonly keyStore: KeyStore;
  readonly where: string;
  close(): void;
}

/**
 * Opens the key store that a configuration names. PKCS#11's driver is loaded only when a token is named.
 * @param path - absolute form of a path of the configuration.
 * @throws HostError `file`, HsmError `bad-state`, KeyStoreError.
 */
export function openKeyStore(
  config: HsmdConfig['keyStore'],
  path: (path: string) => string,
  entropy: Entropy,
): OpenKeyStore {
  if (typeof config === 'string') {
    const keyStore = openFileKeyStore(path(config), entropy);
    return { keyStore, where: 'keys and state are in files of this machine', close: () => undefined };
  }
  return openToken(Pkcs11KeyStore.open(tokenAt(config.pkcs11, path), entropy));
}

/** A token that is open already. */
export function openToken(keyStore: Pkcs11KeyStore): OpenKeyStore {
  return { keyStore, where: 'state is in a file of this machine', close: () => keyStore.close() };
}
