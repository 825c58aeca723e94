/**
 * Writes `vectors/transparency/{bundles,log,trust-roots,fraud-proofs,artifacts}.json` again from the fixtures of the
 * tests. Everything is made from named seeds, so a change of a file is a change of a format.
 * `node packages/transparency/test/write-vectors.js`
 */
import { writeFileSync } from 'node:fs';
import { goldenFiles } from './golden.js';

for (const [name, value] of Object.entries(goldenFiles())) {
  const path = new URL(`../../../vectors/transparency/${name}.json`, import.meta.url);
  writeFileSync(path, `${JSON.stringify(value, null, 1)}\n`);
}
