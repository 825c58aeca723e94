/**
 * Grows a log through the whole API and shows that memory stays flat: `npm run auditor-growth -- [EPOCHS]`, default 10,000.
 * Files are in a temporary folder; every epoch is audited, counter-signed, logged and cosigned. At the end the auditor is
 * opened again, which reads and checks everything.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FolderStore } from '@coffer/auditor';
import { artifactOf, Bench, fleetOf, type Listed } from './harness.js';

const epochs = Number(process.argv[2] ?? '10000');
const folder = mkdtempSync(join(tmpdir(), 'coffer-auditor-growth-'));
const [a, b] = [fleetOf('A'), fleetOf('B')];
const listed = (i: number): Listed => [
  [a, i % 2 === 0 ? 'serving' : 'draining'],
  [b, 'serving'],
];
const megabytes = (bytes: number): string => (bytes / 1_048_576).toFixed(1);
const say = (text: string): void => void process.stdout.write(`${text}\n`);

function memoryNow(): string {
  globalThis.gc?.();
  const { heapUsed, rss } = process.memoryUsage();
  return `heap ${megabytes(heapUsed)} MiB, resident ${megabytes(rss)} MiB`;
}

try {
  const bench = new Bench({ memory: new FolderStore(folder) });
  let startedMs = performance.now();
  let before: Uint8Array | undefined;
  for (let i = 0; i < epochs; i++) {
    before = artifactOf(i + 1, before, listed(i));
    const { epoch } = await bench.publishArtifact(before, listed(i));
    // Without a turn of the event loop nothing that was ever weakly referred to would be collected.
    await new Promise((resolve) => setImmediate(resolve));
    // What the bench remembers is not what is measured.
    bench.witnesses.seen.length = 0;
    bench.events.length = 0;
    if (epoch % Math.ceil(epochs / 10) !== 0) continue;
    say(`${epoch} epochs: ${memoryNow()}, ${(((performance.now() - startedMs) / epochs) * 10).toFixed(1)} ms an epoch`);
    startedMs = performance.now();
  }
  startedMs = performance.now();
  const again = new Bench({ memory: new FolderStore(folder), witnesses: bench.witnesses, time: bench.time });
  const { last_verified_epoch: last } = (await again.client.namespaceInfo()) ?? {};
  say(`opened again at epoch ${last} in ${((performance.now() - startedMs) / 1000).toFixed(1)} s: ${memoryNow()}`);
  if (last !== epochs) throw new Error('not all epochs are there');
} finally {
  rmSync(folder, { recursive: true });
}
