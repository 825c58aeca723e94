export * from './errors.js';
export * from './gateways.js';
export * from './next-artifact.js';
export * from './publish-epoch.js';
export * from './trust-roots.js';
