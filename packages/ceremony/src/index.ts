export { type BirthEvents, type BornFleet, bearFleet, type NewbornHsm } from './bear-fleet.js';
export * from './ceremony-book.js';
export * from './errors.js';
export type { KeyStoreFacts } from './fleet-evidence.js';
export * from './hold-ceremony.js';
export * from './self-test.js';
