import { styleText } from 'node:util';
import { wrap } from './wrap.js';

/** What `--json` prints: one line with these fields. */
export type JsonResult = Readonly<Record<string, unknown>>;

/**
 * Where a command's words go. Normally people read standard output; with `--json` it carries one line of JSON (a
 * command that goes on has one for each thing it finds) and nothing else, and people's text goes to standard error.
 */
export class Output {
  readonly isJson: boolean;
  readonly #isQuiet: boolean;
  readonly #people: NodeJS.WriteStream;
  readonly #lists: Record<string, unknown[]> = {};
  #isDone = false;

  /** @param isQuiet - says nothing but the result; for a command that is part of something larger. */
  constructor(isJson: boolean, isQuiet = false) {
    this.isJson = isJson;
    this.#isQuiet = isQuiet;
    this.#people = isJson ? process.stderr : process.stdout;
  }

  /** Whether a person watches, who may be shown moving things. */
  get isLive(): boolean {
    return (
      !this.#isQuiet && process.stderr.isTTY === true && process.env.TERM !== 'dumb' && process.env.CI === undefined
    );
  }

  say(line = ''): void {
    if (!this.#isQuiet) this.#people.write(`${line}\n`);
  }

  /** A sentence: broken at its spaces where a terminal ends. Commands, keys and paths, which are copied, go to `say`. */
  tell(line: string): void {
    const { isTTY, columns } = this.#people;
    this.say(isTTY === true && columns > 0 ? wrap(line, columns) : line);
  }

  /** A line that scripts must not miss and that is not the result. */
  warn(line: string): void {
    if (!this.#isQuiet) process.stderr.write(`${this.paint('yellow', 'note:')} ${line}\n`);
  }

  paint(color: 'green' | 'red' | 'yellow' | 'dim' | 'bold', text: string): string {
    const isColored = this.#people.isTTY === true && process.env.NO_COLOR === undefined;
    return isColored ? styleText(color, text) : text;
  }

  /** Adds to a list in the command's last line of JSON, whether that tells of a success or of a failure. */
  add(list: string, item: unknown): void {
    this.#lists[list] = [...(this.#lists[list] ?? []), item];
  }

  /** One of several lines of JSON, before the result; nothing for people. */
  line(result: JsonResult): void {
    if (this.isJson) process.stdout.write(`${JSON.stringify(result)}\n`);
  }

  /** The result, once. `lines` are for people. */
  done(result: JsonResult, lines: readonly string[]): void {
    if (this.#isDone) return;
    this.#isDone = true;
    for (const line of lines) this.say(line);
    this.line({ ...result, ...this.#lists });
  }

  /** The line of JSON of a command that failed; people read why elsewhere. */
  failed(reason: string, message: string, details: JsonResult = {}): void {
    this.line({ ok: false, reason, message, ...details, ...this.#lists });
  }
}

/** `1,234`. */
export function count(value: number): string {
  return value.toLocaleString('en-US');
}

/** `12.3 MB`, in powers of 1,000. */
export function size(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  for (; value >= 999.5 && unit < units.length - 1; unit++) value /= 1000;
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** `1 file`, `2 files`. */
export function plural(value: number, word: string): string {
  return `${count(value)} ${word}${value === 1 ? '' : 's'}`;
}
