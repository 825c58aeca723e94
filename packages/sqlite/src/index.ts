export type { DriverName, SqlRow, SqlValue } from './driver.js';
export * from './errors.js';
export * from './sqlite.js';
