import { packageVersion } from '@coffer/host';
import { Command, Option } from 'commander';
import type { Action, Run } from './action.js';
import { collected, digestHex, wholeNumber } from './commands/arguments.js';
import { type BackupOptions, backupCommand } from './commands/backup.js';
import { type ChangePasswordOptions, changePasswordCommand } from './commands/change-password.js';
import { type EraseOptions, eraseCommand } from './commands/erase.js';
import { type RebuildOptions, rebuildCommand } from './commands/evidence-rebuild.js';
import { type EvidenceVerifyOptions, evidenceVerifyCommand } from './commands/evidence-verify.js';
import { type FleetCreateOptions, fleetCreateCommand } from './commands/fleet-create.js';
import type { AccountOptions } from './commands/options.js';
import { type RecoveryKeyOptions, recoveryKeyCommand } from './commands/recovery-key.js';
import { refillCommand } from './commands/refill.js';
import { type RestoreOptions, restoreCommand } from './commands/restore.js';
import { type StatusOptions, statusCommand } from './commands/status.js';
import { type UpOptions, upCommand } from './commands/up.js';
import { type DemoOptions, demoCommand } from './demo/command.js';
import * as help from './help.js';
import { addOperatorCommands } from './operator-program.js';
import { Output } from './terminal/output.js';
import { openPrompts } from './terminal/prompts.js';
import type { Terminal } from './terminal/terminal.js';
import { addTransparencyCommands } from './transparency-program.js';

/** Options that every command has. */
interface CommonOptions {
  readonly json?: boolean;
  readonly passwordStdin?: boolean;
}

/** The whole command line. `onTerminal` learns what the chosen command talks with, so that its end can be told the same way. */
export function program(onTerminal: (terminal: Terminal) => void): Command {
  const root = new Command('coffer')
    .description(help.about)
    .version(packageVersion(import.meta.url))
    .addHelpText('after', help.rootEnd)
    .showHelpAfterError('See coffer --help.')
    .configureHelp({ showGlobalOptions: true });

  /** Runs `run` with the command's arguments and the terminal that its options ask for. */
  const action: Action =
    <A extends unknown[]>(run: Run<A>) =>
    async (...args: unknown[]): Promise<void> => {
      // Commander hands over the arguments, the options, and the command itself.
      const options = args.at(-2) as CommonOptions;
      const output = new Output(options.json === true);
      const terminal = { output, prompts: openPrompts(options.passwordStdin === true) };
      onTerminal(terminal);
      await run(...(args.slice(0, -1) as A), terminal);
    };

  root
    .command('up')
    .description('run a whole fleet on this machine until Ctrl-C')
    .option('--dir <dir>', 'folder of the fleet, made when it is not there (default: .coffer)')
    .option('--sites <n>', 'sites of a new fleet, 1 to 15 (default: 5)', wholeNumber(1, 15))
    .option('--json', 'one line of JSON on standard output once it is ready')
    .addHelpText('after', help.up)
    .action(action<[UpOptions]>(upCommand));

  accountCommand(root, 'backup', 'back up a folder')
    .argument('<path>', 'folder to back up')
    .requiredOption('--store <dir>', 'where the encrypted backup goes')
    .option('--budget <n>', "guesses that a new password allows (default: the fleet's limit)", wholeNumber(1, 10))
    .option('--recovery-key', 'make a recovery key with a first backup')
    .option('--no-recovery-key', 'make none, and do not ask')
    .option('--exclude <name>', 'leave out files and folders of this name; may be repeated', collected)
    .addHelpText('after', help.backup)
    .action(action<[string, BackupOptions]>(backupCommand));

  accountCommand(root, 'restore', 'restore the newest backup')
    .requiredOption('--store <dir>', 'where the encrypted backup is')
    .requiredOption('--to <dir>', 'folder to restore into')
    .option('--recovery-key', 'open it with the recovery key; no fleet needs to run')
    .addOption(new Option('--overwrite', 'replace what is there without asking').conflicts('skipExisting'))
    .option('--skip-existing', 'keep what is there without asking')
    .addHelpText('after', help.restore)
    .action(action<[RestoreOptions]>(restoreCommand));

  accountCommand(root, 'status', 'what vault, device and store say; costs no guess')
    .option('--store <dir>', 'also look into this store')
    .addHelpText('after', help.status)
    .action(action<[StatusOptions]>(statusCommand));

  accountCommand(root, 'change-password', 'put the same key under a new password')
    .option('--budget <n>', "guesses that the new password allows (default: the fleet's limit)", wholeNumber(1, 10))
    .option('--forgotten', 'without the old password, on a device that has the key')
    .addHelpText('after', help.changePassword)
    .action(action<[ChangePasswordOptions]>(changePasswordCommand));

  accountCommand(root, 'refill', 'take failed guesses back that were your own')
    .addHelpText('after', help.refill)
    .action(action<[AccountOptions]>(refillCommand));

  accountCommand(root, 'erase', 'erase the vault for good, with a receipt')
    .option('--yes', 'do not ask')
    .option('--receipt <file>', 'where the receipt goes (default: the client state)')
    .option('--forget-key', 'also forget the backup key on this device')
    .addHelpText('after', help.erase)
    .action(action<[EraseOptions]>(eraseCommand));

  accountCommand(root, 'recovery-key', 'make or replace the recovery key')
    .requiredOption('--store <dir>', 'where the encrypted backup is')
    .option('--rotate', 'replace the one there is')
    .addHelpText('after', help.recoveryKey)
    .action(action<[RecoveryKeyOptions]>(recoveryKeyCommand));

  const fleet = root.command('fleet').description('make a fleet in a ceremony, publish it, revoke it');
  fleet
    .command('create')
    .description('hold a ceremony: HSMs are born, tested and closed, with evidence')
    .requiredOption('--dir <dir>', 'folder of the new fleet')
    .option('--script <file>', 'plan of the ceremony, JSON; nothing is asked then')
    .option('--sites <n>', 'without a script: sites, 1 to 15 (default: 5)', wholeNumber(1, 15))
    .option('--operator-key <file>', "without a script: the operator's key file")
    .option('--witness-key <file>', 'without a script: key file of a witness; may be repeated', collected)
    .option('--image <file>', 'HSM image (default: built from this checkout)')
    .option('--json', 'one line of JSON on standard output')
    .addHelpText('after', help.fleetCreate)
    .action(action<[FleetCreateOptions]>(fleetCreateCommand));

  const evidence = root.command('evidence').description('what a fleet was deployed with, and how anybody checks it');
  evidence
    .command('rebuild')
    .description('build the HSM image from its source, and compare its digest')
    .option('--expect <digest>', 'SHA-256 that the image should have, 64 hex digits', digestHex)
    .option('--source <repository>', 'folder or URL to clone (default: this checkout)')
    .option('--ref <commit>', 'commit or tag of it (default: HEAD)')
    .option('--out <file>', 'keep the image here')
    .option('--json', 'one line of JSON on standard output')
    .addHelpText('after', help.evidenceRebuild)
    .action(action<[RebuildOptions]>(rebuildCommand));
  evidence
    .command('verify')
    .description('recompute what the evidence of a fleet says')
    .argument('<where>', 'folder with index.json, or address of an auditor')
    .requiredOption('--trust-root <file>', 'whose signatures count')
    .option('--digest <digest>', 'evidence digest, 64 hex digits (default: of the index in the folder)', digestHex)
    .option(
      '--size <n>',
      'size of the log that first named it; keys revoked before do not count',
      wholeNumber(1, 2 ** 53 - 1),
    )
    .option('--tpm2 <file>', 'which TPMs to believe, as JSON (default: none)')
    .option('--html <file>', 'write a report for people here')
    .option('--json', 'one line of JSON on standard output')
    .addHelpText('after', help.evidenceVerify)
    .action(action<[string, EvidenceVerifyOptions]>(evidenceVerifyCommand));

  addTransparencyCommands(root, action);
  addOperatorCommands(root, fleet, action);

  root
    .command('demo')
    .description('the whole story on real files, unattended: two of five sites die, and everything comes back')
    .option('--path <dir>', "folder to back up (default: this checkout's own files)")
    .option('--keep', 'keep the temporary folder')
    .option('--json', 'end with one line of JSON on standard output')
    .addOption(new Option('--random-kill', 'only the recovery, with random sites killed at random moments').hideHelp())
    .addOption(new Option('--runs <n>', 'how often').hideHelp().argParser(wholeNumber(1, 100_000)))
    .addOption(new Option('--seed <n>', 'of the random choices').hideHelp().argParser(wholeNumber(0, 2 ** 32 - 1)))
    .addHelpText('after', help.demo)
    .action(action<[DemoOptions]>(demoCommand));

  return root;
}

function accountCommand(root: Command, name: string, description: string): Command {
  return root
    .command(name)
    .description(description)
    .requiredOption('--account <name>', 'whose vault')
    .option('--state <dir>', 'client state of this device (default: $XDG_STATE_HOME/coffer)')
    .option('--dir <dir>', 'folder of a fleet that "coffer up" runs (default: .coffer)')
    .option(
      '--fleet <file>',
      'descriptor of another fleet, which is then pinned; with --gateway, --tenant, --token-file',
    )
    .option(
      '--trust-root <file>',
      'learn fleets over the air from what this trust root vouches for; with --gateway, --tenant, --token-file',
    )
    .addOption(
      new Option('--demo-waiting-ms <n>', 'DEMONSTRATIONS ONLY: shortens the 72 hours that a fleet has to be public')
        .hideHelp()
        .argParser(wholeNumber(0, 259_200_000)),
    )
    .option('--gateway <url>', 'address of the gateway')
    .option('--tenant <name>', 'tenant that the account belongs to')
    .option('--token-file <file>', 'account token, read again for every request')
    .option('--password-stdin', 'secrets from standard input, one a line, in the order in which they are asked for')
    .option('--json', 'one line of JSON on standard output; everything else goes to standard error');
}
