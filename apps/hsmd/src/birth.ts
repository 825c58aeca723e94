import { existsSync } from 'node:fs';
import { type Entropy, zero } from '@coffer/base';
import { replaceFile } from '@coffer/host';
import { HsmError, initialiseHsm, type Nvram, SoftKeyStore } from '@coffer/hsm';
import { KeyStoreError, Pkcs11KeyStore } from '@coffer/keystore-pkcs11';
import { type HsmdConfig, tokenAt } from './config.js';
import { type OpenKeyStore, openKeyStore, openToken } from './key-store.js';

/**
 * Makes a new HSM where there is neither identity nor state: the identity first, then the state that names its site. A
 * crash in between leaves an identity without state, which never starts again; the ceremony takes a new folder or token.
 * @returns the key store, open, also of an HSM that was made before.
 * @throws HsmError, HostError, KeyStoreError.
 */
export function openNewborn(
  config: HsmdConfig['keyStore'],
  path: (path: string) => string,
  { nvram, site, entropy }: { nvram: Nvram; site: string; entropy: Entropy },
): OpenKeyStore {
  if (nvram.load() !== undefined) return openKeyStore(config, path, entropy);
  const opened = makeIdentity(config, path, entropy);
  try {
    initialiseHsm({ keyStore: opened.keyStore, nvram, site, entropy });
  } catch (cause) {
    opened.close();
    throw cause;
  }
  return opened;
}

/** @throws HsmError `no-state` for an identity that is there already: its state was lost. */
function makeIdentity(config: HsmdConfig['keyStore'], path: (path: string) => string, entropy: Entropy): OpenKeyStore {
  if (typeof config === 'string') {
    if (existsSync(path(config))) throw lostState();
    const made = SoftKeyStore.generate(entropy);
    const keys = made.export();
    replaceFile(path(config), keys);
    zero(keys);
    made.close();
    return openKeyStore(config, path, entropy);
  }
  try {
    // Opened once: a PIN out of a descriptor or the environment can be read only once.
    return openToken(Pkcs11KeyStore.generate(tokenAt(config.pkcs11, path), entropy));
  } catch (cause) {
    if (cause instanceof KeyStoreError && cause.code === 'key-exists') throw lostState();
    throw cause;
  }
}

const lostState = (): HsmError => new HsmError('no-state', 'this HSM has an identity and no state: take a new one');
