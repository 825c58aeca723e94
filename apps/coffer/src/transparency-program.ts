import { type Command, Option } from 'commander';
import type { Action } from './action.js';
import { address, collected, wholeNumber } from './commands/arguments.js';
import { type AuditOptions, auditCommand } from './commands/audit.js';
import { type FraudVerifyOptions, fraudVerifyCommand } from './commands/fraud-verify.js';
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
    .addOption(new Option('--exit-with-parent', 'stop when standard input ends').hideHelp())
    .addHelpText('after', help.witnessServe)
    .action(action<[WitnessServeOptions]>(witnessServeCommand));

  root
    .command('audit')
    .description('check a published log of fleet keys, whole, from nothing but its address')
    .argument('<url>', 'of the auditor')
    .requiredOption('--trust-root <file>', 'the trust root that is believed; later ones are followed')
    .option('--namespace <ns>', "refuse another namespace than this (default: the trust root's)")
    .option('--also <url>', 'another address of the same log; may be repeated', collected)
    .option('--checkpoint <file>', 'a signed checkpoint that the log showed; may be repeated', collected)
    .option('--bundle <file>', 'a validation bundle that somebody was given; may be repeated', collected)
    .option('--follow', 'go on until Ctrl-C, and report new epochs')
    .option('--poll <seconds>', 'how often --follow looks (default: 60)', wholeNumber(1, 86_400))
    .option('--state <file>', 'where the last checkpoint is kept (default: the client state)')
    .option('--tpm2 <file>', 'which TPMs to believe, as JSON (default: none)')
    .option('--fraud-dir <dir>', 'where fraud proofs go (default: this folder)')
    .option('--json', 'a line of JSON for each epoch, each doubt and the result')
    .addHelpText('after', help.audit)
    .action(action<[string, AuditOptions]>(auditCommand));

  const fraud = root.command('fraud').description('proofs that an auditor or a log broke the rules');
  fraud
    .command('verify')
    .description('whether a file proves it')
    .argument('<file>', 'the fraud proof')
    .requiredOption('--trust-root <file>', 'whose keys they were')
    .option('--json', 'one line of JSON on standard output')
    .addHelpText('after', help.fraudVerify)
    .action(action<[string, FraudVerifyOptions]>(fraudVerifyCommand));
}
