export * from './client.js';
export * from './errors.js';
export * from './outcomes.js';
export * from './ports.js';
