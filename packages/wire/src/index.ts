export * from './canonical-json.js';
export * from './cursor.js';
export * from './errors.js';
export * from './frames.js';
export * from './json-form.js';
export * from './layout.js';
