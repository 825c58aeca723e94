/**
 * Looks in every committed file for what belongs to one machine: folders of a checkout, registry hosts. They would work
 * for whoever wrote them and fail for everyone else.
 *
 *   node tools/no-strangers.mjs [ROOT]
 *
 * ROOT is a git checkout. Prints `file:line what` for each find; exit code 1 if there is one.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Written so that no pattern matches its own line. */
const strangers = [
  { what: 'a folder of one machine', pattern: /(?<![\w.-])\/(?:work|root|home\/\w+)\/\w/ },
  { what: 'a package registry', pattern: /registry\.(?:npmjs|yarnpkg)|https?:\/\/[^\s"'<>)]*\/npm\// },
  { what: 'a proxy or mirror', pattern: /\b(?:127\.0\.0\.1|localhost):\d+\/(?:npm|simple|artifactory)\b/ },
];
const lockStranger = { what: 'a resolved address', pattern: /"resolved": "http/ };

const root = process.argv[2] ?? process.cwd();
const files = execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' }).split('\0').filter(Boolean);
let found = 0;
for (const file of files) {
  const text = textOf(join(root, file));
  const patterns = file.endsWith('package-lock.json') ? [lockStranger, ...strangers] : strangers;
  text?.split('\n').forEach((line, i) => {
    for (const { what, pattern } of patterns) {
      if (!pattern.test(line)) continue;
      process.stdout.write(`${file}:${i + 1} ${what}\n`);
      found += 1;
    }
  });
}
if (found > 0) process.exit(1);
process.stdout.write(`strangers: none in ${files.length} files\n`);

/** The file's text; undefined for bytes, and for what is committed but gone from the folder. */
function textOf(path) {
  try {
    const text = readFileSync(path, 'utf8');
    return text.includes('\0') ? undefined : text;
  } catch {
    return undefined;
  }
}
