import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const tool = fileURLToPath(new URL('../tools/layers-check.mjs', import.meta.url));

interface Manifest {
  name: string;
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
  imports?: Record<string, string>;
}

/** A small repository that obeys its table. Values that are not strings are written as JSON. */
function goodTree(): Record<string, unknown> {
  const config = (tier: string, ...references: string[]) => ({
    extends: `../../tsconfig.${tier}.json`,
    include: ['src'],
    references: references.map((name) => ({ path: `../${name}` })),
  });
  const dependencies = (...names: string[]) => Object.fromEntries(names.map((name) => [name, '0.1.0']));
  return {
    'tools/layers.json': {
      rows: [['low'], ['middle', 'beside'], ['high'], ['tool']],
      apps: ['tool'],
      tiers: { pure: ['low', 'middle'], web: ['beside'] },
      nodeFolders: { middle: ['src/node'] },
      only: { high: ['middle'] },
    },
    'package.json': { devDependencies: dependencies('fast-check') },
    'tsconfig.json': {
      references: ['packages/low', 'packages/middle', 'packages/beside', 'packages/high', 'apps/tool'].map((path) => ({
        path,
      })),
    },
    'biome.json': {
      overrides: [
        {
          includes: ['packages/low/src/**', 'packages/middle/src/**', '!packages/middle/src/node/**'],
          linter: { rules: { style: { noRestrictedGlobals: { options: { deniedGlobals: { Date: 'no' } } } } } },
        },
      ],
    },
    'packages/low/package.json': { name: '@coffer/low' },
    'packages/low/tsconfig.json': config('pure'),
    'packages/low/src/index.ts': '// Math.random is not for us.\nexport const low = 1;\n',
    'packages/low/test/low.test.ts':
      "import { readFileSync } from 'node:fs';\nimport fc from 'fast-check';\nimport { low } from '@coffer/low';\n",
    'packages/middle/package.json': {
      name: '@coffer/middle',
      dependencies: dependencies('@coffer/low', '@noble/hashes'),
      imports: { '#part': './dist/part.js' },
      exports: { '.': './dist/index.js', './public': './dist/public.js' },
    },
    'packages/middle/tsconfig.json': config('pure', 'low'),
    'packages/middle/tsconfig.node.json': { ...config('node', 'low'), include: ['src/node'] },
    'packages/middle/src/index.ts':
      "import { low } from '@coffer/low';\nimport { sha256 } from '@noble/hashes/sha2.js';\nimport '#part';\n",
    'packages/middle/src/node/part.ts': "import { createHash } from 'node:crypto';\n",
    'packages/beside/package.json': { name: '@coffer/beside' },
    'packages/beside/tsconfig.json': config('web'),
    'packages/high/package.json': {
      name: '@coffer/high',
      dependencies: dependencies('@coffer/middle'),
      devDependencies: dependencies('@coffer/low'),
    },
    'packages/high/tsconfig.json': config('node', 'middle'),
    'packages/high/src/index.ts': "export * from '@coffer/middle/public';\nimport { open } from 'node:fs/promises';\n",
    'packages/high/test/high.test.ts': "import { low } from '@coffer/low';\nimport { x } from '../dist/x.js';\n",
    'apps/tool/package.json': { name: '@coffer/tool', dependencies: dependencies('@coffer/high') },
    'apps/tool/tsconfig.json': config('node', '../packages/high'),
  };
}

function check(tree: Record<string, unknown>): { lines: string[]; status: number | null } {
  const root = mkdtempSync(join(tmpdir(), 'coffer-layers-'));
  try {
    for (const [path, content] of Object.entries(tree)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), typeof content === 'string' ? content : JSON.stringify(content, null, 2));
    }
    const { stdout, stderr, status } = spawnSync(process.execPath, [tool, root], { encoding: 'utf8' });
    assert.equal(stderr, '');
    return { lines: stdout.trimEnd().split('\n'), status };
  } finally {
    rmSync(root, { recursive: true });
  }
}

test('this repository agrees with its table', () => {
  const { stdout, status } = spawnSync(process.execPath, [tool], { encoding: 'utf8' });
  assert.equal(status, 0, stdout);
});

test('a tree that obeys its table passes', () => {
  assert.deepEqual(check(goodTree()), { lines: ['layers: 5 packages agree with tools/layers.json'], status: 0 });
});

function adding(path: string, text: string) {
  return (tree: Record<string, unknown>) => {
    tree[path] = `${tree[path] ?? ''}${text}`;
  };
}

function depending(name: string, kind: 'dependencies' | 'devDependencies', on: string) {
  return (tree: Record<string, unknown>) => {
    const manifest = tree[`packages/${name}/package.json`] as Manifest;
    manifest[kind] = { ...manifest[kind], [on]: '0.1.0' };
  };
}

function merging(path: string, change: object) {
  return (tree: Record<string, unknown>) => {
    tree[path] = { ...(tree[path] as object), ...change };
  };
}

const planted: readonly [string, (tree: Record<string, unknown>) => void, RegExp][] = [
  [
    'an import from a higher row',
    adding('packages/low/src/index.ts', "import { high } from '@coffer/high';\n"),
    /^packages\/low\/src\/index\.ts:3 @coffer\/high is not in a lower row/,
  ],
  [
    'an import from the same row',
    adding('packages/middle/src/index.ts', "import {\n  a,\n  b,\n} from '@coffer/beside';\n"),
    /^packages\/middle\/src\/index\.ts:4 @coffer\/beside is not in a lower row/,
  ],
  [
    'an upward import in a test',
    adding('packages/low/test/low.test.ts', "import '@coffer/high';\n"),
    /^packages\/low\/test\/low\.test\.ts:4 @coffer\/high is not in a lower row/,
  ],
  [
    'a dynamic upward import',
    adding('packages/low/src/index.ts', "const late = await import('@coffer/middle');\n"),
    /^packages\/low\/src\/index\.ts:3 @coffer\/middle is not in a lower row/,
  ],
  [
    'a type taken from above',
    adding('packages/low/src/index.ts', "export type { High } from '@coffer/high';\n"),
    /^packages\/low\/src\/index\.ts:3 @coffer\/high is not in a lower row/,
  ],
  [
    'an import that the package may not have',
    adding('packages/high/src/index.ts', "import { low } from '@coffer/low';\n"),
    /^packages\/high\/src\/index\.ts:3 @coffer\/high may only use middle, not low$/,
  ],
  [
    'an import that package.json does not list',
    adding('packages/beside/src/index.ts', "import { low } from '@coffer/low';\n"),
    /^packages\/beside\/src\/index\.ts:1 package\.json does not list @coffer\/low$/,
  ],
  [
    'a library that package.json does not list',
    adding('packages/high/src/index.ts', "import fc from 'fast-check';\n"),
    /^packages\/high\/src\/index\.ts:3 package\.json does not list fast-check$/,
  ],
  [
    'a deep import',
    adding('packages/high/test/high.test.ts', "import { x } from '@coffer/middle/dist/x.js';\n"),
    /^packages\/high\/test\/high\.test\.ts:3 deep import of @coffer\/middle\/dist\/x\.js/,
  ],
  [
    "a path into another package's folder",
    adding('packages/high/src/index.ts', "import { x } from '../../low/src/index.js';\n"),
    /^packages\/high\/src\/index\.ts:3 reaches into @coffer\/low/,
  ],
  [
    'a package that the table does not have',
    adding('packages/high/src/index.ts', "import { x } from '@coffer/unheard';\n"),
    /^packages\/high\/src\/index\.ts:3 @coffer\/unheard is not in tools\/layers\.json$/,
  ],
  [
    'a subpath that package.json does not map',
    adding('packages/middle/src/index.ts', "import '#other';\n"),
    /^packages\/middle\/src\/index\.ts:4 package\.json does not map #other$/,
  ],
  [
    'Node in the pure tier',
    adding('packages/low/src/index.ts', "import { readFileSync } from 'node:fs';\n"),
    /^packages\/low\/src\/index\.ts:3 the pure tier imports nothing of Node: node:fs$/,
  ],
  [
    'Node in the pure tier, by its old name',
    adding('packages/low/src/index.ts', "import { readFileSync } from 'fs';\n"),
    /^packages\/low\/src\/index\.ts:3 the pure tier imports nothing of Node: fs$/,
  ],
  [
    'Node in the web tier',
    adding('packages/beside/src/index.ts', "import 'node:fs';\n"),
    /^packages\/beside\/src\/index\.ts:1 the web tier imports nothing of Node: node:fs$/,
  ],
  [
    'dice in the pure tier',
    adding('packages/low/src/index.ts', 'export const guess = Math.random();\n'),
    /^packages\/low\/src\/index\.ts:3 the pure tier takes its entropy as an argument$/,
  ],
  [
    'an upward dependency',
    depending('low', 'dependencies', '@coffer/high'),
    /^packages\/low\/package\.json:4 @coffer\/high is not in a lower row/,
  ],
  [
    'an upward dependency for tests',
    depending('low', 'devDependencies', '@coffer/high'),
    /^packages\/low\/package\.json:4 @coffer\/high is not in a lower row/,
  ],
  [
    'a package under another name',
    merging('packages/low/package.json', { name: '@coffer/lower' }),
    /^packages\/low\/package\.json:2 should be named @coffer\/low$/,
  ],
  [
    'a dependency without a reference',
    merging('packages/high/tsconfig.json', { references: [] }),
    /^packages\/high\/tsconfig\.json:6 does not reference middle/,
  ],
  [
    'a reference without a dependency',
    merging('packages/beside/tsconfig.json', { references: [{ path: '../low' }] }),
    /^packages\/beside\/tsconfig\.json:8 references low, which package\.json does not list$/,
  ],
  [
    'a package of another tier',
    merging('packages/low/tsconfig.json', { extends: '../../tsconfig.node.json' }),
    /^packages\/low\/tsconfig\.json:2 should extend \.\.\/\.\.\/tsconfig\.pure\.json/,
  ],
  [
    'a second tsconfig that makes a pure part a Node part',
    merging('packages/middle/tsconfig.node.json', { include: ['src'] }),
    /^packages\/middle\/tsconfig\.node\.json:2 should extend \.\.\/\.\.\/tsconfig\.pure\.json/,
  ],
  [
    'a package that is not built',
    merging('tsconfig.json', { references: ['low', 'middle', 'high'].map((name) => ({ path: `packages/${name}` })) }),
    /^tsconfig\.json:2 does not build beside$/,
  ],
  [
    'a package that is in no row',
    merging('packages/stray/package.json', { name: '@coffer/stray' }),
    /^packages\/stray\/package\.json:1 is not in tools\/layers\.json/,
  ],
  ['a lint list that is not the table', merging('biome.json', { overrides: [] }), /^biome\.json:2 pure folders differ/],
];

for (const [name, plant, expected] of planted) {
  test(`reports ${name}`, () => {
    const tree = goodTree();
    plant(tree);
    const { lines, status } = check(tree);
    assert.equal(status, 1);
    assert.ok(
      lines.some((line) => expected.test(line)),
      lines.join('\n'),
    );
  });
}
