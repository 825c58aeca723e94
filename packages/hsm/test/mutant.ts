import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Modules } from './bench.js';

/** One safeguard taken out of the built code: `find` stands exactly once in `file` and becomes `replace`. */
export interface Patch {
  /** `hsm/dist/batch.js`, say. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

const packages = fileURLToPath(new URL('../../', import.meta.url));
const mutants = fileURLToPath(new URL('../../../node_modules/.cache/coffer-mutants/', import.meta.url));

/**
 * Loads copies of @coffer/hsm, @coffer/protocol and @coffer/tree with the patches applied, beside the real ones. The shipped code has
 * no switch for this: the rule is cut out of a copy, here and nowhere else.
 */
export async function loadMutant(name: string, patches: readonly Patch[]): Promise<Modules> {
  const root = `${mutants}${process.pid}-${name.replaceAll(/[^a-z0-9]+/gi, '-')}/`;
  const scope = `${root}node_modules/@coffer/`;
  mkdirSync(scope, { recursive: true });
  for (const pkg of ['hsm', 'protocol', 'tree']) {
    cpSync(`${packages}${pkg}/package.json`, `${scope}${pkg}/package.json`);
    cpSync(`${packages}${pkg}/dist`, `${scope}${pkg}/dist`, {
      recursive: true,
      filter: (path) => !/\.(map|d\.ts|tsbuildinfo)$/.test(path),
    });
  }
  for (const file of new Set(patches.map((patch) => patch.file))) {
    const own = patches.filter((patch) => patch.file === file);
    writeFileSync(scope + file, patched(readFileSync(scope + file, 'utf8'), own));
  }
  try {
    const load = (pkg: string) => import(pathToFileURL(`${scope}${pkg}/dist/index.js`).href);
    return { hsm: await load('hsm'), protocol: await load('protocol') };
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

/**
 * `source` with each patch applied.
 * @throws Error unless each applies in exactly one place: a mutant that is none would make a test that cannot fail.
 */
export function patched(source: string, patches: readonly Patch[]): string {
  let text = source;
  for (const { file, find, replace } of patches) {
    const parts = text.split(loosely(find));
    if (parts.length !== 2) throw new Error(`found ${parts.length - 1} times in ${file}: ${find}`);
    text = parts.join(replace);
  }
  return text;
}

/** `text` with any white space where it has some, so that a reformatted line is still found. */
function loosely(text: string): RegExp {
  const words = text
    .trim()
    .split(/\s+/)
    .map((word) => word.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(words.join('\\s+'));
}
