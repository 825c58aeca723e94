import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hex } from '@coffer/base';
import { sha256 } from '@coffer/crypto';
import type { BuildStatement, SourceStatement } from '@coffer/evidence';

/** This checkout: four folders up from the built file. */
export const checkout = fileURLToPath(new URL('../../../../', import.meta.url));

/** The HSM image of this checkout, built now: it takes a second, and an older one could be of another commit. */
export function builtImage(): string {
  const out = join(checkout, 'dist/hsmd.mjs');
  execFileSync(process.execPath, [join(checkout, 'tools/build-hsm-image.mjs'), '--out', out], { stdio: 'ignore' });
  return out;
}

/**
 * Where an image comes from, as far as this checkout can say.
 * @param image - its file. @param source - what the operator says instead.
 */
export function provenance(
  image: string,
  source?: { readonly repository: string; readonly commit: string },
): { readonly source: SourceStatement; readonly build: BuildStatement } {
  const digest = sha256(readFileSync(image));
  const commit = source?.commit ?? git('rev-parse', 'HEAD');
  const tree = commit === undefined ? undefined : git('rev-parse', `${commit}^{tree}`);
  const build = { image: digest, command: 'npm run build:hsm-image', node: process.version };
  if (commit === undefined || tree === undefined) {
    // A copy without version control has no commit to name. The image's own digest says at least what was run.
    const name = source?.commit ?? hex(digest);
    const repository = source?.repository ?? 'coffer, a copy without version control';
    return { source: { repository, commit: name, tree: hex(digest) }, build: { ...build, commit: name } };
  }
  return { source: { repository: source?.repository ?? 'coffer', commit, tree }, build: { ...build, commit } };
}

function git(...args: readonly string[]): string | undefined {
  try {
    const stdio: ['ignore', 'pipe', 'ignore'] = ['ignore', 'pipe', 'ignore'];
    return execFileSync('git', ['-C', checkout, ...args], { encoding: 'utf8', stdio }).trim();
  } catch {
    return undefined;
  }
}
