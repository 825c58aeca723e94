import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { lineOf } from './table.mjs';

/** Biome's override for the pure tier is the one that bans this name. */
const mark = 'Date';

/** Globs of the folders in which ambient time, entropy and I/O are banned. */
function pureFolders(table) {
  return table.members
    .filter(({ tier }) => tier === 'pure')
    .flatMap(({ name, nodeFolders }) => [
      `packages/${name}/src/**`,
      ...nodeFolders.map((folder) => `!packages/${name}/${folder}/**`),
    ]);
}

function pureOverride(config) {
  return (config.overrides ?? []).find(
    ({ linter }) => linter?.rules?.style?.noRestrictedGlobals?.options?.deniedGlobals?.[mark] !== undefined,
  );
}

/** `text` of biome.json with the list from the table. */
export function lintWithTable(text, table) {
  const config = JSON.parse(text);
  const override = pureOverride(config);
  if (override === undefined) throw new Error('biome.json has no override for the pure tier');
  override.includes = pureFolders(table);
  return `${JSON.stringify(config, null, 2)}\n`;
}

/** Whether biome.json bans ambient names exactly where the table says. */
export function checkLint(table, root) {
  const file = join(root, 'biome.json');
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '{}';
  const includes = pureOverride(JSON.parse(text))?.includes ?? [];
  const expected = pureFolders(table);
  if (JSON.stringify(includes) === JSON.stringify(expected)) return [];
  return [
    { file, line: lineOf(text, '"overrides"'), message: 'pure folders differ: node tools/layers-check.mjs --write' },
  ];
}
