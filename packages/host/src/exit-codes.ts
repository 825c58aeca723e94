/** What a Coffer process says with its exit code. Supervisors and scripts rely on these. */
export const exitCodes = {
  /** Done, or stopped as asked. */
  done: 0,
  /** The vault refused (client program only). */
  refused: 1,
  /** Wrong arguments or a bad configuration file: starting again changes nothing. */
  usage: 2,
  /** Something that is needed is not there: a port or lock is taken, a service does not answer. */
  unavailable: 3,
  /** An HSM does not start: its state is missing or does not authenticate. Never start it again on that state. */
  hsmRefuses: 4,
  /** The same, of an auditor: its log contradicts what it has signed. */
  stateRefused: 4,
  /** An HSM halted: a promise of the code broke, or its state could not be persisted. */
  hsmHalted: 5,
  /** A bug. */
  internal: 70,
} as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];
