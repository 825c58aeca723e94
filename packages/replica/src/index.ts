export * from './errors.js';
export { entriesReadMax, Replica } from './replica.js';
export { schemaVersion } from './schema.js';
export type { SnapshotInstall } from './snapshot-install.js';
export { snapshotPageLeavesMax } from './snapshot-source.js';
export type * from './types.js';
export type { VerifiedGroup } from './verify.js';
