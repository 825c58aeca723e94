import { CodedError } from '@coffer/base';

/**
 * `bad-config` no log to watch, or one key twice · `state-damaged` a stored checkpoint is not what was written, so nobody
 * knows what was cosigned: it is never started on that state · `halted` a write failed; a new start reads what is there.
 */
export type WitnessErrorCode = 'bad-config' | 'state-damaged' | 'halted';

/** What this package throws. Never holds a key or bytes of a request. */
export class WitnessError extends CodedError<WitnessErrorCode> {}
