import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromHex, hex, utf8 } from '@coffer/base';
import {
  appendLeaf,
  decodeCheckpoint,
  decodeNote,
  decodePlexiMessage,
  decodeSignerKey,
  decodeVerifierKey,
  emptyFrontier,
  emptyTreeRoot,
  encodeNote,
  encodePlexiMessage,
  encodeSignerKey,
  encodeVerifierKey,
  frontierRoot,
  isNoteSignature,
  leafHash,
  type PlexiMessage,
  plexiKeyId,
  plexiKeyIdOfSeed,
  signatureOf,
  signNote,
  signPlexiMessage,
  verifyPlexiSignature,
} from '@coffer/transparency';
import { coded, vectors } from './files.js';

const published = vectors('transparency/published-notes.json');

test('signed-note: published notes open with their keys and no others', () => {
  for (const { keys, text, note } of published.notes) {
    const opened = decodeNote(utf8(note));
    assert.equal(opened.text, text);
    assert.equal(opened.signatures.length, keys.length);
    for (const vkey of keys) {
      const key = decodeVerifierKey(vkey);
      assert.equal(encodeVerifierKey(key), vkey);
      const line = signatureOf(opened, key);
      assert.ok(line && isNoteSignature(text, key, line));
      assert.ok(!isNoteSignature(`${text}\n`, key, line));
    }
    assert.equal(new TextDecoder().decode(encodeNote(opened)), note);
  }
});

test('signed-note: signing gives the published signature', () => {
  const { signerKey, text, note, keys } = published.notes[0];
  const signer = decodeSignerKey(signerKey);
  assert.equal(encodeSignerKey(signer), signerKey);
  assert.equal(encodeVerifierKey(signer), keys[0]);
  assert.equal(new TextDecoder().decode(encodeNote({ text, signatures: [signNote(text, signer)] })), note);
});

test('signed-note: keys that the reference refuses', () => {
  const isBad = (key: string, decode: (text: string) => unknown) => assert.throws(() => decode(key), coded('bad-key'));
  for (const key of published.badKeys) isBad(key, decodeVerifierKey);
  const vkey: string = published.notes[0].keys[0];
  for (let from = 0; from <= vkey.length; from++)
    for (let to = from; to <= vkey.length; to++)
      if (to - from < vkey.length) isBad(vkey.slice(from, to), decodeVerifierKey);
  for (const text of [vkey, published.notes[0].signerKey])
    for (let i = 0; i < text.length; i++) {
      const mangled = text.slice(0, i) + String.fromCharCode(text.charCodeAt(i) + 1) + text.slice(i + 1);
      isBad(mangled, text === vkey ? decodeVerifierKey : decodeSignerKey);
    }
});

test('tlog-checkpoint, tlog-cosignature: the example of the specification', () => {
  const { note, origin, size, cosignedSeconds } = published.checkpoint;
  const opened = decodeNote(utf8(note));
  const checkpoint = decodeCheckpoint(opened.text);
  assert.equal(checkpoint.origin, origin);
  assert.equal(checkpoint.size, size);
  const { signature } = opened.signatures[1]!;
  assert.equal(signature.length, 72);
  assert.equal(Number(Buffer.from(signature).readBigUInt64BE(0)), cosignedSeconds);
});

test('RFC 6962: published tree hashes', () => {
  const { leaves, roots, empty } = vectors('transparency/merkle.json');
  assert.equal(hex(emptyTreeRoot()), empty);
  assert.equal(hex(frontierRoot(emptyFrontier)), empty);
  let frontier = emptyFrontier;
  for (const [i, leaf] of leaves.entries()) {
    ({ frontier } = appendLeaf(frontier, leafHash(fromHex(leaf))));
    assert.equal(hex(frontierRoot(frontier)), roots[i]);
  }
});

test('Plexi: no two namespaces have one encoding', () => {
  const message = { suite: 1, namespace: '\ufffd', timestampMs: 0, epoch: 0, digest: new Uint8Array(32) } as const;
  assert.deepEqual(decodePlexiMessage(encodePlexiMessage(message)), message);
  assert.throws(() => encodePlexiMessage({ ...message, namespace: '\ud800' }), coded('bad-plexi'));
});

test('Plexi: published signatures of both suites, made and verified', () => {
  const { signatures } = vectors('plexi/signatures.json');
  assert.equal(signatures.length, 2);
  for (const vector of signatures) {
    const message: PlexiMessage = {
      suite: vector.ciphersuite,
      namespace: vector.namespace,
      timestampMs: vector.timestamp,
      epoch: vector.epoch,
      digest: fromHex(vector.digest),
    };
    const seed = fromHex(vector.signing_key);
    assert.equal(hex(signPlexiMessage(message, seed)), vector.signature);
    assert.equal(plexiKeyId(fromHex(vector.verifying_key)), vector.key_id);
    assert.equal(plexiKeyIdOfSeed(seed), vector.key_id);
    const bytes = encodePlexiMessage(message);
    verifyPlexiSignature(bytes, fromHex(vector.verifying_key), fromHex(vector.signature));
    if (message.suite === 1) assert.deepEqual(decodePlexiMessage(bytes), message);
    assert.throws(
      () => verifyPlexiSignature(bytes.subarray(1), fromHex(vector.verifying_key), fromHex(vector.signature)),
      coded('bad-auditor-signature'),
    );
  }
});
