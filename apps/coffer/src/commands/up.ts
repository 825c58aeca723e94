import { relative, resolve } from 'node:path';
import { exitCodes } from '@coffer/host';
import { sitesDefault } from '../fleet/create.js';
import type { ExitListener } from '../fleet/daemon.js';
import { defaultFolderName, FleetFolder } from '../fleet/folder.js';
import { openFleet, readyMs } from '../fleet/open-fleet.js';
import type { RunningFleet } from '../fleet/running-fleet.js';
import { type Output, plural } from '../terminal/output.js';
import { stopSignal } from '../terminal/signals.js';
import type { Terminal } from '../terminal/terminal.js';

export interface UpOptions {
  readonly dir?: string | undefined;
  readonly sites?: number | undefined;
}

/** `coffer up`: a whole fleet on this machine, until somebody stops it. */
export async function upCommand(options: UpOptions, { output }: Terminal): Promise<void> {
  const startedMs = Date.now();
  const stop = stopSignal();
  const folder = new FleetFolder(resolve(options.dir ?? defaultFolderName));
  let isNew = false;
  const open = await openFleet({
    folder,
    sites: options.sites ?? sitesDefault,
    restarts: true,
    onExit: reportExit(output),
    onCreate: () => {
      isNew = true;
    },
  });
  try {
    const first = await Promise.race([stop.signalled, open.fleet.ready(readyMs).then(() => 'ready' as const)]);
    if (first === 'ready') {
      await greet(output, open.fleet, { isNew, tookMs: Date.now() - startedMs, sites: options.sites });
      const signal = await stop.signalled;
      output.say();
      output.say(`${signal}: stopping …`);
    }
  } finally {
    await open.close();
    stop.release();
  }
  output.say('Everything is stopped. The data stays; the same command goes on with it.');
}

interface Greeting {
  readonly isNew: boolean;
  readonly tookMs: number;
  readonly sites: number | undefined;
}

async function greet(output: Output, fleet: RunningFleet, { isNew, tookMs, sites }: Greeting): Promise<void> {
  const { descriptor, folder, settings } = fleet;
  const { members, groups, quorum, budgetLimit } = descriptor;
  const dir = relative(process.cwd(), folder.root) || '.';
  const where = dir === defaultFolderName ? '' : ` --dir ${dir}`;
  if (sites !== undefined && sites !== members.length)
    output.warn(`this fleet has ${members.length} sites, and keeps them`);
  const lines = [
    output.paint(
      'bold',
      `Coffer is up: ${isNew ? 'a new fleet' : 'the fleet of before'}, ready in ${(tookMs / 1000).toFixed(1)} s`,
    ),
    `  ${members.length} sites   one HSM and one agent each, in ${dir}/site-1 … site-${members.length}; ${output.paint('yellow', 'SIMULATED HARDWARE')}`,
    `  ${groups} groups  any ${quorum} of the HSMs decide: ${plural(members.length - quorum, 'site')} may be gone; ${budgetLimit} guesses at most`,
    `  gateway   ${fleet.gatewayUrl}`,
    `  logs      ${dir}/logs`,
    '',
    'Now, in another terminal in this folder:',
    `  npx coffer backup docs --account ada --store /tmp/store${where}`,
    `  npx coffer status --account ada${where}`,
    `  npx coffer restore --account ada --store /tmp/store --to /tmp/out --state /tmp/new-device${where}`,
    '',
    'Ctrl-C stops everything.',
  ];
  if (output.isJson) {
    output.done(
      { ok: true, new: isNew, gateway: fleet.gatewayUrl, dir: folder.root, sites: settings.sites, tookMs },
      lines,
    );
  } else {
    for (const line of lines) output.say(line);
  }
}

function reportExit(output: Output): ExitListener {
  return ({ name }, { code, signal, message }, againInMs) => {
    const how = signal === null ? `ended with code ${code}` : `was killed (${signal})`;
    const why = message === '' ? '' : `: ${message}`;
    if (againInMs !== undefined) output.warn(`${name} ${how}${why}; starting it again`);
    else if (code === exitCodes.hsmRefuses) output.warn(`${name} stays down${why}`);
    else output.warn(`${name} ${how}${why}; it stays down`);
  };
}
