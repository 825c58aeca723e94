import assert from 'node:assert/strict';
import { AuditorError } from '@coffer/auditor';
import { hex } from '@coffer/base';
import { artifactDigest } from '@coffer/transparency';
import { attack } from './attack.js';
import {
  artifactOf,
  Bench,
  dayMs,
  fleetOf,
  keyOf,
  type Listed,
  MemoryStore,
  namespace,
  rootBytes,
  seedOf,
  startMs,
  trustRootOf,
} from './harness.js';

const [a, b] = [fleetOf('A'), fleetOf('B')];
const one: Listed = [[a, 'serving']];
const other: Listed = [[b, 'serving']];

const ask = (bench: Bench, artifact: Uint8Array, listed: Listed) =>
  bench.client.postAudit({
    artifact,
    evidence: listed.flatMap(([{ files }]) => files),
    operatorSeed: seedOf('operator'),
  });

/** False when it was refused with a code. */
async function isDone(what: Promise<unknown>): Promise<boolean> {
  try {
    await what;
    return true;
  } catch (error) {
    if (error instanceof AuditorError) return false;
    throw error;
  }
}

attack(
  'a store put back to an earlier state signs another history',
  { file: 'epoch-signer.js', find: 'await this.#publisher.makeReady();', replace: '' },
  async (open) => {
    const memory = new MemoryStore();
    const bench = new Bench({ memory, open });
    await bench.publish(one);
    const old = memory.copy();
    await bench.publish(one);
    const back = new Bench({ memory: old, witnesses: bench.witnesses, open });
    return isDone(ask(back, artifactOf(2, bench.artifacts[0], other), other));
  },
);

attack(
  'one witness that lies about a longer log, or none at all, is taken for the quorum',
  { file: 'log-publisher.js', find: 'this.#isConfirmed ||= isEnough;', replace: 'this.#isConfirmed = true;' },
  async (open) => {
    const memory = new MemoryStore();
    const bench = new Bench({ memory, open });
    await bench.publish(one);
    for (const { name } of bench.witnesses.signers) bench.witnesses.down.add(name);
    const again = new Bench({ memory, witnesses: bench.witnesses, open });
    return isDone(ask(again, artifactOf(2, bench.artifacts[0], other), other));
  },
);

attack(
  'two artifacts signed for one epoch',
  {
    file: 'epoch-signer.js',
    find: 'const record = epoch === log.size + 1 ? log.record(epoch) : undefined;\n        if (record === undefined)\n            return undefined;',
    replace: 'const record = undefined;\n        if (record === undefined)\n            return undefined;',
  },
  async (open) => {
    const bench = new Bench({ open });
    await ask(bench, artifactOf(1, undefined, one), one);
    return isDone(ask(bench, artifactOf(1, undefined, other), other));
  },
);

attack(
  'a power cut makes a second message for an epoch',
  { file: 'epoch-signer.js', find: 'log.putRecord(record);\n        putDigest(store, record);', replace: '' },
  async (open) => {
    // Signed, and cut off before the record with the signature was written: what a signer outside would have seen.
    const memory = new MemoryStore();
    const artifact = artifactOf(1, undefined, one);
    const bench = new Bench({ memory, open });
    await bench.auditor.refresh(namespace);
    const before = memory.writes;
    await ask(bench, artifact, one);
    const cut = new MemoryStore();
    const signed = [...memory.files].filter(([name]) => !name.includes('/epochs/'));
    for (const [name, bytes] of signed) cut.files.set(name, bytes);
    assert.ok(memory.writes > before);
    const again = new Bench({ memory: cut, witnesses: bench.witnesses, time: bench.time, open });
    bench.time.ms += 1;
    return isDone(ask(again, artifact, one));
  },
);

attack(
  'an epoch is shown before a quorum has cosigned it',
  { file: 'log-publisher.js', find: 'if (!isQuorum(policy, newest)) {', replace: 'if (false) {' },
  async (open) => {
    const bench = new Bench({ open });
    await ask(bench, bench.next(one), one);
    for (const { name } of bench.witnesses.signers.slice(1)) bench.witnesses.down.add(name);
    await isDone(bench.publishArtifact(bench.artifacts[0]!, one));
    return (await bench.client.audit(1)) !== undefined;
  },
);

attack(
  'the signature of an epoch that is not logged is read by anybody',
  {
    file: 'namespace-view.js',
    find: 'epoch <= this.size ? this.#log.leaf(epoch)',
    replace: 'true ? this.#log.leaf(epoch)',
  },
  async (open) => {
    const bench = new Bench({ open });
    await ask(bench, bench.next(one), one);
    for (const { name } of bench.witnesses.signers.slice(1)) bench.witnesses.down.add(name);
    await isDone(bench.publishArtifact(bench.artifacts[0]!, one));
    const isPending = (await bench.get(`/artifacts/${hex(artifactDigest(bench.artifacts[0]!))}`)).status === 200;
    return isPending || (await bench.client.audit(1)) !== undefined;
  },
);

attack(
  'evidence swapped under a fleet that is known',
  { file: 'artifact-checks.js', find: ' && equalBytes(fleet.evidence, evidence)', replace: '' },
  async (open) => {
    const bench = new Bench({ open });
    await bench.publish(one);
    const swapped = { ...fleetOf('A', 'bad swap'), descriptor: a.descriptor };
    const listed: Listed = [[swapped, 'serving']];
    return isDone(ask(bench, artifactOf(2, bench.artifacts[0], listed), listed));
  },
);

attack(
  'a revoked operator key counter-signs',
  { file: 'leaf-checks.js', find: 'verifyOperatorInForce(root, leaf.operator.key, leaf.epoch);', replace: '' },
  async (open) => {
    const operators = [keyOf('operator'), keyOf('operator 2')].sort(Buffer.compare);
    const bench = new Bench({ root: trustRootOf({ operators }), open });
    const artifact = bench.next(one);
    await ask(bench, artifact, one);
    const next = trustRootOf({ version: 2, operators, revocations: [{ key: keyOf('operator 2'), revokedAtSize: 0 }] });
    await bench.client.postTrustRoot(rootBytes(next));
    const { message, signature } = await ask(bench, artifact, one);
    const { encodePlexiMessage } = await import('@coffer/transparency');
    const signed = {
      auditorMessage: encodePlexiMessage(message),
      auditorSignature: signature,
      auditorKey: keyOf('auditor'),
      evidence: one.map(([{ evidence }]) => evidence),
      notAfterMs: startMs + dayMs,
    };
    return isDone(bench.client.postCountersignature(1, signed, 2, seedOf('operator 2')));
  },
);

attack(
  'after a failed write it goes on with what it has in memory',
  { file: 'audited-namespace.js', find: 'store.verifyUsable();', replace: '' },
  async (open) => {
    const memory = new MemoryStore();
    const bench = new Bench({ memory, open });
    await bench.auditor.refresh(namespace);
    // The record with the signature is written, but nobody knows whether for good.
    const writes = 5;
    memory.failsAt = memory.writes + writes + 1;
    memory.failsWhen = 'after';
    const artifact = bench.next(one);
    assert.equal(await isDone(ask(bench, artifact, one)), false);
    assert.match([...memory.files.keys()].join(), /epochs/);
    return isDone(ask(bench, artifact, one));
  },
);
