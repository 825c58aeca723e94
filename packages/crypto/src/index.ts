export * from './aead.js';
export * from './committing-aead.js';
export * from './ed25519.js';
export * from './entropy.js';
export * from './errors.js';
export * from './hashes.js';
export { type HpkeContext, hpkeMessagesMax } from './hpke/context.js';
export * from './hpke/setup.js';
export * from './hpke/xwing.js';
