export * from './checks.js';
export * from './contract.js';
export * from './contract-env.js';
export * from './errors.js';
export * from './ledger.js';
export * from './limits.js';
export * from './memory.js';
export * from './rows.js';
