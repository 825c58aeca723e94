import type { Terminal } from './terminal/terminal.js';

/** What a command does: with its arguments, its options, and the terminal that these ask for. */
export type Run<A extends unknown[]> = (...args: [...A, terminal: Terminal]) => Promise<void>;

/** Makes the function that Commander calls. */
export type Action = <A extends unknown[]>(run: Run<A>) => (...args: unknown[]) => Promise<void>;
