/**
 * Compares the repository with the one table of its layers, `tools/layers.json`.
 *
 *   node tools/layers-check.mjs [--write] [ROOT]
 *
 * In the table a package may import those of lower rows only; `only` narrows that further for what it ships (its tests
 * may use any lower row). `tiers` names the packages that run anywhere (`pure`) and those that run in a browser (`web`);
 * all others are for Node. This program does the whole job of import rules. Biome adds the ban of ambient names in the
 * pure tier; `--write` puts the table's list of pure folders into `biome.json`, and without it a stale list is reported.
 *
 * Prints one line `file:line message` for each violation; exit code 1 if there is one.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkImports } from './layers/imports.mjs';
import { checkLint, lintWithTable } from './layers/lint.mjs';
import { checkManifest } from './layers/manifests.mjs';
import { readTable, unknownMembers } from './layers/table.mjs';
import { checkReferences, checkRootReferences } from './layers/tsconfigs.mjs';

const args = process.argv.slice(2);
const root = args.find((arg) => !arg.startsWith('--')) ?? join(dirname(fileURLToPath(import.meta.url)), '..');
const table = readTable(join(root, 'tools', 'layers.json'), root);

if (args.includes('--write')) {
  const path = join(root, 'biome.json');
  writeFileSync(path, lintWithTable(readFileSync(path, 'utf8'), table));
}

const violations = [
  ...unknownMembers(table, root),
  ...checkLint(table, root),
  ...checkRootReferences(table, root),
  ...table.members.flatMap((member) => [
    ...checkManifest(member, table),
    ...checkReferences(member, table),
    ...checkImports(member, table),
  ]),
];
for (const { file, line, message } of violations) {
  process.stdout.write(`${relative(root, file)}:${line} ${message}\n`);
}
if (violations.length > 0) process.exit(1);
process.stdout.write(`layers: ${table.members.length} packages agree with tools/layers.json\n`);
