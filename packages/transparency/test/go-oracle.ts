import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from './temporary-folder.js';

/** Where Debian puts the sources of Go packages; no network and no module cache is needed. */
const goPath = process.env.GOPATH ?? '/usr/share/gocode';
const source = fileURLToPath(new URL('../../../test/oracles/go', import.meta.url));

const hasGo = spawnSync('go', ['version']).status === 0 && existsSync(join(goPath, 'src/golang.org/x/mod/sumdb/tlog'));

/** For the `skip` option of a test. */
export const skipWithoutGo = !hasGo && 'no Go with its x/mod here: apt-get install golang golang-golang-x-mod-dev';

let program: string | undefined;

/** Built at the first call; that it does not build is a failure and no reason to skip. */
function build(): string {
  const built = join(temporaryFolder(), 'oracle');
  const env = { ...process.env, GO111MODULE: 'off', GOFLAGS: '', GOPATH: goPath, CGO_ENABLED: '0' };
  const { status, stderr } = spawnSync('go', ['build', '-o', built, '.'], { cwd: source, env, encoding: 'utf8' });
  if (status !== 0) throw new Error(`go build: ${stderr}`);
  return built;
}

/** Runs it. `output` is what it printed as JSON; undefined where it printed nothing. */
export function runOracle(args: readonly string[], input: unknown = []) {
  program ??= build();
  const options = { input: JSON.stringify(input), encoding: 'utf8', maxBuffer: 1 << 28 } as const;
  const { status, stdout, stderr } = spawnSync(program, args, options);
  return { status, stderr, output: stdout === '' ? undefined : JSON.parse(stdout) };
}
