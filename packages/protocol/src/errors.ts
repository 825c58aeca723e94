import { CodedError } from '@coffer/base';

/**
 * `bad-descriptor` a fleet descriptor that breaks its own rules · `bad-statement` a signed statement that does not
 * verify · `bad-certificate` a quorum certificate without a quorum · `bad-commit-proof` a reply that no majority stands
 * behind · `bad-channel` a sealed request or reply that does not open · `bad-account` a tenant or account name out of range or not Unicode text.
 */
export type ProtocolErrorCode =
  | 'bad-descriptor'
  | 'bad-statement'
  | 'bad-certificate'
  | 'bad-commit-proof'
  | 'bad-channel'
  | 'bad-account';

/** Something that was signed, sealed or proven does not hold. Nothing has changed when it is thrown. */
export class ProtocolError extends CodedError<ProtocolErrorCode> {}
