import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { CodedError } from '@coffer/base';
import type { z } from 'zod';
import { type LogConfig, readConfiguration } from './configuration.js';
import { HostError, systemCode } from './errors.js';
import { type ExitCode, exitCodes } from './exit-codes.js';
import { type Logger, openLog } from './logger.js';

/** What a daemon's start gets. */
export interface DaemonContext {
  readonly log: Logger;
  /** Absolute form of a path of the configuration file. */
  readonly path: (path: string) => string;
  /** Stops the process from inside, with a line on standard error and in the log. */
  readonly fail: (exitCode: ExitCode, message: string) => void;
}

export interface RunningDaemon {
  /** Finishes what is under way and closes everything. Called once. */
  stop(): Promise<void>;
}

/** What a daemon says about itself. */
export interface DaemonTexts {
  readonly name: string;
  readonly version: string;
  /** Printed by `--help` between the usage line and the options. */
  readonly help: string;
}

export interface DaemonDefinition<Config extends { readonly log: LogConfig }> extends DaemonTexts {
  readonly schema: z.ZodType<Config>;
  /** Exit code for an error of `start` that is the daemon's own; undefined for all others. */
  readonly exitCodeOf?: (error: unknown) => ExitCode | undefined;
  start(config: Config, context: DaemonContext): Promise<RunningDaemon>;
}

/** A stop that takes longer is a stop that hangs. */
const stopMs = 8_000;

/** The main program of a daemon: arguments, configuration, log, signals, exit code. Returns when it runs or has ended. */
export async function runDaemon<Config extends { readonly log: LogConfig }>(
  definition: DaemonDefinition<Config>,
): Promise<void> {
  const { name } = definition;
  // Sockets, state and logs belong to the user who runs the process.
  process.umask(0o077);
  const say = (message: string): void => void process.stderr.write(`${name}: ${message}\n`);
  const options = parse(definition);
  if (typeof options === 'string') {
    say(options);
    process.exitCode = exitCodes.usage;
    return;
  }
  if (options === undefined) return;
  let log: Logger | undefined;
  try {
    const { value, path } = readConfiguration(resolve(options.config), definition.schema);
    log = openLog(name, value.log, path);
    const ending = new Ending(name, log, say);
    const running = await definition.start(value, { log, path, fail: (code, message) => ending.fail(code, message) });
    ending.arm(running, options.exitWithParent);
    log.info({ version: definition.version }, 'ready');
  } catch (error) {
    const code = definition.exitCodeOf?.(error) ?? startExitCode(error);
    const message = error instanceof CodedError ? `${error.message} (${error.code})` : String(error);
    log?.fatal({ code: error instanceof CodedError ? error.code : systemCode(error), exitCode: code }, message);
    say(message);
    process.exit(code);
  }
}

/** How the process ends: by a signal, with its parent, or by a failure inside. */
class Ending {
  readonly #name: string;
  readonly #log: Logger;
  readonly #say: (message: string) => void;
  #running: RunningDaemon | undefined;
  #ending: ExitCode | undefined;

  constructor(name: string, log: Logger, say: (message: string) => void) {
    this.#name = name;
    this.#log = log;
    this.#say = say;
    process.on('uncaughtException', (error) => this.#crash(error));
    process.on('unhandledRejection', (error) => this.#crash(error));
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const)
      process.on(signal, () => this.#end(exitCodes.done, signal));
  }

  arm(running: RunningDaemon, exitWithParent: boolean): void {
    this.#running = running;
    if (exitWithParent) {
      // A pipe from the parent ends when the parent does, also when it was killed.
      process.stdin.on('end', () => this.#end(exitCodes.done, 'parent gone'));
      process.stdin.on('error', () => this.#end(exitCodes.done, 'parent gone'));
      process.stdin.resume();
    }
    if (this.#ending !== undefined) this.#finish(this.#ending);
  }

  fail(exitCode: ExitCode, message: string): void {
    this.#say(message);
    this.#log.fatal({ exitCode }, message);
    this.#end(exitCode, message);
  }

  #end(exitCode: ExitCode, why: string): void {
    if (this.#ending !== undefined) return;
    this.#ending = exitCode;
    this.#log.info({ why }, 'stopping');
    if (this.#running !== undefined) this.#finish(exitCode);
  }

  #finish(exitCode: ExitCode): void {
    setTimeout(() => process.exit(exitCode === exitCodes.done ? exitCodes.internal : exitCode), stopMs).unref();
    this.#running?.stop().then(
      () => {
        this.#log.info({ exitCode }, 'stopped');
        process.exit(exitCode);
      },
      (error: unknown) => this.#crash(error),
    );
  }

  #crash(error: unknown): void {
    // The stack may go to the operator's log; to standard error goes no more than what it is.
    this.#log.fatal({ err: error }, 'crashed');
    this.#say(`crashed: ${error instanceof Error ? error.name : 'unknown error'} (see the log of ${this.#name})`);
    process.exit(exitCodes.internal);
  }
}

function startExitCode(error: unknown): ExitCode {
  if (error instanceof HostError && error.code === 'bad-config') return exitCodes.usage;
  if (error instanceof HostError || systemCode(error)?.startsWith('E') === true) return exitCodes.unavailable;
  return exitCodes.internal;
}

interface DaemonOptions {
  readonly config: string;
  readonly exitWithParent: boolean;
}

/** @returns the options; a message when they are wrong; undefined when all that was wanted is printed already. */
function parse(definition: DaemonTexts): DaemonOptions | string | undefined {
  const { name, version } = definition;
  try {
    const { values } = parseArgs({
      options: {
        config: { type: 'string' },
        'exit-with-parent': { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
        version: { type: 'boolean', default: false },
      },
    });
    if (values.help || values.version) {
      process.stdout.write(values.help ? helpText(definition) : `${name} ${version}\n`);
      return undefined;
    }
    if (values.config === undefined) return '--config FILE is missing; see --help';
    return { config: values.config, exitWithParent: values['exit-with-parent'] };
  } catch (error) {
    return `${error instanceof Error ? error.message.split('\n')[0] : 'bad arguments'}; see --help`;
  }
}

function helpText({ name, help }: DaemonTexts): string {
  return `Usage: ${name} --config FILE

${help.trim()}

Options:
  --config FILE        configuration, JSON; relative paths in it start at its own folder
  --exit-with-parent   stop when standard input ends, so that no process outlives its supervisor
  --version, --help

Exit codes: 0 stopped as asked, 2 wrong arguments or configuration, 3 something needed is not there,
4 an HSM or an auditor refuses to start on its state, 5 an HSM halted, 70 a bug.
`;
}
