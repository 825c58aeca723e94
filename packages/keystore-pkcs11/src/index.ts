export { KeyStoreError, type KeyStoreErrorCode } from './errors.js';
export { identityLabel, sealingLabel } from './keys.js';
export { type PinSource, pinBytesMax } from './pin.js';
export { Pkcs11KeyStore, tokenSealOverheadBytes } from './pkcs11-key-store.js';
export type { TokenConfig } from './token.js';
