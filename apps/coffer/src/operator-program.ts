import type { Command } from 'commander';
import type { Action } from './action.js';
import { collected, wholeNumber } from './commands/arguments.js';
import {
  type FleetPublishOptions,
  type FleetRevokeOptions,
  fleetPublishCommand,
  fleetRevokeCommand,
} from './commands/fleet-publish.js';
import {
  revocation,
  type TrustRootCreateOptions,
  type TrustRootPublishOptions,
  type TrustRootRotateOptions,
  type TrustRootShowOptions,
  type TrustRootSignOptions,
  trustRootCreateCommand,
  trustRootPublishCommand,
  trustRootRotateCommand,
  trustRootShowCommand,
  trustRootSignCommand,
} from './commands/trust-root.js';
import * as help from './help-operator.js';

const json = ['--json', 'one line of JSON on standard output'] as const;

/** What an operator does to publish fleets, and who is believed. */
export function addOperatorCommands(root: Command, fleet: Command, action: Action): void {
  epochCommand(fleet.command('publish').description('publish new fleets as the next epoch, through the auditor'))
    .option('--fleet <dir>', 'folder of a fleet with its evidence; may be repeated', collected)
    .option('--drain <fleet-id>', 'a fleet that registers nothing new from now on; may be repeated', collected)
    .option('--remove <fleet-id>', 'a fleet without records, no longer listed; may be repeated', collected)
    .option('--renew', 'also when no fleet changes: for a later --not-after, or under a newer trust root')
    .option('--first', 'the log has no epoch yet')
    .addHelpText('after', help.fleetPublish)
    .action(action<[FleetPublishOptions]>(fleetPublishCommand));
  epochCommand(fleet.command('revoke').description('publish that fleets are not to be used any more'))
    .argument('<fleet-id...>', 'fleets, 32 hex digits each')
    .option('--drain', 'only stop registrations; they still recover and erase')
    .addHelpText('after', help.fleetRevoke)
    .action(action<[readonly string[], FleetRevokeOptions]>(fleetRevokeCommand));

  const trustRoot = root.command('trust-root').description('whom clients and audits believe');
  trustRoot
    .command('create')
    .description('make the first one from a plan')
    .argument('<plan>', 'JSON file')
    .requiredOption('--out <file>', 'where it goes; must not be there')
    .option(...json)
    .addHelpText('after', help.trustRootCreate)
    .action(action<[string, TrustRootCreateOptions]>(trustRootCreateCommand));
  trustRoot
    .command('sign')
    .description('add signatures of root keys')
    .argument('<file>', 'the trust root; it is replaced')
    .requiredOption('--key <file>', 'seed of a root key; may be repeated', collected)
    .option('--previous <file>', 'the trust root before, whose keys sign too')
    .option(...json)
    .addHelpText('after', help.trustRootSign)
    .action(action<[string, TrustRootSignOptions]>(trustRootSignCommand));
  trustRoot
    .command('rotate')
    .description('make the next one, with other keys or revocations')
    .argument('<file>', 'the newest trust root')
    .requiredOption('--out <file>', 'where the next one goes; must not be there')
    .option('--plan <file>', 'what it lists from now on (default: the same)')
    .option('--revoke <key@size>', 'a key, and the size of the log from which it counts for nothing', revocation)
    .option(...json)
    .addHelpText('after', help.trustRootRotate)
    .action(action<[string, TrustRootRotateOptions]>(trustRootRotateCommand));
  trustRoot
    .command('show')
    .description('what it says, who signed it, whether it follows from the one before')
    .argument('<file>', 'the trust root')
    .option('--previous <file>', 'the one before')
    .option(...json)
    .addHelpText('after', help.trustRootShow)
    .action(action<[string, TrustRootShowOptions]>(trustRootShowCommand));
  trustRoot
    .command('publish')
    .description('hand it to the auditor')
    .argument('<file>', 'the trust root, signed')
    .requiredOption('--auditor <url>', 'address of the auditor')
    .option(...json)
    .addHelpText('after', help.trustRootPublish)
    .action(action<[string, TrustRootPublishOptions]>(trustRootPublishCommand));
}

function epochCommand(command: Command): Command {
  return command
    .requiredOption('--auditor <url>', 'address of the auditor')
    .requiredOption('--operator-key <file>', "seed of the operator's key")
    .requiredOption('--trust-root <file>', 'a trust root that is believed; later ones are followed')
    .requiredOption('--not-after <days>', 'how long clients take this epoch, 1 to 399', wholeNumber(1, 399))
    .option('--gateway <url>', 'a gateway to tell; may be repeated', collected)
    .option('--operator-token <file>', "bearer token of the gateways' operator")
    .option('--state <file>', 'where the last checkpoint is kept (default: the client state)')
    .option('--tpm2 <file>', 'which TPMs to believe in evidence, as JSON (default: none)')
    .option(...json);
}
