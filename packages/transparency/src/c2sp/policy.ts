import { hex, utf8, utf8Text } from '@coffer/base';
import { TransparencyError } from '../errors.js';
import { policyBytesMax, policyLinesMax } from '../limits.js';
import { hasControlCharacter } from './characters.js';
import { decodeVerifierKey, encodeVerifierKey, type NoteKey, type NoteKeyUse } from './note-key.js';

export interface PolicyLog {
  readonly key: NoteKey;
  readonly url?: string;
}

export interface PolicyWitness extends PolicyLog {
  /** Has a meaning in this policy only; the name in signature lines is the key's. */
  readonly name: string;
}

export interface PolicyGroup {
  readonly name: string;
  /** How many members have to have witnessed: 1 to their number. */
  readonly threshold: number;
  /** Witnesses and groups named before. */
  readonly members: readonly string[];
}

/** Which logs and which witnesses make a checkpoint valid (C2SP tlog-policy). */
export interface Policy {
  readonly logs: readonly PolicyLog[];
  readonly witnesses: readonly PolicyWitness[];
  readonly groups: readonly PolicyGroup[];
  /** A witness or group, or `none`. */
  readonly quorum: string;
}

/** The plainest spelling of a policy: logs, witnesses, groups, quorum. @throws TransparencyError `bad-policy`. */
export function encodePolicy({ logs, witnesses, groups, quorum }: Policy): string {
  const tail = (url: string | undefined): string => (url === undefined ? '' : ` ${url}`);
  const lines = [
    ...logs.map(({ key, url }) => `log ${encodeVerifierKey(key)}${tail(url)}`),
    ...witnesses.map(({ name, key, url }) => `witness ${name} ${encodeVerifierKey(key)}${tail(url)}`),
    ...groups.map(({ name, threshold, members }) => `group ${name} ${threshold} ${members.join(' ')}`),
    `quorum ${quorum}`,
  ];
  const text = `${lines.join('\n')}\n`;
  decodePolicy(utf8(text));
  return text;
}

/** Reads a policy file. Text that is not UTF-8 is refused. @throws TransparencyError `bad-policy`. */
export function decodePolicy(bytes: Uint8Array): Policy {
  const reading = new PolicyReading();
  for (const line of policyLines(bytes)) {
    const [keyword, ...items] = line.split(/[ \t]+/);
    if (keyword === 'log') reading.log(items);
    else if (keyword === 'witness') reading.witness(items);
    else if (keyword === 'group') reading.group(items);
    else if (keyword === 'quorum') reading.setQuorum(items);
    else fail('an unknown kind of line');
  }
  return reading.finish();
}

function policyLines(bytes: Uint8Array): string[] {
  if (bytes.length > policyBytesMax) fail('over its limit');
  let text: string;
  try {
    text = utf8Text(bytes);
  } catch (cause) {
    throw new TransparencyError('bad-policy', 'not UTF-8', { cause });
  }
  if (hasControlCharacter(text, '\t\n') || text.includes('\x7f') || !text.endsWith('\n'))
    fail('a control character, or no newline at the end');
  return text
    .split('\n')
    .map((line) => line.replaceAll(/^[ \t]+|[ \t]+$/g, ''))
    .filter((line) => line !== '' && !line.startsWith('#'));
}

class PolicyReading {
  readonly #logs: PolicyLog[] = [];
  readonly #witnesses: PolicyWitness[] = [];
  readonly #groups: PolicyGroup[] = [];
  readonly #keys = { log: new Set<string>(), witness: new Set<string>() };
  readonly #names = new Set<string>();
  readonly #members = new Set<string>();
  #quorum: string | undefined;

  log([vkey, url, ...more]: readonly string[]): void {
    if (more.length > 0) fail('a log line too long');
    this.#logs.push({ key: this.#key(vkey, 'log'), ...(url === undefined ? {} : { url }) });
  }

  witness([name, vkey, url, ...more]: readonly string[]): void {
    if (more.length > 0) fail('a witness line too long');
    const key = this.#key(vkey, 'witness');
    this.#witnesses.push({ name: this.#name(name), key, ...(url === undefined ? {} : { url }) });
  }

  group([name, count, ...members]: readonly string[]): void {
    // Each name once in the whole file: no witness counts twice on its way to the quorum.
    for (const member of members) {
      if (!this.#names.has(member) || this.#members.has(member)) fail('a member unknown, or listed before');
      this.#members.add(member);
    }
    const threshold = count === 'any' ? 1 : count === 'all' ? members.length : decimal(count);
    if (threshold < 1 || threshold > members.length) fail('a threshold out of range');
    this.#groups.push({ name: this.#name(name), threshold, members });
  }

  setQuorum([name, ...more]: readonly string[]): void {
    if (this.#quorum !== undefined || name === undefined || more.length > 0) fail('not exactly one quorum');
    if (name !== 'none' && !this.#names.has(name as string)) fail('an unknown quorum');
    this.#quorum = name;
  }

  finish(): Policy {
    const [logs, witnesses, groups] = [this.#logs, this.#witnesses, this.#groups];
    if ([logs, witnesses, groups].some(({ length }) => length > policyLinesMax)) fail('over its limit');
    return { logs, witnesses, groups, quorum: this.#quorum ?? fail('no quorum') };
  }

  #key(vkey: string | undefined, use: NoteKeyUse): NoteKey {
    let key: NoteKey;
    try {
      key = decodeVerifierKey(vkey ?? '');
    } catch (cause) {
      throw new TransparencyError('bad-policy', 'not a verifier key', { cause });
    }
    if (key.use !== use || this.#keys[use].has(hex(key.key))) fail('a key of another use, or listed before');
    this.#keys[use].add(hex(key.key));
    return key;
  }

  #name(name: string | undefined): string {
    if (name === undefined || name === 'none' || this.#names.has(name)) return fail('a name taken or missing');
    this.#names.add(name);
    return name;
  }
}

function decimal(text: string | undefined): number {
  return text !== undefined && /^[1-9][0-9]{0,3}$/.test(text) ? Number(text) : fail('not a threshold');
}

function fail(what: string): never {
  throw new TransparencyError('bad-policy', what);
}
