export * from './bear-fleet.js';
export * from './errors.js';
export * from './self-test.js';
