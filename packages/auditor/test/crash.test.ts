import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AuditorClient, AuditorError } from '@coffer/auditor';
import { hex } from '@coffer/base';
import { decodeCheckpoint, decodeNote, type PlexiAnswer, parsePlexiAnswer } from '@coffer/transparency';
import {
  Bench,
  dayMs,
  FakeWitnesses,
  fleetOf,
  keyOf,
  type Listed,
  MemoryStore,
  namespace,
  PowerCut,
  rootBytes,
  seedOf,
  startMs,
  TestTime,
  trustRootOf,
} from './harness.js';

/**
 * The crash matrix: a story of two epochs and a new trust root between them, in which the power fails once, before or after any one
 * write. The auditor starts again on what is stored, the operator repeats what got no answer, and at the end everything is
 * there, once. Whatever was said before the crash still stands.
 */

const [a, b] = [fleetOf('A'), fleetOf('B')];
const story: readonly Listed[] = [
  [[a, 'serving']],
  [
    [a, 'draining'],
    [b, 'serving'],
  ],
];
const secondRoot = trustRootOf({ version: 2, operators: [keyOf('operator')], revocations: [] });

/** What outsiders have heard in the whole story: for each epoch one answer, for each size one root. */
class Heard {
  readonly #signed = new Map<number, string>();
  readonly #roots = new Map<number, string>();

  answer({ message, signature }: PlexiAnswer): void {
    this.#once(this.#signed, message.epoch, `${hex(message.digest)} ${message.timestampMs} ${hex(signature)}`);
  }

  checkpoint(text: string): void {
    const { size, root } = decodeCheckpoint(text);
    this.#once(this.#roots, size, hex(root));
  }

  #once(map: Map<number, string>, key: number, value: string): void {
    assert.equal(map.get(key) ?? value, value, `two different ones for ${key}`);
    map.set(key, value);
  }
}

interface Run {
  readonly memory: MemoryStore;
  readonly witnesses: FakeWitnesses;
  readonly time: TestTime;
  readonly heard: Heard;
}

/** Starts an auditor and tells the story to its end, or to the crash. */
async function tell({ memory, witnesses, time, heard }: Run): Promise<void> {
  const bench = new Bench({ memory, witnesses, time, root: trustRootOf() });
  const client = new AuditorClient({
    url: 'http://auditor.example',
    namespace,
    fetch: async (input, init) => {
      const response = await bench.fetch(input, init);
      const isAudit = String(input).endsWith('/audits') && response.ok;
      // Whatever was there unsurely when this process began has been written again before anything relies on it. On
      // evidence and artifacts nothing does until they are posted again.
      if (response.ok && !/^(evidence|artifacts)\//.test(memory.unsure ?? '')) assert.equal(memory.unsure, undefined);
      if (isAudit) heard.answer(parsePlexiAnswer(await response.clone().json()));
      return response;
    },
  });
  for (const [i, listed] of story.entries()) {
    if (i === 1) await client.postTrustRoot(rootBytes(secondRoot));
    // A clock that goes on between the tries must not make a second message.
    time.ms += 60_000;
    await client.publish({
      artifact: bench.next(listed),
      evidence: listed.flatMap(([{ files }]) => files),
      operatorSeed: seedOf('operator'),
      trustRoot: i === 0 ? bench.root : secondRoot,
      notAfterMs: startMs + dayMs,
    });
    heard.checkpoint(decodeNote((await client.checkpoint())!).text);
  }
}

async function crashAndRecover(failsAt: number, failsWhen: 'before' | 'after'): Promise<number> {
  const time = new TestTime();
  const run: Run = { memory: new MemoryStore(), witnesses: new FakeWitnesses(time), time, heard: new Heard() };
  run.memory.failsAt = failsAt;
  run.memory.failsWhen = failsWhen;
  try {
    await tell(run);
    if (failsAt > 0) return -1;
  } catch (error) {
    const isCut = error instanceof PowerCut || (error instanceof AuditorError && error.code === 'halted');
    if (!isCut) throw error;
  }
  const after = { ...run, memory: run.memory.copy() };
  await tell(after);
  for (const text of run.witnesses.seen) run.heard.checkpoint(text);
  assert.equal(after.memory.unsure, undefined);
  assert.deepEqual(end(after.memory), [2, 2]);
  return run.memory.writes;
}

/** Size of the published log, and version of the trust root, by opening it once more. */
function end(memory: MemoryStore): readonly number[] {
  new Bench({ memory });
  const { size } = decodeCheckpoint(decodeNote(memory.read(`${namespace}/published`)!).text);
  return [size, memory.files.has(`${namespace}/trust-roots/0/2`) ? 2 : 1];
}

test('the power fails before or after any write: nothing is lost, and nothing is said twice in two ways', async () => {
  const writes = await crashAndRecover(0, 'before');
  assert.ok(writes > 20, `${writes} writes`);
  for (let failsAt = 1; failsAt <= writes; failsAt++) {
    for (const failsWhen of ['before', 'after'] as const) {
      const made = await crashAndRecover(failsAt, failsWhen);
      assert.equal(made, failsAt, `write ${failsAt}`);
    }
  }
});
