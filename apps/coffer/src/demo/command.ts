import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { CliError } from '../cli-error.js';
import { checkout } from '../fleet/image.js';
import { count, type Output, size } from '../terminal/output.js';
import { stopSignal } from '../terminal/signals.js';
import type { Terminal } from '../terminal/terminal.js';
import { Narrator } from './narrator.js';
import { randomKills } from './random-kills.js';
import type { DemoResult } from './result.js';
import { demoSteps, type OnRunning, Story } from './story.js';

export interface DemoOptions {
  readonly path?: string | undefined;
  readonly keep?: boolean | undefined;
  readonly randomKill?: boolean | undefined;
  readonly runs?: number | undefined;
  readonly seed?: number | undefined;
}

/** `coffer demo`. */
export async function demoCommand(options: DemoOptions, { output }: Terminal): Promise<void> {
  const source = resolve(options.path ?? checkout);
  if (!existsSync(source) || !statSync(source).isDirectory()) {
    throw new CliError('usage', 'no-folder', '--path is not a folder');
  }
  await inTemporaryFolder(output, options.keep === true, async (root, onRunning) => {
    if (options.randomKill === true) {
      const seed = options.seed ?? Date.now() % 2 ** 32;
      await randomKills(output, { root, source, onRunning, runs: options.runs ?? 10, seed });
      return;
    }
    output.tell(
      output.paint('bold', 'Coffer: protect a backup, lose the device and two datacenters, get everything back'),
    );
    output.tell(output.paint('dim', `files: ${source}   everything else: ${root}`));
    const result = await new Story(new Narrator(output, demoSteps), root, onRunning).tell(source);
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
  run: (root: string, onRunning: OnRunning) => Promise<void>,
): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'coffer-demo-'));
  const stop = stopSignal();
  const running: Parameters<OnRunning>[0][] = [];
  const stopped = stop.signalled.then((signal) => {
    throw new CliError('cancelled', 'cancelled', `${signal}: everything of the demo is stopped and removed`);
  });
  const told = run(root, (each) => running.push(each));
  // After Ctrl-C whatever is still under way fails on its own, and nobody waits for it.
  told.catch(() => undefined);
  try {
    await Promise.race([told, stopped]);
  } catch (error) {
    if (!isKept && !stop.isStopped) output.warn('with --keep the folder stays, and the logs in it');
    throw error;
  } finally {
    await Promise.all(running.map((each) => each.kill()));
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
