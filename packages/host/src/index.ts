export * from './clock.js';
export * from './configuration.js';
export * from './daemon.js';
export * from './durable-file.js';
export * from './errors.js';
export * from './exit-codes.js';
export * from './file-lock.js';
export { type Logger, openLog } from './logger.js';
