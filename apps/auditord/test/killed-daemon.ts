import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

/**
 * auditord with two differences: evidence holds if it says so, and the process kills itself, by SIGKILL, before or after
 * the rename that makes its n-th durable write count. `KILL_AT` is n, 0 for never; `KILL_WHEN` is `before` or `after`.
 */
const killAt = Number(process.env.KILL_AT ?? '0');
const rename = fs.renameSync;
let writes = 0;
fs.renameSync = (from, to) => {
  writes++;
  const isTheOne = writes === killAt;
  if (isTheOne && process.env.KILL_WHEN === 'before') process.kill(process.pid, 'SIGKILL');
  rename(from, to);
  if (isTheOne) process.kill(process.pid, 'SIGKILL');
};
syncBuiltinESMExports();

// Only now, so that nothing has taken the old function.
const { runDaemon } = await import('@coffer/host');
const { auditordDefinition } = await import('../dist/daemon.js');
await runDaemon(
  auditordDefinition(() => ({
    check({ read, indexDigest }) {
      const text = Buffer.from(read(indexDigest) ?? []).toString();
      return text.startsWith('evidence of ') ? [] : [{ name: 'test', code: 'missing' }];
    },
  })),
);
