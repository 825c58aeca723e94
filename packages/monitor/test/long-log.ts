import assert from 'node:assert/strict';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { AuditSource } from '@coffer/monitor';
import { auditOf, nowMs, ShownWorld, startMs, World } from './harness.js';

/** How much more memory may be in use than after the first part of a log: room for what the collector has not got to. */
export const growthBytesMax = 4_000_000;

/** A log of so many epochs, in which fleets come, drain and stay. */
export function longWorld(epochs: number): World {
  const world = new World();
  for (let epoch = 1; epoch <= epochs; epoch++) {
    const status = epoch % 2 === 0 ? 'draining' : 'serving';
    world.publish({ A: 'serving', ...(epoch > 1 ? { B: status } : {}) }, { atMs: startMs + epoch * 1000 });
  }
  return world;
}

export interface Measured {
  readonly epochs: number;
  readonly milliseconds: number;
  /** Bytes in use after a full collection, at each sample. */
  readonly usedBytes: readonly number[];
}

/** Audits it from scratch, and looks at the memory in use after every `sampleEpochs`. */
export async function measureAudit(world: World, sampleEpochs: number): Promise<Measured> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const source = new ShownWorld(world);
  // The log itself is in the same memory, and stays as it is. What was asked is not written down.
  const quiet: AuditSource = {
    get: (path, bytesMax) => {
      source.asked.length = 0;
      return source.get(path, bytesMax);
    },
  };
  await source.get('/artifacts/none', 0);
  const usedBytes: number[] = [];
  const started = Date.now();
  const report = await auditOf(quiet, {
    trustRoot: world.trustRoot(),
    clock: { nowMs: () => nowMs },
    onEpoch: ({ epoch }) => {
      if (epoch % sampleEpochs !== 0) return;
      collect();
      const { heapUsed, arrayBuffers } = process.memoryUsage();
      usedBytes.push(heapUsed + arrayBuffers);
    },
  }).advance();
  assert.deepEqual(report.doubts, []);
  return { epochs: report.epochs, milliseconds: Date.now() - started, usedBytes };
}

export function assertFlat({ usedBytes }: Measured): void {
  const [first = 0, ...later] = usedBytes;
  assert.ok(later.length > 1);
  assert.ok(Math.max(...later) - first < growthBytesMax, `memory grows: ${usedBytes.join(', ')}`);
}
