import { join, resolve } from 'node:path';
import { hex } from '@coffer/base';
import { sha256 } from '@coffer/crypto';
import { FileLock, HostError, makeFolders, readSeedFile, replaceFile, systemClock } from '@coffer/host';
import {
  decodeVerifierKey,
  encodeVerifierKey,
  isKeyName,
  type NoteKey,
  type NoteSigner,
  noteSigner,
  TransparencyError,
} from '@coffer/transparency';
import { FolderWitnessStore, serveWitness, Witness, WitnessError, type WitnessEvent } from '@coffer/witness';
import { CliError } from '../cli-error.js';
import { type Output, plural } from '../terminal/output.js';
import { stopSignal } from '../terminal/signals.js';
import type { Terminal } from '../terminal/terminal.js';
import type { Address } from './arguments.js';
import { listening } from './listen.js';

export interface WitnessServeOptions {
  readonly key: string;
  readonly name: string;
  readonly log: readonly string[];
  readonly state: string;
  readonly listen: Address;
  readonly exitWithParent?: boolean | undefined;
}

/** `coffer witness serve`: cosigns the checkpoints of the given logs until somebody stops it. */
export async function witnessServeCommand(options: WitnessServeOptions, { output }: Terminal): Promise<void> {
  const stop = stopSignal({ withParent: options.exitWithParent === true });
  const folder = resolve(options.state);
  makeFolders(folder);
  // Two processes on one state could cosign two trees.
  const lock = FileLock.acquire(join(folder, 'lock'));
  const seed = readSeedFile(resolve(options.key));
  try {
    const signer = witnessKey(options.name, seed);
    const halt = haltSignal();
    const reporter = new Reporter(folder, output);
    const witness = openWitness({
      signer,
      logs: options.log.map(logKey),
      store: new FolderWitnessStore(folder),
      clock: systemClock,
      onEvent: (event) => {
        if (event.type === 'halted') halt.raise(event.cause);
        else reporter.report(event);
      },
    });
    const { hostname, port } = options.listen;
    const server = await listening(options.listen, serveWitness(witness, { hostname, port }));
    const url = `http://${hostname.includes(':') ? `[${hostname}]` : hostname}:${server.port}`;
    const vkey = encodeVerifierKey(signer);
    const lines = [`Witness ${vkey}`, `  watches ${plural(options.log.length, 'log key')} at ${url}/add-checkpoint`];
    if (output.isJson) output.done({ ok: true, vkey, url }, lines);
    else for (const line of lines) output.say(line);
    const end = await Promise.race([stop.signalled, halt.raised]);
    await server.close();
    if (typeof end !== 'string') throw end;
  } finally {
    seed.fill(0);
    lock.release();
    stop.release();
  }
}

/** A write that failed ends the process: a new start reads what is there. */
function haltSignal() {
  let raise: (cause: unknown) => void = () => undefined;
  const raised = new Promise<CliError>((settle) => {
    raise = (cause) =>
      settle(new CliError('unavailable', 'halted', 'the state could not be written; start it again', { cause }));
  });
  return { raised, raise };
}

function openWitness(options: ConstructorParameters<typeof Witness>[0]): Witness {
  try {
    return new Witness(options);
  } catch (cause) {
    if (!(cause instanceof WitnessError)) throw cause;
    const code = cause.code === 'bad-config' ? 'usage' : cause.code === 'halted' ? 'unavailable' : 'state-refused';
    throw new CliError(code, cause.code, cause.message, { cause });
  }
}

function witnessKey(name: string, seed: Uint8Array): NoteSigner {
  if (isKeyName(name)) return noteSigner(name, 'witness', seed);
  throw new CliError('usage', 'bad-argument', `not a key name: ${name}`);
}

function logKey(vkey: string): NoteKey {
  try {
    const key = decodeVerifierKey(vkey);
    if (key.use === 'log') return key;
  } catch (cause) {
    if (!(cause instanceof TransparencyError)) throw cause;
  }
  throw new CliError('usage', 'bad-argument', `not the vkey of a log: ${vkey}`);
}

/** Notes of conflicts that one process keeps, of each kind. Whoever holds genuine notes can send them again and again. */
const conflictsMax = 16;

/** Tells of what a witness did, and keeps what may show that a log has two histories. */
class Reporter {
  readonly #folder: string;
  readonly #output: Output;
  readonly #kept = new Set<string>();

  constructor(folder: string, output: Output) {
    this.#folder = folder;
    this.#output = output;
  }

  /** Refusals are anybody's doing and say nothing. */
  report(event: Exclude<WitnessEvent, { type: 'halted' }>): void {
    if (event.type === 'cosigned' && event.isNew) this.#output.say(`cosigned ${event.origin} at ${event.size}`);
    if (event.type !== 'conflict') return;
    const { origin, held, shown, isProof } = event;
    const id = `${isProof ? 'conflict' : 'unproven'}-${hex(sha256(held, shown)).slice(0, 16)}`;
    if (this.#kept.has(id) || this.#kept.size >= 2 * conflictsMax) return;
    this.#kept.add(id);
    const said = isProof ? 'has signed two trees of one size' : 'sent a tree without a proof that it goes on';
    this.#output.warn(`${origin} ${said}: see ${id}-*.note in the state`);
    try {
      replaceFile(join(this.#folder, `${id}-held.note`), held);
      replaceFile(join(this.#folder, `${id}-shown.note`), shown);
    } catch (error) {
      // It has answered right without them. A witness does not stop because a disk has no room for a copy.
      if (!(error instanceof HostError)) throw error;
      this.#output.warn(error.message);
    }
  }
}
