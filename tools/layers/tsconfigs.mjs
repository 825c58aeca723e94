import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { shippedWith } from './manifests.mjs';
import { lineOf } from './table.mjs';

/**
 * Compares each tsconfig of a package with the table: the tier that it extends, and that its references are exactly the
 * package's dependencies. `tsc -b` alone would let an undeclared workspace import pass.
 */
export function checkReferences(member) {
  const configs = readdirSync(member.folder).filter((name) => /^tsconfig(\.\w+)?\.json$/.test(name));
  if (!configs.includes('tsconfig.json')) {
    return [{ file: join(member.folder, 'tsconfig.json'), line: 1, message: 'is missing' }];
  }
  return configs.flatMap((name) => checkConfig(member, join(member.folder, name)));
}

function checkConfig(member, file) {
  const text = readFileSync(file, 'utf8');
  const config = JSON.parse(text);
  const violations = [];
  const report = (needle, message) => violations.push({ file, line: lineOf(text, needle), message });

  const isMain = basename(file) === 'tsconfig.json';
  const tier = isMain ? member.tier : tierOfPart(member, config);
  if (config.extends !== `../../tsconfig.${tier}.json`) {
    report('"extends"', `should extend ../../tsconfig.${tier}.json: @coffer/${member.name} is of the ${tier} tier`);
  }
  const dependencies = shippedWith(member);
  const referenced = (config.references ?? [])
    .map(({ path }) => resolve(dirname(file), path).replace(/\/tsconfig[^/]*\.json$/, ''))
    .filter((folder) => folder !== member.folder)
    .map((folder) => basename(folder));
  for (const name of referenced) {
    if (!dependencies.includes(name)) report(`/${name}`, `references ${name}, which package.json does not list`);
  }
  if (isMain) {
    for (const name of dependencies) {
      if (!referenced.includes(name)) report('"references"', `does not reference ${name}, which package.json lists`);
    }
  }
  return violations;
}

/** A second tsconfig is for the parts of a pure package that run on Node alone. */
function tierOfPart(member, config) {
  const include = config.include ?? [];
  return include.length > 0 && include.every((folder) => member.nodeFolders.includes(folder)) ? 'node' : member.tier;
}

/** The root's tsconfig builds every package, or `tsc -b` would leave one out. */
export function checkRootReferences(table, root) {
  const file = join(root, 'tsconfig.json');
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '{}';
  const built = (JSON.parse(text).references ?? []).map(({ path }) => join(root, path));
  return table.members
    .filter(({ folder }) => !built.includes(folder))
    .map(({ name }) => ({ file, line: lineOf(text, '"references"'), message: `does not build ${name}` }));
}
