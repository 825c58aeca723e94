import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * @typedef {object} Member one package or app that exists
 * @property {string} name without the scope
 * @property {string} folder absolute
 * @property {number} row 0 is the bottom
 * @property {'pure' | 'web' | 'node'} tier
 * @property {string[]} nodeFolders parts of a pure package that are for Node
 * @property {string[] | undefined} only what it may import at most
 * @property {any} manifest its package.json
 * @property {string} manifestText
 */

/** The table and the members of the repository that it knows. */
export function readTable(path, root) {
  const { rows, apps, tiers, nodeFolders, only } = JSON.parse(readFileSync(path, 'utf8'));
  const rowOf = new Map(rows.flatMap((names, row) => names.map((name) => [name, row])));
  const tierOf = (name) => Object.keys(tiers).find((tier) => tiers[tier].includes(name)) ?? 'node';
  const members = [...rowOf]
    .map(([name, row]) => ({
      name,
      folder: join(root, apps.includes(name) ? 'apps' : 'packages', name),
      row,
      tier: tierOf(name),
      nodeFolders: nodeFolders[name] ?? [],
      only: only[name],
    }))
    .filter(({ folder }) => existsSync(join(folder, 'package.json')))
    .map((member) => {
      const manifestText = readFileSync(join(member.folder, 'package.json'), 'utf8');
      return { ...member, manifestText, manifest: JSON.parse(manifestText) };
    });
  return { root, path, rowOf, members };
}

/** Packages and apps that the table does not have. */
export function unknownMembers(table, root) {
  const known = new Set(table.members.map(({ folder }) => folder));
  return ['packages', 'apps']
    .filter((kind) => existsSync(join(root, kind)))
    .flatMap((kind) => readdirSync(join(root, kind)).map((name) => join(root, kind, name)))
    .filter((folder) => existsSync(join(folder, 'package.json')) && !known.has(folder))
    .map((folder) => ({
      file: join(folder, 'package.json'),
      line: 1,
      message: 'is not in tools/layers.json, or under another kind (packages, apps)',
    }));
}

/** Why `member` may not use the package `target`, or undefined. `isShipped` is false for tests. */
export function objection(member, target, table, isShipped) {
  const row = table.rowOf.get(target);
  if (row === undefined) return `@coffer/${target} is not in tools/layers.json`;
  if (row >= member.row) return `@coffer/${target} is not in a lower row than @coffer/${member.name}`;
  if (isShipped && member.only !== undefined && !member.only.includes(target)) {
    return `@coffer/${member.name} may only use ${member.only.join(', ')}, not ${target}`;
  }
  return undefined;
}

/** Line of the first occurrence of `needle` in `text`, from 1. */
export function lineOf(text, needle) {
  const at = text.indexOf(needle);
  return at < 0 ? 1 : text.slice(0, at).split('\n').length;
}
