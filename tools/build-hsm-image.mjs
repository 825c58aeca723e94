/**
 * Builds the HSM image: hsmd and everything it runs, in one file, and prints its SHA-256.
 *
 *   node tools/build-hsm-image.mjs [--out FILE] [--inputs]
 *
 * The bytes depend on the sources and on the packages that package-lock.json pins, and on nothing else: not on the folder,
 * the time, the user, the locale, the machine or the version of Node. It reads the TypeScript sources, so that nothing that
 * an earlier build left behind goes in. `--out` is `dist/hsmd.mjs` by default; `--inputs` also prints every file that went in.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, realpathSync, renameSync, writeFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';

/** A real path, or the names of the inputs would depend on how the folder is reached. */
const root = realpathSync(join(dirname(fileURLToPath(import.meta.url)), '..'));

/**
 * Native modules stay outside of the image: they are files of their own for each system, used where they are installed
 * beside it. The image starts without them, except that Node before 22.13 needs the SQLite one for its lock.
 */
export const outsideModules = ['@photostructure/sqlite', 'koffi', 'pkcs11js'];

async function bundle() {
  const { version } = JSON.parse(readFileSync(join(root, 'apps/hsmd/package.json'), 'utf8'));
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: ['apps/hsmd/src/main.ts'],
    outfile: 'hsmd.mjs',
    write: false,
    metafile: true,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20.19',
    // Not minified: whoever wants to know what an HSM runs can read it. The paths in its comments are relative.
    charset: 'utf8',
    legalComments: 'inline',
    external: outsideModules,
    define: { COFFER_IMAGE_VERSION: JSON.stringify(version) },
    // CommonJS packages in it ask for Node's own modules by require.
    banner: {
      js: "import { createRequire as imageRequire } from 'node:module'; const require = imageRequire(import.meta.url);",
    },
    // Nothing of a tsconfig.json outside of this repository has a say.
    tsconfigRaw: { compilerOptions: { target: 'es2022', verbatimModuleSyntax: true } },
    plugins: [fromSources],
    logLevel: 'error',
  });
  const [file] = outputFiles;
  checkOutside(Object.values(metafile.outputs).flatMap(({ imports }) => imports));
  return { bytes: file.contents, inputs: Object.keys(metafile.inputs).sort() };
}

/** Packages of this repository are taken from their `src`, not from the `dist` that their exports name. */
const fromSources = {
  name: 'from-sources',
  setup({ onResolve }) {
    onResolve({ filter: /^@coffer\// }, ({ path }) => {
      const [name, subpath] = [path.split('/')[1], path.split('/').slice(2).join('/')];
      const folder = ['packages', 'apps'].map((kind) => join(root, kind, name)).find((each) => existsSync(each));
      const { exports } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
      return { path: sourceOf(folder, exports[subpath === '' ? '.' : `./${subpath}`].default) };
    });
    onResolve({ filter: /^#/ }, ({ path, resolveDir }) => {
      const folder = resolveDir.slice(0, resolveDir.indexOf('/src'));
      const { imports } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
      return { path: sourceOf(folder, imports[path].node ?? imports[path].default) };
    });
  },
};

function sourceOf(folder, exported) {
  return join(folder, exported.replace(/^\.\/dist\//, 'src/').replace(/\.js$/, '.ts'));
}

/** Whatever is outside is Node's own or is named above; a new dependency is decided on, not slipped in. */
function checkOutside(imports) {
  const unknown = imports
    .map(({ path }) => path)
    .filter((path) => !builtinModules.includes(path.replace(/^node:/, '')) && !outsideModules.includes(path));
  if (unknown.length > 0) throw new Error(`the image would need ${[...new Set(unknown)].join(', ')}`);
}

const { values } = parseArgs({ options: { out: { type: 'string' }, inputs: { type: 'boolean', default: false } } });
const out = resolve(values.out ?? join(root, 'dist/hsmd.mjs'));

const { bytes, inputs } = await bundle();
mkdirSync(dirname(out), { recursive: true });
// Whole or not at all: somebody may be starting an HSM from it.
const temporary = `${out}.${process.pid}`;
writeFileSync(temporary, bytes);
renameSync(temporary, out);
if (values.inputs) process.stdout.write(inputs.map((input) => `${input}\n`).join(''));
process.stdout.write(`${createHash('sha256').update(bytes).digest('hex')}  ${out}\n`);
