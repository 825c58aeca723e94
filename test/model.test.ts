import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

/** The model of docs/model, the code whose rules it states, and what is said about both name the same things. */

const root = fileURLToPath(new URL('../', import.meta.url));

function textOf(folder: string, ends: string): string {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ends))
    .map((name) => readFileSync(join(root, folder, name), 'utf8'))
    .join('\n');
}

function namesIn(text: string, pattern: RegExp): string[] {
  return [...new Set([...text.matchAll(pattern)].map(([, name]) => name ?? ''))].sort();
}

const model = textOf('docs/model', '.pml');
const readme = readFileSync(join(root, 'docs/model/README.md'), 'utf8');

test('the HSM cites every clause of the model, and no other', () => {
  const stated = namesIn(model, /\bclause ([A-Z]\w+)/g);
  const cited = namesIn(textOf('packages/hsm/src', '.ts'), /docs\/model: clause ([A-Z]\w+)/g);
  assert.deepEqual(cited, stated);
  assert.ok(stated.length > 10);
});

test('every safeguard that can be taken out of the model is taken out in a run, and explained', async () => {
  const { runs } = await import(new URL('../tools/model/runs.mjs', import.meta.url).href);
  const macros = namesIn(model, /\b(W_[A-Z_]+)\b/g);
  const run = runs.flatMap(({ define }: { define: object }) =>
    Object.keys(define).filter((name) => name.startsWith('W_')),
  );
  assert.deepEqual([...new Set(run)].sort(), macros);
  assert.deepEqual(namesIn(readme, /`(W_[A-Z_]+)`/g), macros);
  const names = runs.map(({ name }: { name: string }) => name);
  assert.equal(new Set(names).size, names.length, 'names are unique');
});
