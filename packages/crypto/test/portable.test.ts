import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { deterministicRun } from './deterministic-run.js';

const entry = fileURLToPath(new URL('./deterministic-run.js', import.meta.url));

test('a browser’s bundle holds no Node code and computes the same bytes', async () => {
  const { outputFiles, metafile } = await build({
    entryPoints: [entry],
    bundle: true,
    format: 'esm',
    platform: 'browser',
    write: false,
    metafile: true,
    logLevel: 'silent',
  });
  const inputs = Object.keys(metafile.inputs);
  assert.ok(inputs.some((path) => path.endsWith('crypto/dist/portable/primitives.js')));
  assert.ok(inputs.some((path) => path.endsWith('crypto/dist/portable/group.js')));
  assert.deepEqual(
    inputs.filter((path) => /crypto\/dist\/node\/|koffi/.test(path)),
    [],
  );
  const [bundle] = outputFiles;
  assert.ok(bundle);
  const url = `data:text/javascript;base64,${Buffer.from(bundle.contents).toString('base64')}`;
  const bundled = (await import(url)) as { deterministicRun: typeof deterministicRun };
  assert.deepEqual(await bundled.deterministicRun(), await deterministicRun());
});
