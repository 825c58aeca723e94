import { ProtocolError } from '@coffer/protocol';
import { type EvidenceErrorCode, fail } from '../errors.js';

/** What an HSM signed, or the code for it. */
export function held<T>(code: EvidenceErrorCode, what: string, verify: () => T): T {
  try {
    return verify();
  } catch (cause) {
    if (!(cause instanceof ProtocolError)) throw cause;
    return fail(code, `${what} is not signed by the HSM it names, for this fleet`, cause);
  }
}
