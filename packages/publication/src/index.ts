export * from './build-bundle.js';
export * from './errors.js';
export * from './http-log-reader.js';
export * from './log-reader.js';
