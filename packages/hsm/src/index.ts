export { HsmError, type HsmErrorCode } from './errors.js';
export * from './host-api.js';
export { Hsm } from './hsm.js';
export { MemoryNvram } from './memory-nvram.js';
export * from './ports.js';
export { type ProvisionedFleet, type ProvisionOptions, provisionFleet } from './provision.js';
export { SoftKeyStore } from './soft-key-store.js';
export { sealedStateBytesMax } from './state.js';
