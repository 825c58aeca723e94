export * from './agent.js';
export * from './errors.js';
export * from './events.js';
export * from './ports.js';
export * from './status.js';
export * from './tuning.js';
