import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { hex } from '@coffer/base';
import { transform } from 'esbuild';
import { seedOf } from './world.js';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');

test('the example of the README runs as it stands', async (t) => {
  const [, example] = /```ts\n([\s\S]*?)```/.exec(readme) ?? assert.fail('no example');
  // Beside this file, so that it finds the packages that this file finds.
  const folder = mkdtempSync(join(fileURLToPath(new URL('.', import.meta.url)), 'readme-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const seed = (name: string) => `const ${name} = Uint8Array.from(Buffer.from('${hex(seedOf(name))}', 'hex'));\n`;
  const { code } = await transform(`${seed('logSeed')}${seed('witnessSeed')}${example}`, { loader: 'ts' });
  writeFileSync(join(folder, 'example.mjs'), code);
  const { seenMs } = await import(pathToFileURL(join(folder, 'example.mjs')).href);
  assert.equal(seenMs, 1_800_000_000_000);
});

test('the README names every error code', () => {
  const source = readFileSync(new URL('../src/errors.ts', import.meta.url), 'utf8');
  const codes = [...source.matchAll(/'([a-z-]+)'/g)].map(([, code]) => code ?? '');
  assert.ok(codes.length > 40);
  assert.deepEqual(
    codes.filter((code) => code !== '' && !readme.includes(`\`${code}\``)),
    [],
  );
});
