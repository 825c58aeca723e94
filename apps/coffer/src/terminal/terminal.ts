import type { Output } from './output.js';
import type { Prompts } from './prompts.js';

/** What a command talks to people with. */
export interface Terminal {
  readonly output: Output;
  readonly prompts: Prompts;
}
