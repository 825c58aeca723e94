import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { AuditorClient, auditorKey, FolderStore, openAuditor, serveAuditor } from '@coffer/auditor';
import {
  artifactOf,
  dayMs,
  FakeWitnesses,
  fleetOf,
  namespace,
  rootBytes,
  seedOf,
  startMs,
  TestTime,
  testEvidence,
  trustRootOf,
} from './harness.js';

const folder = mkdtempSync(join(tmpdir(), 'coffer-auditor-'));
after(() => rmSync(folder, { recursive: true }));

test('the example of the README runs', async () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const code = /```js\n([\s\S]*?)```/.exec(readme)?.[1];
  assert.ok(code !== undefined);
  const time = new TestTime();
  const fleet = fleetOf('A');
  const given = {
    AuditorClient,
    auditorKey,
    FolderStore,
    openAuditor,
    serveAuditor,
    assert,
    namespace,
    folder,
    clock: time,
    timers: time,
    trustRoot: rootBytes(trustRootOf()),
    root: trustRootOf(),
    logSeed: seedOf('log'),
    auditorSeed: seedOf('auditor'),
    operatorSeed: seedOf('operator'),
    evidence: testEvidence,
    witnesses: new FakeWitnesses(time),
    artifact: artifactOf(1, undefined, [[fleet, 'serving']]),
    files: fleet.files,
    notAfterMs: startMs + dayMs,
  };
  await new Function(...Object.keys(given), `return (async () => {${code}})();`)(...Object.values(given));
});
