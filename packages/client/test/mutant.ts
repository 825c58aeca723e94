import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Sdk } from './harness.js';

/** One duty taken out of the built client: `find` stands exactly once in `file`, below `dist`, and becomes `replace`. */
export interface Patch {
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

const built = fileURLToPath(new URL('../', import.meta.url));
// Below the workspace's node_modules, so that the copy finds its dependencies where the original does.
const mutants = fileURLToPath(new URL('../../../node_modules/.cache/coffer-client-mutants/', import.meta.url));

/** A patched copy of the client. The shipped code has no switch for this. */
export async function mutantClient(name: string, patches: readonly Patch[]): Promise<Sdk> {
  const root = `${mutants}${process.pid}-${name.replaceAll(/[^a-z0-9]+/gi, '-')}/`;
  mkdirSync(root, { recursive: true });
  try {
    cpSync(`${built}package.json`, `${root}package.json`);
    cpSync(`${built}dist`, `${root}dist`, {
      recursive: true,
      filter: (path) => !/\.(map|d\.ts|tsbuildinfo)$/.test(path),
    });
    for (const { file, find, replace } of patches) {
      const parts = readFileSync(`${root}dist/${file}`, 'utf8').split(find);
      // A patch that no longer applies would leave a mutant that is not one, and a test that cannot fail.
      if (parts.length !== 2) throw new Error(`${name}: found ${parts.length - 1} times in ${file}: ${find}`);
      writeFileSync(`${root}dist/${file}`, parts.join(replace));
    }
    return await import(pathToFileURL(`${root}dist/index.js`).href);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}
