/**
 * Compiles pkcs11js, which an install with `--ignore-scripts` leaves as sources. Needs a C++ compiler, make and Python; and
 * Node's headers, which node-gyp fetches unless they lie beside this Node (`include/node`, as distributions pack them).
 *
 *   node tools/build-pkcs11js.mjs
 *
 * Exit code 0 when `require('pkcs11js')` works afterwards.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

function isBuilt() {
  const probe = spawnSync(process.execPath, ['-e', "require('pkcs11js')"], { cwd: root, stdio: 'ignore' });
  return probe.status === 0;
}

/**
 * One build at a time: test files run side by side, and each asks for it. The file holds the builder's process id, so that a
 * builder that was killed stops nobody.
 */
function withLock(work) {
  const lock = join(root, 'node_modules/.pkcs11js-build');
  for (;;) {
    try {
      writeFileSync(lock, String(process.pid), { flag: 'wx' });
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
      if (isHeld(lock)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
      else rmSync(lock, { force: true });
    }
  }
  try {
    return work();
  } finally {
    rmSync(lock, { force: true });
  }
}

function isHeld(lock) {
  try {
    const pid = Number(readFileSync(lock, 'utf8'));
    // Empty for the moment between its making and its writing.
    if (pid === 0) return true;
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Gone meanwhile: try for it like everybody, rather than remove what may be another's by then.
    return error.code === 'ENOENT';
  }
}

function build() {
  if (isBuilt()) return;
  const prefix = join(dirname(process.execPath), '..');
  const headers = existsSync(join(prefix, 'include/node/node_api.h')) ? { npm_config_nodedir: prefix } : {};
  // package.json forbids its script by default; here, and for this one package, it is what was asked for.
  const args = ['rebuild', 'pkcs11js', '--dangerously-allow-all-scripts', '--ignore-scripts=false'];
  const { stdout, stderr } = spawnSync('npm', args, {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, ...headers },
  });
  if (isBuilt()) return;
  process.stderr.write(`${stdout}${stderr}\npkcs11js is not built.\n`);
  process.exitCode = 1;
}

if (!isBuilt()) withLock(build);
if (process.exitCode !== 1) {
  process.stdout.write(`pkcs11js: ${createRequire(join(root, 'package.json')).resolve('pkcs11js')}\n`);
}
