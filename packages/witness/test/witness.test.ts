import assert from 'node:assert/strict';
import { test } from 'node:test';
import { utf8, utf8Text } from '@coffer/base';
import {
  addCheckpointBytesMax,
  decodeConflict,
  decodeSignatureLines,
  type NoteKey,
  noteKey,
  noteSigner,
  verifyCosignature,
} from '@coffer/transparency';
import { logsMax, Witness, WitnessError, type WitnessEvent, type WitnessOptions } from '@coffer/witness';
import { flipped, MemoryStore, origin, padded, seedOf, startMs, TestClock, TestLog, witnessKey } from './harness.js';

const log = new TestLog(20);
const fork = new TestLog(20, { forkAt: 3 });

function open(fields: Partial<WitnessOptions> = {}) {
  const store = new MemoryStore();
  const clock = new TestClock();
  const events: WitnessEvent[] = [];
  const onEvent = (event: WitnessEvent): void => void events.push(event);
  const options = { signer: witnessKey, logs: [log.signer], store, clock, onEvent, ...fields };
  return { witness: new Witness(options), store, clock, events };
}

function cosignedAt(body: Uint8Array, text: string): number {
  const [line, ...more] = decodeSignatureLines(body);
  assert.equal(more.length, 0);
  assert.ok(line);
  return verifyCosignature(text, witnessKey, line);
}

test('tlog-witness: every status of add-checkpoint', () => {
  const { witness, clock } = open();
  const ask = (body: Uint8Array) => witness.addCheckpoint(body);
  const unknown = ask(log.request(5, 9));
  assert.deepEqual([unknown.status, utf8Text(unknown.body)], [409, '0\n'], 'it has cosigned nothing yet');
  const first = ask(log.request(0, 5));
  assert.equal(first.status, 200);
  assert.equal(cosignedAt(first.body, log.text(5)), startMs / 1000);

  const late = ask(log.request(0, 9));
  assert.deepEqual([late.status, late.contentType, utf8Text(late.body)], [409, 'text/x.tlog.size', '5\n']);
  assert.equal(decodeConflict(late.body), 5);
  assert.equal(ask(log.request(5, 9)).status, 200);
  assert.equal(witness.latest(origin)?.size, 9);

  // The same checkpoint once more, an hour later: a fresh time for whoever asks how old it is.
  clock.ms += 3_600_000;
  const again = ask(log.request(9, 9));
  assert.equal(cosignedAt(again.body, log.text(9)), startMs / 1000 + 3_600);

  assert.equal(ask(log.request(9, 8)).status, 400, 'a smaller tree');
  assert.equal(ask(fork.request(9, 9)).status, 409, 'another tree of that size');
  assert.equal(ask(fork.request(9, 12)).status, 422, 'a tree that does not go on');
  const stranger = new TestLog(20, { key: 'stranger' });
  assert.equal(ask(stranger.request(9, 12)).status, 403, 'a key that is not the log’s');
  assert.equal(ask(new TestLog(5, { name: 'other.example' }).request(0, 5)).status, 404, 'another log');
  for (const body of [utf8(''), utf8('old 9\n'), log.request(9, 12).slice(0, -1)]) assert.equal(ask(body).status, 400);
  assert.equal(witness.latest(origin)?.size, 9, 'what was refused changed nothing');
  assert.equal(ask(log.request(9, 20)).status, 200);
});

test('it is persisted before it is signed, and not again for the same checkpoint', () => {
  const { witness, store } = open();
  witness.addCheckpoint(log.request(0, 5));
  assert.ok(utf8Text(store.read(origin) as Uint8Array).includes(log.text(5)));
  assert.equal(store.writes, 1);
  witness.addCheckpoint(log.request(5, 5));
  assert.equal(store.writes, 1);
  store.failsAt = 2;
  assert.throws(() => witness.addCheckpoint(log.request(5, 9)), { code: 'halted' });
  // Whether the write happened is not known any more, so nothing is signed, not even what was signed before.
  assert.throws(() => witness.addCheckpoint(log.request(5, 5)), { code: 'halted' });
});

test('a log that shows another history is reported with both notes; a wrong guess of a size is not', () => {
  const { witness, events } = open();
  witness.addCheckpoint(log.request(0, 9));
  witness.addCheckpoint(log.request(5, 12));
  assert.deepEqual(
    events.map(({ type }) => type),
    ['cosigned', 'refused'],
  );
  witness.addCheckpoint(fork.request(9, 12));
  witness.addCheckpoint(fork.request(9, 9));
  const conflicts = events.flatMap((event) => (event.type === 'conflict' ? [event] : []));
  assert.deepEqual(
    conflicts.map(({ held, shown, isProof }) => [held, shown, isProof]),
    [
      [log.note(9), fork.note(12), false],
      [log.note(9), fork.note(9), true],
    ],
  );
});

test('every flipped bit of the state is noticed at the start', () => {
  const { witness, store } = open();
  witness.addCheckpoint(log.request(0, 5));
  const stored = store.read(origin) as Uint8Array;
  for (let at = 0; at < stored.length; at++) {
    store.files.set(origin, flipped(stored, at));
    assert.throws(() => open({ store }), { code: 'state-damaged' }, `byte ${at}`);
  }
  store.files.set(origin, stored.slice(0, -1));
  assert.throws(() => open({ store }), { code: 'state-damaged' });
  // The state of one log under the name of another one.
  const other = noteKey('other.example', 'log', log.signer.key);
  store.files.clear();
  store.files.set(other.name, stored);
  assert.throws(() => open({ store, logs: [other] }), { code: 'state-damaged' });
  store.files.clear();
  store.files.set(origin, stored);
  assert.equal(open({ store }).witness.latest(origin)?.size, 5);
});

test('configuration: keys of their use, each once, within the limit', () => {
  const keys = (count: number): NoteKey[] =>
    Array.from({ length: count }, (_, i) => noteSigner(`log.example/${i}`, 'log', seedOf(`log ${i}`)));
  const bad: Partial<WitnessOptions>[] = [
    { logs: [] },
    { logs: [log.signer, log.signer] },
    { logs: [witnessKey] },
    { signer: log.signer, logs: keys(1) },
    { logs: [noteKey(origin, 'log', witnessKey.key)] },
    { logs: keys(logsMax + 1) },
  ];
  for (const fields of bad)
    assert.throws(
      () => open(fields),
      (error) => error instanceof WitnessError && error.code === 'bad-config',
    );
  open({ logs: keys(logsMax) });
});

test('a log that changes its key is listed with both', () => {
  const next = new TestLog(20, { key: 'next' });
  const { witness } = open({ logs: [log.signer, next.signer] });
  assert.equal(witness.addCheckpoint(log.request(0, 5)).status, 200);
  assert.equal(witness.addCheckpoint(next.request(5, 9)).status, 200);
});

test('a body at its limit is read, one byte more is not', () => {
  const { witness } = open();
  assert.equal(witness.addCheckpoint(padded(utf8('old 0\n'), addCheckpointBytesMax)).status, 400);
  assert.equal(witness.addCheckpoint(padded(log.request(0, 5), addCheckpointBytesMax + 1)).status, 400);
});
