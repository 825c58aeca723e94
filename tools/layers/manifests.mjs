import { join } from 'node:path';
import { lineOf, objection } from './table.mjs';

const scope = '@coffer/';

/** Dependencies of a package.json that the table does not allow. */
export function checkManifest(member, table) {
  const { manifest, manifestText, name, folder } = member;
  const violations = [];
  const report = (needle, message) =>
    violations.push({ file: join(folder, 'package.json'), line: lineOf(manifestText, needle), message });
  if (manifest.name !== `${scope}${name}`) report('"name"', `should be named ${scope}${name}`);
  const check = (dependencies, isShipped) => {
    for (const dependency of Object.keys(dependencies ?? {})) {
      if (!dependency.startsWith(scope)) continue;
      const reason = objection(member, dependency.slice(scope.length), table, isShipped);
      if (reason) report(`"${dependency}"`, reason);
    }
  };
  check(manifest.dependencies, true);
  check(manifest.devDependencies, false);
  return violations;
}

/** Names of the `@coffer` packages that `member` ships with, without the scope. */
export function shippedWith(member) {
  return Object.keys(member.manifest.dependencies ?? {})
    .filter((dependency) => dependency.startsWith(scope))
    .map((dependency) => dependency.slice(scope.length));
}
