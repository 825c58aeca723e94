/**
 * Compiles pkcs11js, which an install with `--ignore-scripts` leaves as sources. Needs a C++ compiler, make and Python; and
 * Node's headers, which node-gyp fetches unless they lie beside this Node (`include/node`, as distributions pack them).
 *
 *   node tools/build-pkcs11js.mjs
 *
 * Exit code 0 when `require('pkcs11js')` works afterwards.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

function isBuilt() {
  const probe = spawnSync(process.execPath, ['-e', "require('pkcs11js')"], { cwd: root, stdio: 'ignore' });
  return probe.status === 0;
}

if (!isBuilt()) {
  const prefix = join(dirname(process.execPath), '..');
  const headers = existsSync(join(prefix, 'include/node/node_api.h')) ? { npm_config_nodedir: prefix } : {};
  // package.json forbids its script by default; here, and for this one package, it is what was asked for.
  const args = ['rebuild', 'pkcs11js', '--dangerously-allow-all-scripts', '--ignore-scripts=false'];
  const { stdout, stderr } = spawnSync('npm', args, {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, ...headers },
  });
  if (!isBuilt()) {
    process.stderr.write(`${stdout}${stderr}\npkcs11js is not built.\n`);
    process.exit(1);
  }
}
process.stdout.write(`pkcs11js: ${createRequire(join(root, 'package.json')).resolve('pkcs11js')}\n`);
