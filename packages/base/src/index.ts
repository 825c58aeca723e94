export * from './base64.js';
export * from './brands.js';
export * from './bytes.js';
export * from './errors.js';
export * from './ports.js';
export * from './secrets.js';
