/**
 * Base of every *coded error*: bad input or failed I/O at a boundary. Each package has one subclass with a closed union
 * of codes. A code is stable, and is also the metric label; the message is for people and never holds a secret, an
 * account name or bytes from outside.
 */
export class CodedError<Code extends string = string> extends Error {
  readonly code: Code;

  constructor(code: Code, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.code = code;
    this.name = new.target.name;
  }
}

/**
 * Our own bug: a state that the code promises can never exist. Whoever catches it stops; an HSM refuses every later
 * step, because a program that has broken one promise has no business signing anything.
 */
export class InvariantError extends Error {
  override readonly name = 'InvariantError';
}

/** @throws InvariantError when `condition` does not hold. `what` says what should have been true. */
export function invariant(condition: unknown, what: string): asserts condition {
  if (!condition) throw new InvariantError(`invariant broken: ${what}`);
}
