import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

/**
 * Rules are cut out of copies by tests, never by a switch: no option, flag or environment variable of the shipped code turns
 * a check off. What was never written cannot be turned on by whoever runs a host.
 */

const root = fileURLToPath(new URL('../', import.meta.url));
/** Development only; a test below sees to it that nothing shipped imports it. */
const notShipped = ['packages/testing'];

interface Source {
  readonly path: string;
  readonly text: string;
}

const members = ['packages', 'apps'].flatMap((kind) => readdirSync(join(root, kind)).map((name) => `${kind}/${name}`));
const shipped = members
  .filter((member) => !notShipped.includes(member) && existsSync(join(root, member, 'src')))
  .flatMap((member) => sourcesOf(`${member}/src`));

function sourcesOf(folder: string): Source[] {
  return readdirSync(join(root, folder), { recursive: true })
    .map(String)
    .filter((name) => name.endsWith('.ts'))
    .map((name) => ({
      path: `${folder}/${name}`,
      text: withoutComments(readFileSync(join(root, folder, name), 'utf8')),
    }));
}

/** Good enough for this code: a comment never starts inside of a string that holds a word looked for here. */
function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/^\s*\/\/.*$/gm, '');
}

/** Lines of `source` that read the environment. */
const environmentIn = ({ path, text }: Source): string[] =>
  [
    ...text.matchAll(/(?:process|globalThis|import\.meta|Deno)\s*(?:\.|\[['"])\s*env\b(?:['"]\])?(\.\w+|\[[^\]]*\])?/g),
  ].map(([, name = '']) => `${path} ${name}`.trim());

/** Every read of the environment, and what it is for. None has to do with a rule. */
const allowedEnvironment: Readonly<Record<string, string>> = {
  'apps/coffer/src/terminal/output.ts .TERM': 'colours',
  'apps/coffer/src/terminal/output.ts .CI': 'colours and progress',
  'apps/coffer/src/terminal/output.ts .NO_COLOR': 'colours',
  'apps/coffer/src/device/place.ts .XDG_STATE_HOME': 'where a device keeps its state',
  'apps/coffer/src/main.ts .COFFER_DEBUG': 'prints a stack trace when the program ends by a bug',
  'packages/keystore-pkcs11/src/pin.ts [source.env]': 'the variable that the configuration names holds the PIN',
  'packages/keystore-pkcs11/src/softhsm.ts': 'handed on to the tool that makes tokens for tests',
};

test('the environment is read in the places of this list only', () => {
  const reads = new Set(shipped.flatMap(environmentIn));
  assert.deepEqual([...reads].sort(), Object.keys(allowedEnvironment).sort());
});

const switchWords =
  /\b(?:unsafe|insecure|mutant|sabotage|bypass|backdoor|testOnly|forTest|testMode|noVerify|noCheck|skip|disable|trustAll|allowUn|dangerous)\w*/gi;

/** Where rules are kept: nothing here may even have a name for not keeping one. */
const ruleKeepers = [
  'packages/base',
  'packages/crypto',
  'packages/wire',
  'packages/protocol',
  'packages/tree',
  'packages/hsm',
  'packages/replica',
  'packages/ledger',
  'packages/ledger-sqlite',
  'packages/agent',
  'packages/gateway',
  'packages/client',
  'packages/transparency',
  'apps/hsmd',
  'apps/agentd',
  'apps/gatewayd',
];

const switchesIn = ({ path, text }: Source): string[] =>
  [...text.matchAll(switchWords)].map(([word]) => `${path} ${word}`);

test('no name of a switch stands in the code that keeps rules', () => {
  const keepers = shipped.filter(({ path }) => ruleKeepers.some((keeper) => path.startsWith(`${keeper}/`)));
  assert.ok(keepers.length > 100, String(keepers.length));
  assert.deepEqual(keepers.flatMap(switchesIn), []);
});

test('an HSM and its boot take what they need, and no options beside it', () => {
  const { text } = shipped.find(({ path }) => path === 'packages/hsm/src/hsm.ts') as Source;
  const [, fields = ''] = /export interface HsmOptions \{([\s\S]*?)\n\}/.exec(text) ?? [];
  const names = [...fields.matchAll(/readonly (\w+)(\??):/g)].map(([, name, optional]) => `${name}${optional}`);
  assert.deepEqual(names.sort(), ['entropy', 'fleet', 'image', 'keyStore', 'nvram']);
});

test('nothing that is shipped imports the simulator or a test', () => {
  const imports = /\bfrom\s+['"](?:@coffer\/testing|[^'"]*\/test\/[^'"]*)['"]|import\(['"]@coffer\/testing['"]\)/;
  assert.deepEqual(
    shipped.filter(({ text }) => imports.test(text)).map(({ path }) => path),
    [],
  );
});

test('these searches find what they look for', () => {
  const planted = {
    path: 'x.ts',
    text: "if (process.env.COFFER_UNSAFE || globalThis.env) return; if (options.skipProof) {} process['env'].A;",
  };
  assert.deepEqual(environmentIn(planted), ['x.ts .COFFER_UNSAFE', 'x.ts', 'x.ts .A']);
  assert.deepEqual(switchesIn(planted), ['x.ts skipProof']);
});
