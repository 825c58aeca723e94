import { confirm, password as hidden, isCancel, text } from '@clack/prompts';
import { CliError } from '../cli-error.js';

/** Longest line that is read from standard input as a secret. */
const lineCharsMax = 4_096;

/** How a command gets what only a person knows. */
export interface Prompts {
  /** Whether somebody can be asked. */
  readonly isInteractive: boolean;
  /** A secret that exists already. `what` reads like "Password". */
  secret(what: string): Promise<string>;
  /** A secret that is being made up: asked for twice. */
  newSecret(what: string): Promise<string>;
  /** A line that may be seen. */
  line(question: string): Promise<string>;
  /** Yes or no; false where nobody can be asked. */
  confirm(question: string): Promise<boolean>;
}

/**
 * @param fromStdin - secrets come from standard input, one a line, in the order in which they are asked for; a new one
 * is read once. Nothing is asked then.
 */
export function openPrompts(fromStdin: boolean): Prompts {
  const isInteractive = !fromStdin && process.stdin.isTTY === true && process.stderr.isTTY === true;
  const lines = fromStdin ? standardInputLines() : undefined;
  const secret = async (what: string): Promise<string> => {
    if (lines !== undefined) return nextLine(lines, what);
    if (!isInteractive) {
      throw new CliError('usage', 'no-terminal', `${what}: there is no terminal to ask on; use --password-stdin`);
    }
    return answered(await hidden({ message: what, output: process.stderr, validate: required }));
  };
  return {
    isInteractive,
    secret,
    async newSecret(what) {
      const first = await secret(what);
      if (lines !== undefined) return first;
      const second = await secret(`${what}, once more`);
      if (first !== second)
        throw new CliError('usage', 'not-the-same', 'these two are not the same; nothing was changed');
      return first;
    },
    async line(question) {
      if (lines !== undefined) return nextLine(lines, question);
      if (!isInteractive) throw new CliError('usage', 'no-terminal', `${question}: there is no terminal to ask on`);
      return answered(await text({ message: question, output: process.stderr, validate: required }));
    },
    async confirm(question) {
      if (!isInteractive) return false;
      return answered(await confirm({ message: question, output: process.stderr, initialValue: false }));
    },
  };
}

function required(value: string | undefined): string | undefined {
  return value === undefined || value === '' ? 'This cannot be empty.' : undefined;
}

function answered<T>(answer: T): Exclude<T, symbol> {
  if (isCancel(answer)) throw new CliError('cancelled', 'cancelled', 'stopped; what was done until here stays');
  return answer as Exclude<T, symbol>;
}

async function* standardInputLines(): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of process.stdin.setEncoding('utf8') as AsyncIterable<string>) {
    rest += chunk;
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) yield line.replace(/\r$/, '');
    if (rest.length > lineCharsMax) break;
  }
  if (rest !== '') yield rest;
}

async function nextLine(lines: AsyncGenerator<string>, what: string): Promise<string> {
  const next = await lines.next();
  const line = next.done === true ? '' : next.value;
  if (line === '' || line.length > lineCharsMax) {
    throw new CliError('usage', 'no-secret', `${what}: no line for it on standard input`);
  }
  return line;
}
