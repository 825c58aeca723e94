export {
  decodeEnvelope,
  type Envelope,
  encodeEnvelope,
  envelopeMessage,
  inTotoPayloadType,
  type RoleSignature,
  signEnvelope,
  verifyEnvelope,
} from './envelope.js';
export { EvidenceError, type EvidenceErrorCode } from './errors.js';
export type { CeremonyRecord, SignedStep } from './forms/ceremony-record.js';
export {
  type CeremonyEvent,
  type CeremonyKind,
  type CeremonyStep,
  noStep,
  signStep,
  stepHash,
  stepMessage,
} from './forms/ceremony-step.js';
export type { ConfigStatement, FleetPlan } from './forms/config.js';
export type { BuildStatement, RebuildStatement, SourceStatement } from './forms/image.js';
export type { MediaStatement } from './forms/media.js';
export type { MemberQuote, MemberStatement } from './forms/member.js';
export type { SelfTestStatement } from './forms/self-test.js';
export * from './index-file.js';
export * from './limits.js';
export {
  decodeStatement,
  encodeStatement,
  type Predicates,
  type Statement,
  type StatementKind,
  signStatement,
} from './statement.js';
export {
  decodeTranscript,
  encodeTranscript,
  type SelfTestCall,
  selfTestRequests,
  type Transcript,
} from './transcript.js';
export { type EvidenceOptions, type EvidenceRoles, evidenceRoles } from './verify/evidence-options.js';
export { type EvidenceReport, holds, type ReportItem, type Verdict } from './verify/evidence-report.js';
export type { EvidenceReader } from './verify/files.js';
export { verifyEvidence } from './verify/verify-evidence.js';
export { memberQuoteSubject } from './verify/verify-member.js';
