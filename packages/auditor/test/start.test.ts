import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AuditorError, type AuditorErrorCode } from '@coffer/auditor';
import {
  Bench,
  fleetOf,
  flipBit,
  keyOf,
  type Listed,
  MemoryStore,
  namespace,
  rootBytes,
  trustRootOf,
} from './harness.js';

const fleets = ['A', 'B'].map((name) => fleetOf(name));
const listed = (i: number): Listed => fleets.slice(0, 1 + (i % 2)).map((fleet) => [fleet, 'serving']);

/** A log of that many epochs. */
async function logOf(epochs: number): Promise<MemoryStore> {
  const memory = new MemoryStore();
  const bench = new Bench({ memory });
  for (let i = 0; i < epochs; i++) await bench.publish([[fleets[0]!, i % 2 === 0 ? 'serving' : 'draining']]);
  await bench.client.postTrustRoot(rootBytes(trustRootOf({ version: 2 })));
  return memory;
}

/** Opens it, and returns the code of the refusal. */
function codeOf(memory: MemoryStore): AuditorErrorCode | 'started' {
  try {
    new Bench({ memory });
    return 'started';
  } catch (error) {
    if (error instanceof AuditorError) return error.code;
    throw error;
  }
}

const name = (rest: string): string => `${namespace}/${rest}`;

test('a log whose leaf, artifact, checkpoint or record was changed in any bit does not start', async () => {
  const memory = await logOf(2);
  const files = [...memory.files.keys()].filter((file) => !file.startsWith('digests/'));
  const isNeeded = (file: string) =>
    /\/leaves\/|^artifacts\/|\/head$|\/published$|\/epochs\/0\/2$|\/trust-roots\/0\/2/.test(file);
  for (const file of files.filter(isNeeded)) {
    const bytes = memory.files.get(file)!;
    const bits = Array.from({ length: 8 }, (_, i) => Math.floor((bytes.length * 8 * i) / 8) + (i % 8));
    for (const bit of bits) {
      const copy = memory.copy();
      copy.files.set(file, flipBit(bytes, bit));
      assert.throws(() => new Bench({ memory: copy }), `${file} bit ${bit}`);
    }
    const copy = memory.copy();
    copy.files.delete(file);
    if (/trust-roots|published/.test(file)) continue;
    assert.notEqual(codeOf(copy), 'started', `without ${file}`);
  }
});

test('each contradiction has its code', async () => {
  const memory = await logOf(3);
  const changed = (change: (files: Map<string, Uint8Array>) => void): AuditorErrorCode | 'started' => {
    const copy = memory.copy();
    change(copy.files);
    return codeOf(copy);
  };
  assert.equal(codeOf(memory), 'started');
  assert.equal(
    changed((files) => files.delete(name('leaves/0/3'))),
    'log-truncated',
  );
  assert.equal(
    changed((files) => files.delete(name('leaves/0/1'))),
    'log-truncated',
  );
  assert.equal(
    changed((files) => files.set(name('leaves/0/2'), files.get(name('leaves/0/1'))!)),
    'log-damaged',
  );
  assert.equal(
    changed((files) => files.delete(name('head'))),
    'log-damaged',
  );
  assert.equal(
    changed((files) => files.set(name('head'), files.get(name('checkpoints/0/2'))!)),
    'log-damaged',
  );
  assert.equal(
    changed((files) => files.set(name('epochs/0/5'), files.get(name('epochs/0/3'))!)),
    'log-truncated',
  );
  // A fork: what another auditor with the same keys logged in place of the last two epochs.
  const other = new MemoryStore();
  const bench = new Bench({ memory: other });
  await bench.publish([[fleets[0]!, 'serving']]);
  for (let i = 0; i < 2; i++) await bench.publish(listed(1));
  for (const file of ['head', 'published', 'leaves/0/2', 'leaves/0/3', 'epochs/0/3'])
    assert.notEqual(
      changed((files) => files.set(name(file), other.files.get(name(file))!)),
      'started',
      file,
    );
  const forked = changed((files) => {
    for (const [file, bytes] of other.files) if (!/head|published/.test(file)) files.set(file, bytes);
  });
  assert.equal(forked, 'log-forked');
});

test('files that follow from the leaves are written again when they are gone', async () => {
  const memory = await logOf(2);
  for (const file of [...memory.files.keys()]) if (file.startsWith('checkpoints/')) memory.files.delete(file);
  assert.equal(codeOf(memory), 'started');
});

test('another trust root, no keys, or one namespace twice is bad-config', async () => {
  const memory = await logOf(1);
  const bad = (options: ConstructorParameters<typeof Bench>[0]) =>
    assert.throws(
      () => new Bench({ memory, ...options }),
      (error: unknown) => error instanceof AuditorError && error.code === 'bad-config',
    );
  bad({ root: trustRootOf({ operators: [keyOf('operator 2')] }) });
  bad({ auditorNames: [] });
  bad({ auditorNames: ['auditor', 'auditor'] });
  bad({ namespaces: [] });
});
