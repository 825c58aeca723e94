import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { folder, plant } from './helpers.js';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');

test('the examples of the README run as they stand', async (t) => {
  const at = await folder(t);
  await plant(join(at, 'source'), { 'a/b': Buffer.from('content') });
  const examples = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map((match) => match[1] as string);
  assert.equal(examples.length, 2);
  // Beside this file, so that it finds the packages that this file finds.
  const here = await mkdtemp(join(new URL('.', import.meta.url).pathname, 'readme-'));
  t.after(() => rm(here, { recursive: true }));
  const constants = { storeFolder: join(at, 'store'), source: join(at, 'source'), target: join(at, 'target') };
  const head = Object.entries(constants).map(([name, value]) => `const ${name} = ${JSON.stringify(value)};`);
  const lines: string[] = [];
  t.mock.method(console, 'log', (line: string) => lines.push(line));
  await writeFile(join(here, 'example.mjs'), [...head, ...examples, 'export { backupKey, found };'].join('\n'));
  const { backupKey, found } = await import(pathToFileURL(join(here, 'example.mjs')).href);
  assert.deepEqual(found, backupKey);
  assert.deepEqual(lines, ['1 files, skipped: none']);
  assert.equal(await readFile(join(at, 'target', 'a/b'), 'utf8'), 'content');
});
