import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { objection } from './table.mjs';

const scope = '@coffer/';
const statements = /^(?:import|export)\b(?:[^'"`;]*?\bfrom)?\s*['"]([^'"]+)['"]/gm;
const calls = /\b(?:import|require|require\.resolve)\s*\(\s*['"]([^'"]+)['"]/g;
/** Reads a clock or rolls dice; `Date` itself is banned by lint. Comments may speak of it. */
const dice = /^(?!\s*(?:\*|\/[/*])).*\bMath\.random\b/gm;

/** Imports in a package's sources and tests that the table, or its package.json, does not allow. */
export function checkImports(member, table) {
  return ['src', 'test'].flatMap((part) =>
    sources(join(member.folder, part)).flatMap((file) => checkFile(member, table, file, part === 'src')),
  );
}

function checkFile(member, table, file, isShipped) {
  const text = readFileSync(file, 'utf8');
  const violations = [];
  const report = (at, message) => violations.push({ file, line: text.slice(0, at).split('\n').length, message });
  const tier = tierOf(member, file, isShipped);
  for (const pattern of [statements, calls]) {
    for (const match of text.matchAll(pattern)) {
      const message = importObjection(member, table, file, match[1], isShipped, tier);
      if (message) report(match.index, message);
    }
  }
  if (tier === 'pure')
    for (const match of text.matchAll(dice)) report(match.index, 'the pure tier takes its entropy as an argument');
  return violations;
}

/** Tests run on Node whatever they test. */
function tierOf(member, file, isShipped) {
  if (!isShipped) return 'node';
  const path = relative(member.folder, file);
  return member.nodeFolders.some((folder) => path.startsWith(`${folder}/`)) ? 'node' : member.tier;
}

function importObjection(member, table, file, specifier, isShipped, tier) {
  if (specifier.startsWith('.')) return relativeObjection(member, table, file, specifier);
  if (specifier.startsWith('node:') || builtinModules.includes(specifier)) {
    return tier === 'node' ? undefined : `the ${tier} tier imports nothing of Node: ${specifier}`;
  }
  if (specifier.startsWith('#')) {
    return specifier in (member.manifest.imports ?? {}) ? undefined : `package.json does not map ${specifier}`;
  }
  const parts = specifier.split('/');
  const name = specifier.startsWith('@') ? parts.slice(0, 2).join('/') : parts[0];
  if (name.startsWith(scope)) {
    if (!isExported(table, name, specifier)) return `deep import of ${specifier}: use what ${name} exports`;
    if (name === member.manifest.name) return isShipped ? 'a package does not import itself by name' : undefined;
    const reason = objection(member, name.slice(scope.length), table, isShipped);
    if (reason) return reason;
  }
  return isDeclared(member, table, name, isShipped) ? undefined : `package.json does not list ${name}`;
}

function relativeObjection(member, table, file, specifier) {
  const target = resolve(dirname(file), specifier);
  const other = table.members.find(({ folder }) => target.startsWith(`${folder}/`));
  return other === undefined || other === member ? undefined : `reaches into @coffer/${other.name}: ${specifier}`;
}

/** A subpath is public if the `exports` of its package name it. */
function isExported(table, name, specifier) {
  if (name === specifier) return true;
  const { manifest } = table.members.find((member) => member.manifest.name === name) ?? {};
  return manifest?.exports?.[`.${specifier.slice(name.length)}`] !== undefined;
}

/** Tests may also use what the whole repository is developed with. */
function isDeclared({ manifest }, table, name, isShipped) {
  const shipped = { ...manifest.dependencies, ...manifest.optionalDependencies, ...manifest.peerDependencies };
  if (name in shipped) return true;
  if (isShipped) return false;
  const root = JSON.parse(readFileSync(join(table.root, 'package.json'), 'utf8'));
  return name in { ...manifest.devDependencies, ...root.devDependencies };
}

function sources(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true })
    .map(String)
    .filter((name) => /\.[cm]?tsx?$/.test(name) && !name.endsWith('.d.ts'))
    .map((name) => join(folder, name));
}
