import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { HsmCore } from '@coffer/testing';

const builtHsm = fileURLToPath(new URL('../../hsm/', import.meta.url));
// Below the workspace's node_modules, so that the copy finds its dependencies where the original does.
const mutants = fileURLToPath(new URL('../../../node_modules/.cache/coffer-sim-mutants/', import.meta.url));

/** A copy of the built HSM core in which `find` (there exactly once in `file`, below `dist`) is `replace`. */
export async function mutantCore(file: string, find: string, replace: string): Promise<HsmCore> {
  const root = `${mutants}${process.pid}-${file.replaceAll(/[^a-z]+/g, '-')}/`;
  mkdirSync(root, { recursive: true });
  try {
    cpSync(`${builtHsm}package.json`, `${root}package.json`);
    cpSync(`${builtHsm}dist`, `${root}dist`, {
      recursive: true,
      filter: (path) => !/\.(map|d\.ts|tsbuildinfo)$/.test(path),
    });
    const parts = readFileSync(`${root}dist/${file}`, 'utf8').split(find);
    if (parts.length !== 2) throw new Error(`${parts.length - 1} times in ${file}: ${find}`);
    writeFileSync(`${root}dist/${file}`, parts.join(replace));
    return (await import(pathToFileURL(`${root}dist/index.js`).href)).Hsm;
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}
