export * from './errors.js';
export * from './folder-store.js';
export * from './limits.js';
export * from './ports.js';
export * from './serve.js';
export * from './witness.js';
