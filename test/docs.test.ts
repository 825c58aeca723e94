import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import * as base from '@coffer/base';
import * as crypto from '@coffer/crypto';
import * as hsm from '@coffer/hsm';
import * as protocol from '@coffer/protocol';
import * as wire from '@coffer/wire';
import { program } from '../apps/coffer/dist/program.js';
import { account, Device, tenant } from '../packages/client/test/harness.js';

/** What the documents name is there: links, files, functions, tests, commands; and their examples run. */

const root = fileURLToPath(new URL('../', import.meta.url));
const notOurs = new Set(['node_modules', 'dist', '.git']);

function walk(folder: string, ends: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (notOurs.has(entry.name)) return [];
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return walk(path, ends);
    return entry.name.endsWith(ends) ? [path] : [];
  });
}

const documents = walk(root, '.md').map((path) => ({ path, text: readFileSync(path, 'utf8') }));
const textOf = (name: string): string => readFileSync(join(root, name), 'utf8');
const withoutCode = (text: string): string => text.replaceAll(/^```[\s\S]*?^```/gm, '');

function all(text: string, pattern: RegExp): RegExpExecArray[] {
  return [...text.matchAll(pattern)];
}

/** The anchor of a heading, as code hosts make it. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(/\s/g, '-');
}

function anchorsOf(path: string): Set<string> {
  return new Set(
    all(withoutCode(readFileSync(path, 'utf8')), /^#+ (.*)$/gm).map(([, heading]) => anchorOf(heading ?? '')),
  );
}

/** Targets of inline links and of link definitions. */
function linksOf(text: string): string[] {
  const plain = withoutCode(text);
  const inline = all(plain, /\]\(([^)\s]+)\)/g);
  const defined = all(plain, /^\[[^\]]+\]: (\S+)$/gm);
  return [...inline, ...defined].map(([, target]) => target ?? '').filter((target) => !/^[a-z]+:/.test(target));
}

test('every relative link leads to a file, and to a heading of it where it names one', () => {
  const dead: string[] = [];
  for (const { path, text } of documents) {
    for (const target of linksOf(text)) {
      const [file = '', anchor] = target.split('#');
      const to = file === '' ? path : join(dirname(path), file);
      const isThere = existsSync(to) && (anchor === undefined || anchorsOf(to).has(anchor));
      if (!isThere) dead.push(`${relative(root, path)}: ${target}`);
    }
  }
  assert.deepEqual(dead, []);
  assert.ok(documents.length > 10);
});

test('every link by name has its definition', () => {
  const missing: string[] = [];
  for (const { path, text } of documents) {
    const defined = new Set(all(text, /^\[([^\]]+)\]: /gm).map(([, name]) => name));
    for (const [, name] of all(withoutCode(text), /`\]\[([^\]]+)\]/g)) {
      if (!defined.has(name)) missing.push(`${relative(root, path)}: ${name}`);
    }
  }
  assert.deepEqual(missing, []);
});

test('every file of this repository that a document names is there', () => {
  const missing: string[] = [];
  for (const { path, text } of documents) {
    for (const [, name = ''] of all(withoutCode(text), /`((?:packages|apps|docs|test|tools|vectors)\/[\w./-]+)`/g)) {
      if (!existsSync(join(root, name)) && !existsSync(join(dirname(path), name)))
        missing.push(`${relative(root, path)}: ${name}`);
    }
  }
  assert.deepEqual(missing, []);
});

test('every function that the life of a recovery names is in the sources', () => {
  const sources = ['packages', 'apps']
    .flatMap((folder) => walk(join(root, folder), '.ts'))
    .filter((path) => path.includes('/src/'));
  const code = sources.map((path) => readFileSync(path, 'utf8'));
  const names = all(
    textOf('docs/life-of-a-recovery.md'),
    /`((?:[A-Za-z]\w*\.)?[a-z]\w*[A-Z]\w*|[A-Z]\w*(?:\.[a-z]\w*)?)`/g,
  )
    .map(([, name]) => name ?? '')
    .filter((name) => !/^KE\d$/.test(name));
  const unknown = names.filter((name) => {
    const parts = name.split('.').map((part) => new RegExp(`\\b${part}\\b`));
    return !code.some((text) => parts.every((part) => part.test(text)));
  });
  assert.deepEqual(unknown, []);
  assert.ok(names.length > 30);
});

/** Patterns of the names of the tests in a file. */
function testNamesOf(file: string): RegExp[] {
  const text = readFileSync(file, 'utf8');
  const called = all(text, /\btest\(\s*(['"`])((?:\\.|(?!\1).)*)\1/g).map(([, , name]) => name ?? '');
  const attacks = all(text, /^(?:\s*name: |attack\(\s*)(['"])((?:\\.|(?!\1).)*)\1,$/gm).map(
    ([, , name]) => `attack: ${name}`,
  );
  return [...called, ...attacks].map((name) => {
    const parts = name.replaceAll(/\\(.)/g, '$1').split(/\$\{[^}]*\}/);
    return new RegExp(`^${parts.map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('.+')}$`);
  });
}

test('every test that the threat model names is in the file that it links to', () => {
  const path = 'docs/threat-model.md';
  const text = textOf(path);
  const files = new Map(all(text, /^\[([^\]]+)\]: (\S+)$/gm).map(([, name, target]) => [name, target]));
  const named = all(text, /\[`([^`]+)`\]\[([^\]]+)\]/g);
  const missing = named.filter(([, name = '', link]) => {
    const file = join(root, dirname(path), files.get(link) ?? '');
    return !existsSync(file) || !testNamesOf(file).some((pattern) => pattern.test(name));
  });
  assert.deepEqual(
    missing.map(([whole]) => whole),
    [],
  );
  assert.ok(named.length > 60);
});

test('every attack on the HSM that there is a test for is in the threat model', () => {
  const text = textOf('docs/threat-model.md');
  const files = walk(join(root, 'packages/hsm/test'), '.test.ts').filter((path) => path.includes('attacks-'));
  const names = files.flatMap((path) =>
    all(readFileSync(path, 'utf8'), /^\s*name: (['"])((?:\\.|(?!\1).)*)\1,$/gm).map(
      ([, , name]) => `\`attack: ${name}\``,
    ),
  );
  assert.deepEqual(
    names.filter((name) => !text.includes(name)),
    [],
  );
});

test('every npm command that a document names is in package.json', () => {
  const scripts = Object.keys(JSON.parse(textOf('package.json')).scripts);
  for (const { path, text } of documents) {
    const named = all(text, /npm (?:run (?:--silent )?)?((?<=run )[\w:-]+|test|start)/g).map(([, name]) => name ?? '');
    assert.deepEqual(
      named.filter((name) => !scripts.includes(name)),
      [],
      relative(root, path),
    );
  }
});

test('every coffer command that a document shows has the commands and options that it uses', () => {
  const topLevel = program(() => undefined).commands;
  const commands = new Map(
    topLevel.flatMap((command) => [
      [command.name(), command],
      ...command.commands.map((each) => [`${command.name()} ${each.name()}`, each] as const),
    ]),
  );
  const wrong: string[] = [];
  let shown = 0;
  for (const { path, text } of documents) {
    const lines = all(text, /^(?:printf .* \| )?(?:npx )?coffer ([a-z].*)$|^npm run (demo -- .*)$/gm);
    for (const [line, direct, demo] of lines) {
      shown++;
      const [first = '', ...words] = (direct ?? demo ?? '').replace(/\s#.*$|\s\s.*$/, '').split(' ');
      const name = commands.has(`${first} ${words[0]}`) ? `${first} ${words[0]}` : first;
      const known = new Set(commands.get(name)?.options.flatMap(({ long }) => (long ? [long] : [])));
      const flags = words.filter((word) => /^--\w/.test(word));
      if (!commands.has(name) || flags.some((flag) => !known.has(flag))) wrong.push(`${relative(root, path)}: ${line}`);
    }
  }
  assert.deepEqual(wrong, []);
  assert.ok(shown > 3);
});

/** Runs the first example of a README with its imports, and with `given`. */
async function runExample(readme: string, given: Readonly<Record<string, unknown>>): Promise<void> {
  const modules: Readonly<Record<string, object>> = {
    '@coffer/base': base,
    '@coffer/crypto': crypto,
    '@coffer/hsm': hsm,
    '@coffer/protocol': protocol,
    '@coffer/wire': wire,
  };
  const example = /```js\n([\s\S]*?)```/.exec(textOf(readme))?.[1] ?? assert.fail('no example');
  const names: Record<string, unknown> = { assert, ...given };
  const body = example.replaceAll(/^import \{([^}]*)\} from '([^']*)';$/gm, (_, list: string, from: string) => {
    for (const name of list.split(',').map((each) => each.trim())) {
      if (name !== '')
        names[name] = (modules[from] as Record<string, unknown>)[name] ?? assert.fail(`${from}: ${name}`);
    }
    return '';
  });
  assert.match(body, /assert/);
  await new Function(...Object.keys(names), `return (async () => {${body}})();`)(...Object.values(names));
}

for (const name of ['base', 'wire', 'hsm']) {
  test(`the example of packages/${name}/README.md runs`, () => runExample(`packages/${name}/README.md`, {}));
}

test('the example of packages/protocol/README.md runs', async () => {
  const device = new Device();
  const headers = { authorization: 'Bearer token' };
  await runExample('packages/protocol/README.md', {
    fleet: device.fleet.fleet,
    tenant,
    account,
    post: async (path: string, body: Uint8Array) => (await device.transport.post(path, headers, body)).body,
  });
});
