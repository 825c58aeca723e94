import { CodedError } from '@coffer/base';

/** `truncated`, `trailing`, `over-limit`, `bad-value` for layouts; `bad-json`, `not-canonical` for JSON; `frame-too-large` for frames. */
export type WireErrorCode =
  | 'truncated'
  | 'trailing'
  | 'over-limit'
  | 'bad-value'
  | 'bad-json'
  | 'not-canonical'
  | 'frame-too-large';

/** Bytes that are not an encoding of what was expected. Nothing has changed when it is thrown. */
export class WireError extends CodedError<WireErrorCode> {}
