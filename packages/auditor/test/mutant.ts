import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type * as auditor from '@coffer/auditor';

const dist = fileURLToPath(new URL('../dist/', import.meta.url));
const mutants = fileURLToPath(new URL('../../../node_modules/.cache/coffer-mutants/', import.meta.url));

/**
 * Loads a copy of the built package in which one safeguard is cut out: `find`, which stands exactly once in `file`, becomes
 * `replace`. The shipped code has no switch for this.
 */
export async function loadMutant(file: string, find: string, replace: string): Promise<typeof auditor> {
  const root = `${mutants}${process.pid}-auditor-${find.length}-${replace.length}/`;
  mkdirSync(root, { recursive: true });
  cpSync(dist, root, { recursive: true, filter: (path) => !/\.(map|d\.ts|tsbuildinfo)$/.test(path) });
  writeFileSync(`${root}package.json`, '{"type":"module"}');
  const source = readFileSync(root + file, 'utf8');
  const parts = source.split(find);
  // One that no longer applies would leave a mutant that is not one, and a test that cannot fail.
  if (parts.length !== 2) throw new Error(`found ${parts.length - 1} times in ${file}: ${find}`);
  writeFileSync(root + file, parts.join(replace));
  try {
    return await import(pathToFileURL(`${root}index.js`).href);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}
