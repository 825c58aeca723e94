import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Patch, patched } from '../../packages/hsm/test/mutant.js';
import { pathOf } from './mutant.js';

/** Module hooks that change the built code on its way into one test process; no file is touched. */

let patches: readonly Patch[] = [];

export function initialize(given: readonly Patch[]): void {
  patches = given;
}

type Load = (
  url: string,
  context: object,
  next: (url: string, context: object) => Promise<{ format: string; source: unknown }>,
) => Promise<{ format: string; source: unknown; shortCircuit?: boolean }>;

export const load: Load = async (url, context, next) => {
  const own = patches.filter(({ file }) => url.endsWith(`/${pathOf(file)}`));
  if (own.length === 0) return next(url, context);
  return { format: 'module', source: patched(readFileSync(fileURLToPath(url), 'utf8'), own), shortCircuit: true };
};
