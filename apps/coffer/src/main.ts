import { exitCodes } from '@coffer/host';
import { type Command, CommanderError } from 'commander';
import { CliError } from './cli-error.js';
import { failureOf } from './outcome.js';
import { program } from './program.js';
import { Output } from './terminal/output.js';
import type { Terminal } from './terminal/terminal.js';

// Who reads our output may stop (`| head`). The work goes on, and what is to be cleaned up is.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

let terminal: Terminal | undefined;
const root = program((chosen) => {
  terminal = chosen;
});
for (const command of withSubcommands(root)) command.exitOverride();

try {
  await root.parseAsync();
} catch (error) {
  process.exitCode = report(error);
}
// Idle connections and a finished standard input must not hold the program up.
process.exit(process.exitCode);

function withSubcommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap((each) => withSubcommands(each as Command))];
}

function report(error: unknown): number {
  if (error instanceof CommanderError) {
    // Help and version end this way too.
    if (error.exitCode === 0) return exitCodes.done;
    if (process.argv.includes('--json')) new Output(true).failed('usage', error.message);
    return exitCodes.usage;
  }
  const { exitCode, reason, message } = failureOf(error);
  process.stderr.write(`coffer: ${message}\n`);
  if (process.env.COFFER_DEBUG === '1' && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  const details = error instanceof CliError ? error.details : {};
  terminal?.output.failed(reason, message, details);
  return exitCode;
}
