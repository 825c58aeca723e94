import type { Command } from 'commander';
import type { Action } from './action.js';
import { address, collected } from './commands/arguments.js';
import { type KeyCreateOptions, keyCreateCommand } from './commands/key-create.js';
import { type WitnessServeOptions, witnessServeCommand } from './commands/witness-serve.js';
import * as help from './help-transparency.js';

/** The commands about published keys: what operators, witnesses and strangers run. */
export function addTransparencyCommands(root: Command, action: Action): void {
  const key = root.command('key').description('signing keys of auditors, operators, logs and witnesses');
  key
    .command('create')
    .description('draw a key, and print its public parts')
    .argument('<file>', 'where its seed goes; must not be there')
    .option('--name <name>', 'of a log or witness: also print it as a note vkey')
    .option('--json', 'one line of JSON on standard output')
    .addHelpText('after', help.keyCreate)
    .action(action<[string, KeyCreateOptions]>(keyCreateCommand));

  const witness = root.command('witness').description('see to it that a log shows everybody the same');
  witness
    .command('serve')
    .description('cosign the checkpoints of logs until Ctrl-C (C2SP tlog-witness)')
    .requiredOption('--key <file>', "seed of the witness's key")
    .requiredOption('--name <name>', "name of the witness's key")
    .requiredOption('--log <vkey>', 'a log to watch; may be repeated', collected)
    .requiredOption('--state <dir>', 'what it remembers; never put it back to an earlier state')
    .requiredOption('--listen <host:port>', 'where it listens, plain HTTP', address)
    .option('--json', 'one line of JSON on standard output once it listens')
    .addHelpText('after', help.witnessServe)
    .action(action<[WitnessServeOptions]>(witnessServeCommand));
}
