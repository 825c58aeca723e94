import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CliError } from '../cli-error.js';
import type { Terminal } from '../terminal/terminal.js';

export interface RebuildOptions {
  /** 64 hex digits: the digest that members or evidence name. */
  readonly expect?: string | undefined;
  /** A repository: folder or URL. This checkout by default. */
  readonly source?: string | undefined;
  /** Commit, tag or branch of it; HEAD by default. */
  readonly ref?: string | undefined;
  /** Where to keep the image. */
  readonly out?: string | undefined;
}

const ownCheckout = fileURLToPath(new URL('../../../../', import.meta.url));

/**
 * `coffer evidence rebuild`: builds the HSM image from its source, in a folder of its own with packages of its own, and
 * says whether it has the digest that was claimed. It trusts neither the claim nor anything that was built here before;
 * it does trust this machine, npm's integrity hashes in the lock file, and the source, which it runs.
 */
export async function rebuildCommand(options: RebuildOptions, { output }: Terminal): Promise<void> {
  const { expect, ref = 'HEAD' } = options;
  const source = options.source ?? ownCheckout;
  // Git and npm would read these as options.
  for (const word of [source, ref]) {
    if (word.startsWith('-')) throw new CliError('usage', 'bad-argument', `not a repository or commit: ${word}`);
  }
  const folder = mkdtempSync(join(tmpdir(), 'coffer-rebuild-'));
  try {
    const checkout = join(folder, 'source');
    output.say(`Cloning ${source} …`);
    await run('no-source', 'git', ['clone', '--quiet', '--no-local', '--', source, checkout], folder);
    await run('no-source', 'git', ['checkout', '--quiet', '--detach', ref, '--'], checkout);
    const commit = (await run('no-source', 'git', ['rev-parse', 'HEAD'], checkout)).trim();
    output.say(`Installing the packages that ${commit} pins …`);
    await run('no-packages', 'npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], checkout);
    output.say('Building the image …');
    const image = options.out === undefined ? join(folder, 'hsmd.mjs') : resolve(options.out);
    const builder = join(checkout, 'tools/build-hsm-image.mjs');
    if (!existsSync(builder)) throw new CliError('unavailable', 'no-builder', `${commit} has no image to build`);
    await run('no-build', process.execPath, [builder, '--out', image], checkout);
    // Counted here, not believed from what the builder printed.
    const digest = createHash('sha256').update(readFileSync(image)).digest('hex');
    report({ digest, commit, expect }, output);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function report(
  { digest, commit, expect }: { digest: string; commit: string; expect: string | undefined },
  output: Terminal['output'],
): void {
  if (expect !== undefined && expect !== digest) {
    throw new CliError('refused', 'image-differs', `${commit} gives image ${digest}, not ${expect}`);
  }
  const same = expect === undefined ? [] : ['This is the digest that was claimed.'];
  output.done({ ok: true, digest, commit, matches: expect !== undefined }, [
    `Image ${digest}`,
    `  from ${commit}`,
    ...same,
  ]);
}

/** @returns what it printed. @throws CliError `unavailable` with `reason` and the last line of its errors. */
async function run(reason: string, program: string, args: readonly string[], cwd: string): Promise<string> {
  const child = spawn(program, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  const texts = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    texts.out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    texts.err += text;
  });
  const code = await new Promise<number | null | Error>((end) => child.on('error', end).on('close', end));
  if (code === 0) return texts.out;
  const last = texts.err.trim().split('\n').at(-1) ?? '';
  throw new CliError('unavailable', reason, `${program} failed: ${code instanceof Error ? code.message : last}`);
}
