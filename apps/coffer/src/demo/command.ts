import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CliError } from '../cli-error.js';
import type { OpenFleet } from '../fleet/open-fleet.js';
import { count, type Output, size } from '../terminal/output.js';
import { stopSignal } from '../terminal/signals.js';
import type { Terminal } from '../terminal/terminal.js';
import { Narrator } from './narrator.js';
import { randomKills } from './random-kills.js';
import type { DemoResult } from './result.js';
import { demoSteps, Story } from './story.js';

export interface DemoOptions {
  readonly path?: string | undefined;
  readonly keep?: boolean | undefined;
  readonly randomKill?: boolean | undefined;
  readonly runs?: number | undefined;
  readonly seed?: number | undefined;
}

/** This checkout: four folders up from the built file. */
const checkout = fileURLToPath(new URL('../../../../', import.meta.url));

/** `coffer demo`. */
export async function demoCommand(options: DemoOptions, { output }: Terminal): Promise<void> {
  const source = resolve(options.path ?? checkout);
  if (!existsSync(source) || !statSync(source).isDirectory()) {
    throw new CliError('usage', 'no-folder', '--path is not a folder');
  }
  await inTemporaryFolder(output, options.keep === true, async (root, onFleet) => {
    if (options.randomKill === true) {
      const seed = options.seed ?? Date.now() % 2 ** 32;
      await randomKills(output, { root, source, onFleet, runs: options.runs ?? 10, seed });
      return;
    }
    output.tell(
      output.paint('bold', 'Coffer: protect a backup, lose the device and two datacenters, get everything back'),
    );
    output.tell(output.paint('dim', `files: ${source}   everything else: ${root}`));
    const result = await new Story(new Narrator(output, demoSteps), root).tell(source, onFleet);
    output.say();
    output.tell(verdict(output, result));
    output.done({ ...result }, []);
    if (!result.ok) throw new CliError('refused', 'demo-failed', 'the demo did not end as it should');
  });
}

/** Whatever happens inside, and on Ctrl-C, the processes are killed and the folder goes. */
async function inTemporaryFolder(
  output: Output,
  isKept: boolean,
  run: (root: string, onFleet: (open: OpenFleet) => void) => Promise<void>,
): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'coffer-demo-'));
  const stop = stopSignal();
  let open: OpenFleet | undefined;
  const stopped = stop.signalled.then((signal) => {
    throw new CliError('cancelled', 'cancelled', `${signal}: everything of the demo is stopped and removed`);
  });
  const running = run(root, (fleet) => {
    open = fleet;
  });
  // After Ctrl-C whatever is still under way fails on its own, and nobody waits for it.
  running.catch(() => undefined);
  try {
    await Promise.race([running, stopped]);
  } catch (error) {
    if (!isKept && !stop.isStopped) output.warn('with --keep the folder stays, and the logs in it');
    throw error;
  } finally {
    await open?.fleet.kill();
    await open?.close();
    if (isKept) output.say(output.paint('dim', `kept: ${root}`));
    else rmSync(root, { recursive: true, force: true, maxRetries: 5 });
    stop.release();
  }
}

function verdict(output: Output, { ok, files, bytes, sites, killed, seconds }: DemoResult): string {
  if (!ok) return output.paint('red', '✗ Something was not as it should be; see above.');
  const what = `${count(files)} files (${size(bytes)}) came back, twice, after ${killed} of ${sites} sites had died`;
  return output.paint('green', `✓ ${what}, in ${seconds} s. Nobody gained a guess.`);
}
