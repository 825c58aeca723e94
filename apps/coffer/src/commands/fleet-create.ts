import { dirname, resolve } from 'node:path';
import { hex } from '@coffer/base';
import type { CeremonyStep } from '@coffer/evidence';
import { makeFolders, parseConfiguration } from '@coffer/host';
import { decodeFleetDescriptor } from '@coffer/protocol';
import { CliError } from '../cli-error.js';
import { ceremonyOf } from '../fleet/ceremony.js';
import { refuseFleet } from '../fleet/create.js';
import { FleetFolder } from '../fleet/folder.js';
import { builtImage, provenance } from '../fleet/image.js';
import { lockFolder } from '../fleet/open-fleet.js';
import { type FleetPlan, fleetPlanSchema, planAt } from '../fleet/plan.js';
import { inputText } from '../input-file.js';
import { plural } from '../terminal/output.js';
import type { Terminal } from '../terminal/terminal.js';

export interface FleetCreateOptions {
  readonly dir: string;
  readonly script?: string | undefined;
  readonly sites?: number | undefined;
  readonly operatorKey?: string | undefined;
  readonly witnessKey?: readonly string[] | undefined;
  readonly image?: string | undefined;
}

/** `coffer fleet create`: a ceremony, from a script or as a runbook that asks. */
export async function fleetCreateCommand(options: FleetCreateOptions, { output, prompts }: Terminal): Promise<void> {
  const folder = new FleetFolder(resolve(options.dir));
  const plan = planOf(options);
  // Before anybody is asked, and again under the lock.
  refuseFleet(folder);
  const image = options.image === undefined ? builtImage() : resolve(options.image);
  const isAsking = options.script === undefined && prompts.isInteractive;
  const confirm = async (question: string): Promise<void> => {
    if (isAsking && !(await prompts.confirm(question)))
      throw new CliError('cancelled', 'cancelled', 'the ceremony ends here; the next one starts over');
  };
  output.say(output.paint('bold', `A fleet of ${plural(plan.sites.length, 'site')} in ${folder.root}`));
  output.say(output.paint('yellow', 'SIMULATED HARDWARE: what this proves, it proves about processes.'));
  output.say(`present: the operator, and ${plural(plan.witnesses.length, 'independent witness key')}`);
  await confirm('Is everybody here, and is the plan as agreed?');
  makeFolders(folder.root);
  const lock = lockFolder(folder);
  try {
    const { descriptor, evidence } = await ceremonyOf({
      folder,
      plan,
      image,
      ...provenance(image, plan.source),
      onStep: (step) => output.say(`  ${output.paint('dim', String(step.seq).padStart(3))}  ${told(step)}`),
      exceptions: () => askExceptions(isAsking, prompts),
    });
    const { configHash, fleetId, members, quorum } = decodeFleetDescriptor(descriptor);
    const result = {
      ok: true,
      dir: folder.root,
      fleetId: hex(fleetId),
      configHash: hex(configHash),
      evidence: hex(evidence.digest),
      sites: members.length,
      quorum,
      platform: 'SIMULATED HARDWARE',
    };
    output.done(result, [
      `The fleet is made. Its id is ${result.fleetId}, its descriptor's hash ${result.configHash},`,
      `its evidence is in ${folder.evidence}, and the index has the digest ${result.evidence}.`,
      `Next: coffer up --dir ${options.dir}`,
    ]);
  } finally {
    lock.release();
  }
}

function planOf({ script, sites = 5, operatorKey, witnessKey = [] }: FleetCreateOptions): FleetPlan {
  if (script !== undefined) {
    if (operatorKey !== undefined) throw new CliError('usage', 'two-plans', '--script names the keys itself');
    const path = resolve(script);
    // Key and PIN files of a script lie beside it.
    return planAt(dirname(path), parseConfiguration(path, inputText(path), fleetPlanSchema));
  }
  if (operatorKey === undefined) throw new CliError('usage', 'no-operator', 'name a --script, or an --operator-key');
  return fleetPlanSchema.parse({
    sites: Array.from({ length: sites }, (_, i) => `site-${i + 1}`),
    operator: resolve(operatorKey),
    witnesses: witnessKey.map((file) => resolve(file)),
  });
}

async function askExceptions(isAsking: boolean, prompts: Terminal['prompts']): Promise<readonly string[]> {
  const exceptions: string[] = [];
  while (isAsking && (await prompts.confirm('Did anything not go by the book?'))) {
    exceptions.push(await prompts.line('What happened? All who are present sign it'));
  }
  return exceptions;
}

/** One step, for those who watch. */
function told({ event }: CeremonyStep): string {
  switch (event.kind) {
    case 'open':
      return `opened: ${event.plan.sites.length} sites, quorum ${event.plan.quorum}, ${event.plan.budgetLimit} guesses; image ${hex(event.image).slice(0, 16)}…`;
    case 'initialise':
      return `${event.site} has made its keys: identity ${hex(event.description.statement.identity).slice(0, 16)}…`;
    case 'generate':
      return `${event.site} has drawn the fleet's secrets and sealed them to ${plural(event.shares.length, 'other')}`;
    case 'accept':
      return `${event.site} is a member, and will never be one of another fleet`;
    case 'attest':
      return `${event.site} runs as a member and holds its key`;
    case 'self-test':
      return `${event.site} counted every wrong guess and then refused the right password`;
    case 'exception':
      return `exception: ${event.what}`;
    case 'media':
      return `${event.destroyed.length} of ${event.issued.length} media destroyed (testimony)`;
    case 'close':
      return `closed: ${hex(event.configHash)}`;
  }
}
