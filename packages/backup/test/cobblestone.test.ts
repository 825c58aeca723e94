import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { inflateSync } from 'node:zlib';
import {
  BackupError,
  type BackupErrorCode,
  ciphertextBytes,
  decryptStream,
  deriveStream,
  encryptStream,
  openSegment,
  openStream,
  plaintextBytes,
  type SegmentCipher,
  saltBytes,
  sealedSegmentBytes,
  sealSegment,
  segmentBytes,
  segmentCipher,
  segmentOffset,
  segmentsMax,
  streamHeaderBytes,
} from '@coffer/backup';
import { concat, fromHex, hex } from '@coffer/base';
import { sha512 } from '@coffer/crypto';
import fc from 'fast-check';
import { bytesOf, chunked, coded, seeded } from './helpers.js';

interface Vector {
  readonly tcId: number;
  readonly comment: string;
  readonly key: string;
  readonly ctx: string;
  readonly ct?: string;
  readonly ctBytes?: number;
  readonly zeroBody?: boolean;
  readonly header?: string;
  readonly aeadKey?: string;
  readonly baseNonce?: string;
  readonly msgLength?: number;
  readonly msgSha512?: string;
  readonly result: 'valid' | 'invalid';
  readonly flags: readonly string[];
}

const url = new URL('../../../vectors/chunked-encryption/cobblestone-256.json', import.meta.url);
const vectors = (JSON.parse(readFileSync(url, 'utf8')) as { tests: Vector[] }).tests;

/** What each invalid vector is refused with. */
const refusals: Readonly<Record<number, BackupErrorCode>> = {
  11: 'damaged',
  12: 'damaged',
  13: 'damaged',
  14: 'damaged',
  15: 'damaged',
  16: 'truncated',
  17: 'truncated',
  18: 'damaged',
  19: 'truncated',
  20: 'truncated',
  21: 'swapped',
  22: 'swapped',
  23: 'bad-argument',
  24: 'bad-argument',
  25: 'swapped',
  26: 'swapped',
  27: 'truncated',
  28: 'truncated',
  29: 'truncated',
  30: 'truncated',
  31: 'truncated',
  32: 'damaged',
  33: 'damaged',
  34: 'damaged',
  35: 'damaged',
};

/** The ciphertext; of the two large vectors, the zeros that their bodies consist of, with the tags that belong there. */
async function ciphertextOf(vector: Vector): Promise<Uint8Array> {
  if (vector.ct !== undefined) {
    const bytes = new Uint8Array(inflateSync(fromHex(vector.ct)));
    assert.equal(bytes.length, vector.ctBytes);
    return bytes;
  }
  assert.equal(vector.zeroBody, true);
  const header = fromHex(vector.header as string);
  const cipher = segmentCipher(fromHex(vector.aeadKey as string));
  const stream = { header, baseNonce: fromHex(vector.baseNonce as string), cipher };
  const parts = [header];
  for (let index = 0, left = vector.msgLength as number; left >= 0; index++, left -= segmentBytes) {
    const zeros = new Uint8Array(Math.min(left, segmentBytes));
    // Sealing zeros gives the key stream; sealing the key stream gives zeros.
    const keyStream = (await sealSegment(stream, index, zeros)).subarray(0, zeros.length);
    parts.push(await sealSegment(stream, index, keyStream));
  }
  return concat(...parts);
}

async function readRandomly(key: Uint8Array, context: Uint8Array, ciphertext: Uint8Array): Promise<Uint8Array> {
  const stream = openStream(key, context, ciphertext.subarray(0, streamHeaderBytes));
  const length = plaintextBytes(ciphertext.length);
  const segments = Math.floor(length / segmentBytes) + 1;
  const parts: Uint8Array[] = [];
  for (let index = segments - 1; index >= 0; index--) {
    const sealed = ciphertext.subarray(segmentOffset(index), segmentOffset(index) + sealedSegmentBytes);
    const segment = await openSegment(stream, index, sealed);
    if (segment === undefined) throw new BackupError('damaged', 'does not open');
    parts.unshift(segment);
  }
  assert.equal(ciphertextBytes(length), ciphertext.length);
  return concat(...parts);
}

test('C2SP chunked-encryption: there are 35 vectors, each with its outcome', () => {
  assert.equal(vectors.length, 35);
  assert.deepEqual(
    vectors.filter((vector) => vector.result === 'invalid').map((vector) => String(vector.tcId)),
    Object.keys(refusals),
  );
});

for (const vector of vectors) {
  test(`C2SP chunked-encryption ${vector.tcId}: ${vector.comment}`, async () => {
    const key = fromHex(vector.key);
    const context = fromHex(vector.ctx);
    const ciphertext = await ciphertextOf(vector);
    const isLarge = ciphertext.length > 1_000_000;
    const ways: readonly [string, () => Promise<Uint8Array>][] = [
      ['whole', () => bytesOf(decryptStream(key, context, chunked(ciphertext, ciphertext.length)))],
      ['streamed', () => bytesOf(decryptStream(key, context, chunked(ciphertext, 1, 4001, 16_399, 33_000, 55)))],
      ['byte by byte', () => bytesOf(decryptStream(key, context, chunked(ciphertext, isLarge ? 997 : 1)))],
      ['random access', () => readRandomly(key, context, ciphertext)],
    ];
    if (!vector.flags.includes('HeaderFailure')) {
      const derived = deriveStream(key, ciphertext.slice(0, saltBytes), context);
      assert.equal(hex(derived.key), vector.aeadKey);
      assert.equal(hex(derived.baseNonce), vector.baseNonce);
    }
    for (const [way, decrypt] of ways) {
      if (vector.result === 'invalid') {
        // Read backwards, another fault may be met first, or a missing last segment by arithmetic alone.
        const code = refusals[vector.tcId] as BackupErrorCode;
        await assert.rejects(decrypt(), way === 'random access' ? BackupError : coded(code), way);
        continue;
      }
      const message = await decrypt();
      assert.equal(message.length, vector.msgLength, way);
      assert.equal(hex(sha512(message)), vector.msgSha512, way);
      const salt = ciphertext.slice(0, saltBytes);
      const entropy = { bytes: (length: number) => salt.slice(0, length) };
      for (const sizes of [[message.length + 1], [1, 16_384, 5000]]) {
        assert.deepEqual(await bytesOf(encryptStream(key, context, chunked(message, ...sizes), entropy)), ciphertext);
      }
    }
  });
}

test('what comes out before an error is the longest valid prefix and never more', async () => {
  for (const vector of vectors.filter((each) => each.flags.includes('PartialPlaintext'))) {
    const out: Uint8Array[] = [];
    await assert.rejects(async () => {
      const ciphertext = chunked(await ciphertextOf(vector), 5000);
      for await (const part of decryptStream(fromHex(vector.key), fromHex(vector.ctx), ciphertext)) out.push(part);
    });
    assert.equal(hex(sha512(...out)), vector.msgSha512, vector.comment);
  }
});

test('any message at a segment boundary makes the round trip, in any chunks', async () => {
  const near = fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: -2, max: 2 }));
  await fc.assert(
    fc.asyncProperty(near, fc.array(fc.integer({ min: 1, max: 40_000 }), { minLength: 1 }), async ([n, d], sizes) => {
      const message = seeded('message').bytes(Math.max(0, n * segmentBytes + d));
      const key = seeded('key').bytes(32);
      const sealed = await bytesOf(encryptStream(key, key, chunked(message, ...sizes), seeded('salt')));
      assert.equal(sealed.length, ciphertextBytes(message.length));
      assert.equal(plaintextBytes(sealed.length), message.length);
      assert.deepEqual(await bytesOf(decryptStream(key, key, chunked(sealed, ...sizes))), message);
      assert.deepEqual(await readRandomly(key, key, sealed), message);
    }),
    { numRuns: 40 },
  );
});

test('every truncation of a message is refused', async () => {
  const key = seeded('key').bytes(32);
  const sealed = await bytesOf(encryptStream(key, key, chunked(seeded('m').bytes(2 * segmentBytes), 999), seeded('s')));
  for (let length = 0; length < sealed.length; length += length % 16_400 < 100 ? 1 : 331) {
    await assert.rejects(bytesOf(decryptStream(key, key, chunked(sealed.slice(0, length), 16_384))), BackupError);
  }
});

test('the cipher may answer later, as WebCrypto does', async () => {
  const webCipher = (raw: Uint8Array): SegmentCipher => {
    const imported = crypto.subtle.importKey('raw', raw.slice(), 'AES-GCM', false, ['encrypt', 'decrypt']);
    const parameters = (nonce: Uint8Array) => ({ name: 'AES-GCM', iv: nonce.slice() });
    return {
      seal: async (nonce, plain) =>
        new Uint8Array(await crypto.subtle.encrypt(parameters(nonce), await imported, plain.slice())),
      open: async (nonce, sealed) =>
        crypto.subtle.decrypt(parameters(nonce), await imported, sealed.slice()).then(
          (plain) => new Uint8Array(plain),
          () => undefined,
        ),
    };
  };
  const key = seeded('key').bytes(32);
  const message = seeded('message').bytes(40_000);
  const sealed = await bytesOf(encryptStream(key, key, chunked(message, 7777), seeded('salt'), webCipher));
  assert.deepEqual(await bytesOf(decryptStream(key, key, chunked(sealed, 7777))), message);
  assert.deepEqual(await bytesOf(decryptStream(key, key, chunked(sealed, 7777), webCipher)), message);
  sealed[sealed.length - 1] = (sealed[sealed.length - 1] as number) ^ 1;
  await assert.rejects(bytesOf(decryptStream(key, key, chunked(sealed, 7777), webCipher)), coded('damaged'));
});

test('segment numbers end at 2^38', async () => {
  const key = seeded('key').bytes(32);
  const stream = openStream(
    key,
    key,
    (await bytesOf(encryptStream(key, key, chunked(key, 32), seeded('s')))).slice(0, 56),
  );
  const last = await sealSegment(stream, segmentsMax - 1, key);
  assert.deepEqual(await openSegment(stream, segmentsMax - 1, last), key);
  assert.equal(await openSegment(stream, segmentsMax - 2, last), undefined);
  assert.equal(await openSegment(stream, 2 ** 32 - 1, last), undefined);
  await assert.rejects(sealSegment(stream, segmentsMax, key), coded('over-limit'));
  await assert.rejects(sealSegment(stream, -1, key), coded('over-limit'));
});

test('a 31-byte key or a 23-byte salt is the caller’s mistake', () => {
  const bytes = seeded('key').bytes(32);
  assert.throws(() => deriveStream(bytes.slice(1), bytes.slice(8), bytes), coded('bad-argument'));
  assert.throws(() => deriveStream(bytes, bytes.slice(9), bytes), coded('bad-argument'));
});
