import assert from 'node:assert/strict';
import { test } from 'node:test';
import { concat, utf8, utf8Text } from '@coffer/base';
import {
  addCheckpointBytesMax,
  type Checkpoint,
  cosignatureSecondsMax,
  cosignCheckpoint,
  decodeAddCheckpoint,
  decodeCheckpoint,
  decodeConflict,
  decodeNote,
  decodePolicy,
  decodeProofFile,
  decodeSignatureLines,
  emptyTreeRoot,
  encodeAddCheckpoint,
  encodeCheckpoint,
  encodeConflict,
  encodeNote,
  encodePolicy,
  encodeProofFile,
  encodeSignatureLines,
  encodeVerifierKey,
  isKeyName,
  keyNameBytesMax,
  noteBytesMax,
  noteKey,
  noteSignaturesMax,
  noteSigner,
  openCheckpoint,
  policyBytesMax,
  policyLinesMax,
  proofExtraBytesMax,
  proofHashesMax,
  proveConsistency,
  pruneCheckpoint,
  quorumNewest,
  quorumOldest,
  signNote,
  stepWitness,
  treeSizeMax,
  verifyCosignature,
} from '@coffer/transparency';
import fc from 'fast-check';
import { coded, vectors } from './files.js';
import { seedOf, startMs, threeEpochs, withLine } from './world.js';

const world = threeEpochs();
const { policy } = world.trustRoot();
const hash = new Uint8Array(32).fill(9);

const decoders: Record<string, (bytes: Uint8Array) => unknown> = {
  note: decodeNote,
  checkpoint: (bytes) => decodeCheckpoint(utf8Text(bytes)),
  policy: decodePolicy,
  'proof-file': decodeProofFile,
  'add-checkpoint': decodeAddCheckpoint,
};

test('forms: valid and invalid inputs of every C2SP format', () => {
  const { forms } = vectors('transparency/forms.json');
  assert.ok(forms.length > 60);
  for (const { form, name, text, code } of forms) {
    const decode = decoders[form] ?? assert.fail(form);
    if (code === null) assert.doesNotThrow(() => decode(utf8(text)), name);
    else assert.throws(() => decode(utf8(text)), coded(code), name);
  }
});

test('signed-note: what is signed is written and read again byte for byte', () => {
  const texts = fc.string({ unit: 'grapheme', maxLength: 20 }).filter((text) => !/\p{Cc}/u.test(text));
  fc.assert(
    fc.property(fc.array(texts, { minLength: 1, maxLength: 5 }), (lines) => {
      const text = `${lines.join('\n')}\n`;
      const bytes = encodeNote({ text, signatures: [signNote(text, world.log)] });
      assert.equal(decodeNote(bytes).text, text);
      assert.deepEqual(encodeNote(decodeNote(bytes)), bytes);
    }),
  );
});

test('signed-note: limits at their edges', () => {
  const line = signNote('x\n', world.log);
  const many = (count: number) => ({ text: 'x\n', signatures: Array.from({ length: count }, () => line) });
  assert.equal(decodeNote(encodeNote(many(noteSignaturesMax))).signatures.length, noteSignaturesMax);
  assert.throws(() => encodeNote(many(noteSignaturesMax + 1)), coded('bad-note'));
  assert.throws(() => encodeNote(many(0)), coded('bad-note'));
  const whole = encodeNote(many(noteSignaturesMax));
  assert.throws(() => decodeNote(withLine(whole, '— a AAAAAAA=\n')), coded('bad-note'));
  const room = noteBytesMax - encodeNote({ text: 'x\n', signatures: [line] }).length;
  const filled = encodeNote({ text: `${'y'.repeat(room + 1)}\n`, signatures: [line] });
  assert.equal(filled.length, noteBytesMax);
  decodeNote(filled);
  assert.throws(() => decodeNote(concat(utf8('y'), filled)), coded('bad-note'));
  assert.throws(() => encodeNote({ text: `${'y'.repeat(room + 2)}\n`, signatures: [line] }), coded('bad-note'));
  assert.ok(isKeyName('é'.repeat(127)));
  assert.ok(!isKeyName('a'.repeat(keyNameBytesMax + 1)) && isKeyName('a'.repeat(keyNameBytesMax)));
  for (const good of ['a\u007fb', 'a\u0080b', '\ufeffa']) assert.ok(isKeyName(good), good);
  for (const bad of ['', 'a b', 'a+b', 'a\u0001b', 'a\u00a0b', 'a\u2003b', 'a\nb', 'a\u0085b', '\ud800'])
    assert.ok(!isKeyName(bad), bad);
  assert.throws(() => noteKey('a b', 'log', hash), coded('bad-key'));
  assert.throws(() => noteKey('a', 'log', hash.subarray(1)), coded('bad-key'));
  assert.throws(() => noteSigner('a', 'log', hash.subarray(1)), coded('bad-key'));
  assert.throws(() => decodeNote(Uint8Array.of(0xff, 0x0a)), coded('bad-note'));
});

test('a line of an unknown key is ignored, whatever signed-note allows as its name', () => {
  const note = withLine(world.checkpoint(3, [startMs, startMs]), '— \u007fx\u0080 AAAAAAA=\n');
  assert.equal(openCheckpoint(note, policy).cosignedMs.size, 2);
});

test('every witness of the largest policy has room on a checkpoint', () => {
  const text = world.checkpointText();
  const signers = Array.from({ length: policyLinesMax }, (_, i) => noteSigner(`w${i}`, 'witness', seedOf(`w${i}`)));
  const witnesses = signers.map(({ name, use, key }) => ({ name, key: noteKey(name, use, key) }));
  const lines = signers.map((signer) => cosignCheckpoint(text, signer, 1));
  const note = encodeNote({ text, signatures: [signNote(text, world.log), ...lines] });
  assert.equal(openCheckpoint(note, { logs: policy.logs, witnesses }).cosignedMs.size, policyLinesMax);
});

test('tlog-checkpoint: sizes at their edges', () => {
  for (const size of [0, 1, treeSizeMax])
    assert.deepEqual(decodeCheckpoint(encodeCheckpoint({ origin: 'a', size, root: hash })).size, size);
  for (const size of [-1, 0.5, treeSizeMax + 1])
    assert.throws(() => encodeCheckpoint({ origin: 'a', size, root: hash }), coded('bad-checkpoint'));
  assert.throws(() => encodeCheckpoint({ origin: 'a b', size: 0, root: hash }), coded('bad-checkpoint'));
  assert.throws(() => encodeCheckpoint({ origin: 'a', size: 0, root: hash.subarray(1) }), coded('bad-checkpoint'));
});

test('tlog-cosignature: a time is signed with the checkpoint', () => {
  const text = world.checkpointText();
  const [witness, other] = world.witnesses as [never, never];
  for (const seconds of [0, 1, 1_800_000_000, cosignatureSecondsMax]) {
    const line = cosignCheckpoint(text, witness, seconds);
    assert.equal(verifyCosignature(text, witness, line), seconds);
    assert.throws(() => verifyCosignature(text, other, line), coded('bad-cosignature'));
    assert.throws(() => verifyCosignature(world.checkpointText(2), witness, line), coded('bad-cosignature'));
    for (let bit = 0; bit < 72 * 8; bit += 7) {
      const signature = line.signature.slice();
      signature[bit >> 3]! ^= 1 << (bit & 7);
      assert.throws(() => verifyCosignature(text, witness, { ...line, signature }), coded('bad-cosignature'));
    }
  }
  for (const seconds of [-1, 0.5, cosignatureSecondsMax + 1])
    assert.throws(() => cosignCheckpoint(text, witness, seconds), coded('bad-cosignature'));
  assert.throws(() => cosignCheckpoint(text, world.log, 1), coded('bad-key'));
  const line = cosignCheckpoint(text, witness, 1);
  assert.throws(() => verifyCosignature(text, world.log, line), coded('bad-cosignature'));
  const short = { ...line, signature: line.signature.slice(1) };
  assert.throws(() => verifyCosignature(text, witness, short), coded('bad-cosignature'));
});

test('a checkpoint: unknown lines are ignored, known ones that fail are not, a second line of a key is not read', () => {
  const note = world.checkpoint(3, [startMs, startMs + 1000]);
  const opened = openCheckpoint(note, policy);
  assert.equal(opened.checkpoint.size, 3);
  assert.deepEqual(
    [...opened.cosignedMs],
    [
      ['w1', startMs],
      ['w2', startMs + 1000],
    ],
  );
  const stranger = cosignCheckpoint(world.checkpointText(), noteSigner('x.example', 'witness', seedOf('x')), 5);
  const more = concat(note, encodeSignatureLines([stranger]));
  assert.deepEqual(openCheckpoint(more, policy).cosignedMs, opened.cosignedMs);
  assert.deepEqual(pruneCheckpoint(more, policy), note);
  const again = cosignCheckpoint(world.checkpointText(), world.witnesses[0]!, 5);
  const twice = concat(note, encodeSignatureLines([again]));
  assert.deepEqual(openCheckpoint(twice, policy).cosignedMs, opened.cosignedMs);
  assert.deepEqual(pruneCheckpoint(twice, policy), note);
  const wrong = { ...again, signature: again.signature.slice().fill(1, 0, 8) };
  const [log] = decodeNote(note).signatures;
  const { text } = decodeNote(note);
  assert.throws(
    () => openCheckpoint(encodeNote({ text, signatures: [log!, wrong] }), policy),
    coded('bad-cosignature'),
  );
  assert.throws(() => openCheckpoint(encodeNote({ text, signatures: [again] }), policy), coded('bad-log-signature'));
  const broken = { ...log!, signature: log!.signature.slice().reverse() };
  assert.throws(() => openCheckpoint(encodeNote({ text, signatures: [broken] }), policy), coded('bad-log-signature'));
});

test('tlog-policy: what is written is read again, in one spelling', () => {
  const text = encodePolicy(policy);
  assert.deepEqual(decodePolicy(utf8(text)), policy);
  const spaced = text.replaceAll(' ', ' \t ').replace('group two-of-three 2', '\n # comment\n\t group two-of-three 2');
  assert.deepEqual(decodePolicy(utf8(` ${spaced}`)), policy);
  const url = { ...policy, logs: policy.logs.map(({ key }) => ({ key, url: 'https://log.example/' })) };
  assert.deepEqual(decodePolicy(utf8(encodePolicy(url))), url);
  assert.throws(() => encodePolicy({ ...policy, quorum: 'nobody' }), coded('bad-policy'));
});

test('tlog-policy: limits at their edges', () => {
  const witness = (i: number) => noteKey('w.example', 'witness', new Uint8Array(32).fill(i + 1));
  const lines = (count: number) =>
    `${Array.from({ length: count }, (_, i) => `witness w${i} ${encodeVerifierKey(witness(i))}\n`).join('')}quorum w0\n`;
  assert.equal(decodePolicy(utf8(lines(policyLinesMax))).witnesses.length, policyLinesMax);
  assert.throws(() => decodePolicy(utf8(lines(policyLinesMax + 1))), coded('bad-policy'));
  const padded = (length: number) => utf8(`${lines(1)}#`.padEnd(length - 1, ' ').concat('\n'));
  decodePolicy(padded(policyBytesMax));
  assert.throws(() => decodePolicy(padded(policyBytesMax + 1)), coded('bad-policy'));
  assert.throws(() => decodePolicy(Uint8Array.of(0xff, 0x0a)), coded('bad-policy'));
});

test('quorum times: the k-th newest and the k-th oldest, through groups of groups', () => {
  const key = (i: number) => noteKey('w.example', 'witness', new Uint8Array(32).fill(i));
  const nested = {
    logs: [],
    witnesses: [1, 2, 3, 4, 5].map((i) => ({ name: `w${i}`, key: key(i) })),
    groups: [
      { name: 'x', threshold: 2, members: ['w1', 'w2', 'w3'] },
      { name: 'y', threshold: 1, members: ['w4', 'w5'] },
      { name: 'xy', threshold: 2, members: ['x', 'y'] },
    ],
    quorum: 'xy',
  };
  decodePolicy(utf8(encodePolicy(nested)));
  const times = new Map(Object.entries({ w1: 10, w2: 20, w3: 30, w4: 5, w5: 100 }));
  assert.equal(quorumNewest(nested, times), 20);
  assert.equal(quorumOldest(nested, times), 20);
  times.set('w4', 50);
  assert.equal(quorumOldest(nested, times), 50);
  assert.equal(
    quorumNewest(
      nested,
      new Map([
        ['w1', 1],
        ['w4', 1],
      ]),
    ),
    undefined,
  );
  assert.equal(quorumNewest({ ...nested, quorum: 'none' }, times), undefined);
  assert.equal(quorumNewest({ ...nested, quorum: 'w3' }, times), 30);
  assert.equal(quorumNewest(nested, new Map([...times, ['stranger', 1e9]])), 20);
  // Against the definition: the latest t such that those at or after t are a quorum; the earliest likewise.
  const isQuorum = (names: Set<string>): boolean =>
    ['w1', 'w2', 'w3'].filter((name) => names.has(name)).length >= 2 && (names.has('w4') || names.has('w5'));
  fc.assert(
    fc.property(fc.array(fc.option(fc.nat(20)), { minLength: 5, maxLength: 5 }), (drawn) => {
      const drawnTimes = new Map(drawn.flatMap((time, i) => (time === null ? [] : [[`w${i + 1}`, time] as const])));
      const named = (is: (time: number) => boolean) =>
        new Set([...drawnTimes].filter(([, time]) => is(time)).map(([name]) => name));
      const all = [...Array(21).keys()];
      assert.equal(
        quorumNewest(nested, drawnTimes),
        all.findLast((t) => isQuorum(named((time) => time >= t))),
      );
      assert.equal(
        quorumOldest(nested, drawnTimes),
        all.find((t) => isQuorum(named((time) => time <= t))),
      );
    }),
  );
});

test('tlog-proof: files with and without extra data, at their limits', () => {
  const checkpoint = world.checkpoint(3, [startMs]);
  for (const hashes of [[], [hash], Array.from({ length: proofHashesMax }, () => hash)]) {
    const file = { index: treeSizeMax, hashes, checkpoint };
    assert.deepEqual(decodeProofFile(encodeProofFile(file)), file);
    const extra = { ...file, extra: new Uint8Array(proofExtraBytesMax).fill(3) };
    assert.deepEqual(decodeProofFile(encodeProofFile(extra)), extra);
  }
  const file = { index: 0, hashes: [], checkpoint };
  const over = { ...file, hashes: Array.from({ length: proofHashesMax + 1 }, () => hash) };
  assert.throws(() => encodeProofFile(over), coded('bad-proof-file'));
  assert.throws(() => encodeProofFile({ ...file, index: treeSizeMax + 1 }), coded('bad-proof-file'));
  const extra = new Uint8Array(proofExtraBytesMax + 1);
  assert.throws(() => encodeProofFile({ ...file, extra }), coded('bad-proof-file'));
});

test('tlog-witness: add-checkpoint bodies at their limits', () => {
  const checkpoint = world.checkpoint(3, [startMs]);
  const hashes = Array.from({ length: proofHashesMax }, () => hash);
  for (const request of [
    { oldSize: 0, hashes: [], checkpoint },
    { oldSize: treeSizeMax, hashes, checkpoint },
  ])
    assert.deepEqual(decodeAddCheckpoint(encodeAddCheckpoint(request)), request);
  assert.throws(() => encodeAddCheckpoint({ oldSize: 0, hashes: [...hashes, hash], checkpoint }), coded('bad-request'));
  assert.throws(() => encodeAddCheckpoint({ oldSize: -1, hashes, checkpoint }), coded('bad-request'));
  assert.throws(() => decodeAddCheckpoint(new Uint8Array(addCheckpointBytesMax + 1)), coded('bad-request'));
  assert.throws(() => decodeAddCheckpoint(Uint8Array.of(0xff)), coded('bad-request'));
  assert.equal(decodeConflict(encodeConflict(17)), 17);
  for (const bad of ['17', '017\n', '\n', '1\n\n', ''])
    assert.throws(() => decodeConflict(utf8(bad)), coded('bad-request'));
  const lines = [cosignCheckpoint(world.checkpointText(), world.witnesses[0]!, 1)];
  assert.deepEqual(decodeSignatureLines(encodeSignatureLines(lines)), lines);
  assert.throws(() => decodeSignatureLines(new Uint8Array(0)), coded('bad-note'));
});

test('tlog-witness: every answer of the specification', () => {
  const logs = policy.logs;
  const ask = (oldSize: number, size: number, latest?: Checkpoint, hashes?: readonly Uint8Array[], note?: Uint8Array) =>
    stepWitness(
      encodeAddCheckpoint({
        oldSize,
        hashes: hashes ?? proveConsistency(Math.min(oldSize, size), size, world.read),
        checkpoint: note ?? world.checkpoint(size, []),
      }),
      logs,
      (name) => (name === world.origin ? latest : undefined),
    );
  const at = (size: number): Checkpoint => ({ origin: world.origin, size, root: world.root(size) });
  const first = ask(0, 2);
  assert.deepEqual(first, { status: 200, latest: at(2), text: world.checkpointText(2) });
  assert.deepEqual(ask(2, 3, at(2)), { status: 200, latest: at(3), text: world.checkpointText(3) });
  assert.deepEqual(ask(3, 3, at(3)), { status: 200, latest: at(3), text: world.checkpointText(3) });
  assert.deepEqual(ask(0, 3, at(2)), { status: 409, size: 2 });
  assert.deepEqual(ask(2, 3), { status: 409, size: 0 });
  assert.deepEqual(ask(3, 3, { ...at(3), root: hash }, []), { status: 409, size: 3 });
  assert.deepEqual(ask(3, 2, at(3), []), { status: 400 });
  assert.deepEqual(ask(2, 3, at(2), []), { status: 422 });
  assert.deepEqual(ask(0, 3, undefined, [hash]), { status: 422 });
  const strange = threeEpochs({ origin: 'x.example' });
  assert.deepEqual(ask(0, 3, undefined, [], strange.checkpoint(3, [])), { status: 404 });
  const text = world.checkpointText();
  const forged = encodeNote({ text, signatures: [signNote(text, noteSigner(world.origin, 'log', seedOf('thief')))] });
  assert.deepEqual(ask(0, 3, undefined, [], forged), { status: 403 });
  assert.deepEqual(
    stepWitness(utf8('old 0\n'), logs, () => undefined),
    { status: 400 },
  );
  const empty = encodeCheckpoint({ origin: world.origin, size: 0, root: hash });
  const wrongEmpty = encodeNote({ text: empty, signatures: [signNote(empty, world.log)] });
  assert.deepEqual(ask(0, 0, undefined, [], wrongEmpty), { status: 422 });
  const none = encodeCheckpoint({ origin: world.origin, size: 0, root: emptyTreeRoot() });
  const rightEmpty = encodeNote({ text: none, signatures: [signNote(none, world.log)] });
  assert.equal(ask(0, 0, undefined, [], rightEmpty).status, 200);
});
