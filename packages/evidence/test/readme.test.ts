import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { transform } from 'esbuild';

test('the example of the README runs as it stands', async (t) => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const [, example = ''] = /```ts\n([\s\S]*?)```/.exec(readme) ?? assert.fail('no example');
  // Beside this file, so that it finds the packages that this file finds.
  const folder = mkdtempSync(join(fileURLToPath(new URL('.', import.meta.url)), 'readme-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const vectors = fileURLToPath(new URL('../../../vectors/evidence', import.meta.url));
  const { code } = await transform(example.replace("'vectors/evidence'", JSON.stringify(vectors)), { loader: 'ts' });
  writeFileSync(join(folder, 'example.mjs'), code);
  const { report } = await import(pathToFileURL(join(folder, 'example.mjs')).href);
  assert.equal(report.items.length, 20);
});
