export type { EpochReport } from './audited-epoch.js';
export type { Doubt, DoubtCode } from './doubt.js';
export * from './errors.js';
export type { EvidenceFinding, EvidenceRequest, EvidenceVerifier } from './evidence-audit.js';
export * from './fleet-delta.js';
export * from './http-source.js';
export * from './limits.js';
export * from './log-audit.js';
export * from './source.js';
