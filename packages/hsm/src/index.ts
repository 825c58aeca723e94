export * from './host-api.js';
export * from './ports.js';
