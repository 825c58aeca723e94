import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AuditorEvent, HttpWitnesses, witnessAnswerBytesMax, witnessTriesMax } from '@coffer/auditor';
import { utf8 } from '@coffer/base';
import {
  appendLeaf,
  cosignCheckpoint,
  emptyFrontier,
  encodeCheckpoint,
  encodeConflict,
  encodeNote,
  encodeSignatureLines,
  frontierRoot,
  leafHash,
  type NoteSignature,
  noteSigner,
  proveConsistency,
  signNote,
  treeRoot,
} from '@coffer/transparency';
import { FakeWitnesses, origin, seedOf, TestTime, trustRootOf } from './harness.js';

const { policy } = trustRootOf();
const log = noteSigner(origin, 'log', seedOf('log'));

/** A log of that many leaves, to be cosigned. */
function requestOf(size: number) {
  const nodes = new Map<string, Uint8Array>();
  let frontier = emptyFrontier;
  for (let i = 0; i < size; i++) {
    const { frontier: next, completed } = appendLeaf(frontier, leafHash(utf8(`${i}`)));
    for (const { level, index, hash } of completed) nodes.set(`${level}/${index}`, hash);
    frontier = next;
  }
  const read = ({ level, index }: { level: number; index: number }) => nodes.get(`${level}/${index}`)!;
  const text = encodeCheckpoint({ origin, size, root: frontierRoot(frontier) });
  assert.deepEqual(treeRoot(size, read), frontierRoot(frontier));
  const checkpoint = encodeNote({ text, signatures: [signNote(text, log)] });
  return { policy, checkpoint, text, size, prove: (old: number) => proveConsistency(old, size, read) };
}

type Behaviour = (body: Uint8Array, signal: AbortSignal, calls: number) => Response | Promise<Response>;

/** Witnesses behind a fetch of the tests, by the first label of their host. */
function setUp(odd: Readonly<Record<string, Behaviour>> = {}) {
  const time = new TestTime();
  const fake = new FakeWitnesses(time);
  const events: AuditorEvent[] = [];
  const calls = new Map<string, number>();
  const witnesses = new HttpWitnesses({
    clock: time,
    timers: time,
    onEvent: (event) => events.push(event),
    fetch: async (input, init) => {
      const { hostname, pathname } = new URL(input as string);
      assert.equal(pathname, '/add-checkpoint');
      assert.equal(init?.redirect, 'error');
      const name = hostname.split('.')[0]!;
      calls.set(name, (calls.get(name) ?? 0) + 1);
      const body = new Uint8Array(init?.body as ArrayBuffer);
      return odd[name]?.(body, init?.signal as AbortSignal, calls.get(name)!) ?? honest(fake, name, body);
    },
  });
  return { time, fake, witnesses, events, calls };
}

function honest(fake: FakeWitnesses, name: string, body: Uint8Array): Response {
  const answer = fake.answer(`witness.example/${name}`, body, policy.logs);
  if (answer.status === 409) return new Response(encodeConflict(answer.size).slice(), { status: 409 });
  if (answer.status !== 200) return new Response('', { status: answer.status });
  return new Response(encodeSignatureLines([lineOf(name, answer.text)]).slice());
}

const lineOf = (name: string, text: string, timeSeconds = 1_800_000_000): NoteSignature =>
  cosignCheckpoint(text, noteSigner(`witness.example/${name}`, 'witness', seedOf(name)), timeSeconds);

const names = (lines: readonly NoteSignature[]): string[] => lines.map(({ name }) => name.split('/')[1]!).sort();
/** Lets everything that is not waiting for a timer go on. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

test('all witnesses cosign; the next checkpoint goes from where each was', async () => {
  const { witnesses, events, calls } = setUp();
  assert.deepEqual(names(await witnesses.cosign(requestOf(3))), ['w1', 'w2', 'w3']);
  assert.deepEqual(names(await witnesses.cosign(requestOf(9))), ['w1', 'w2', 'w3']);
  assert.deepEqual(names(await witnesses.cosign(requestOf(9))), ['w1', 'w2', 'w3']);
  assert.deepEqual([events, calls.get('w1')], [[], 3]);
});

test('a witness that names another size is asked again from there', async () => {
  const { fake, witnesses, calls } = setUp();
  const early = requestOf(5);
  await new HttpWitnesses({
    clock: new TestTime(),
    timers: new TestTime(),
    fetch: async (input, init) =>
      honest(fake, new URL(input as string).hostname.split('.')[0]!, new Uint8Array(init?.body as ArrayBuffer)),
  }).cosign(early);
  assert.deepEqual(names(await witnesses.cosign(requestOf(12))), ['w1', 'w2', 'w3']);
  assert.equal(calls.get('w1'), 2);
});

test('whatever one witness does, the others count', async () => {
  const cases: readonly [why: string, Behaviour][] = [
    ['unreachable', () => Promise.reject(new TypeError('refused'))],
    ['unreachable', () => new Response(new Uint8Array(witnessAnswerBytesMax + 1))],
    ['status', () => new Response('', { status: 500 })],
    ['status', () => new Response('', { status: 422 })],
    ['bad-answer', () => new Response('')],
    ['bad-answer', () => new Response('— w1 AAAA\n')],
    ['bad-answer', () => new Response('9 9\n', { status: 409 })],
    ['ahead', () => new Response('99\n', { status: 409 })],
    ['conflict', () => new Response('0\n', { status: 409 })],
    ['conflict', (_, __, calls) => new Response(`${1 + (calls % 2)}\n`, { status: 409 })],
    // Signs something else, signs in another's name, signs tomorrow.
    ['bad-answer', () => new Response(encodeSignatureLines([lineOf('w1', 'else\n')]).slice())],
    ['bad-answer', () => new Response(encodeSignatureLines([lineOf('w2', requestOf(3).text)]).slice())],
    ['bad-answer', () => new Response(encodeSignatureLines([lineOf('w1', requestOf(3).text, 1_800_086_400)]).slice())],
  ];
  for (const [why, behaviour] of cases) {
    const { witnesses, events, calls } = setUp({ w1: behaviour });
    assert.deepEqual(names(await witnesses.cosign(requestOf(3))), ['w2', 'w3'], why);
    assert.deepEqual(events, [{ type: 'witness-failed', witness: 'w1', why }]);
    assert.ok(calls.get('w1')! <= witnessTriesMax);
  }
});

test('a slow witness is not waited for longer than the grace after a quorum, and is asked no further', async () => {
  let aborted = false;
  const slow: Behaviour = (_, signal) =>
    new Promise((_, reject) => {
      signal.addEventListener('abort', () => {
        aborted = true;
        reject(signal.reason);
      });
    });
  const { time, witnesses, events } = setUp({ w1: slow });
  let lines: readonly NoteSignature[] | undefined;
  const asked = witnesses.cosign(requestOf(3)).then((found) => {
    lines = found;
  });
  await settle();
  time.pass(999);
  await settle();
  assert.equal(lines, undefined);
  time.pass(1);
  await asked;
  await settle();
  assert.deepEqual([names(lines!), aborted], [['w2', 'w3'], true]);
  assert.deepEqual(events, [{ type: 'witness-failed', witness: 'w1', why: 'timeout' }]);
  assert.equal(time.waiting.size, 0);
});

test('without a quorum the time ends it, with whatever there is', async () => {
  const never: Behaviour = () => new Promise(() => undefined);
  const { time, witnesses } = setUp({ w1: never, w2: never });
  const asked = witnesses.cosign(requestOf(3));
  await settle();
  time.pass(9_999);
  await settle();
  time.pass(1);
  assert.deepEqual(names(await asked), ['w3']);
});

test('a witness without an address is not asked', async () => {
  const { witnesses, events } = setUp();
  const request = requestOf(2);
  const without = policy.witnesses.map(({ name, key }) => ({ name, key }));
  assert.deepEqual(await witnesses.cosign({ ...request, policy: { ...policy, witnesses: without } }), []);
  assert.deepEqual(
    events.map((event) => 'why' in event && event.why),
    ['no-url', 'no-url', 'no-url'],
  );
});
