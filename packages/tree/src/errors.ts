import { CodedError } from '@coffer/base';

/**
 * `bad-proof`: not a canonical proof, or not one for this root. `not-covered`: the path of a key runs into a part of the
 * tree that the proof does not open. `over-limit`: more keys or bytes than a proof may have. `bad-node`: a stored node
 * that is missing or malformed. `not-sorted`: leaves that do not strictly ascend by key.
 */
export type TreeErrorCode = 'bad-proof' | 'not-covered' | 'over-limit' | 'bad-node' | 'not-sorted';

/** Input from a host that is not what it claims to be. Nothing has changed when it is thrown. */
export class TreeError extends CodedError<TreeErrorCode> {}
