/**
 * Writes `vectors/evidence/` again: a good set of a software fleet of three, made from named seeds.
 * `node packages/evidence/test/write-vectors.js`
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { goldenFiles, goldenFolder } from './golden.js';

rmSync(new URL('good', goldenFolder), { recursive: true, force: true });
mkdirSync(new URL('good', goldenFolder), { recursive: true });
for (const [name, bytes] of await goldenFiles()) writeFileSync(new URL(name, goldenFolder), bytes);
