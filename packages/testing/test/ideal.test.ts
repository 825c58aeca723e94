import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { hex } from '@coffer/base';
import { systemEntropy } from '@coffer/crypto';
import { group } from '../dist/ideal/group.js';
import { purpose } from '../dist/ideal/ideal-hash.js';
import { ml_kem768 } from '../dist/ideal/ml-kem.js';
import { primitives } from '../dist/ideal/primitives.js';

const bytes = (length: number): Uint8Array => systemEntropy.bytes(length);

/** Every byte of `whole` changed, one at a time. */
function* changes(whole: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < whole.length; at++) {
    const changed = whole.slice();
    changed[at] = (changed[at] as number) ^ 1;
    yield changed;
  }
}

test('what has another purpose has another digest', () => {
  const names = Array.from({ length: 50 }, (_, i) => `purpose ${i}`);
  assert.equal(new Set(names.map((name) => hex(purpose(name)(32, new Uint8Array(3))))).size, names.length);
});

test('digests of simple inputs are all different, and every flipped bit changes half of them', () => {
  const digest = purpose('test');
  const zeros = Array.from({ length: 2_000 }, (_, length) => [new Uint8Array(length)]);
  const split = Array.from({ length: 101 }, (_, at) => [new Uint8Array(at), new Uint8Array(100 - at)]);
  const counted = Array.from({ length: 20_000 }, (_, i) => [Uint8Array.of(1, i, i >> 8, 0, 0, 0, i, 0, i >> 8)]);
  const inputs = [...zeros, ...split, ...counted];
  for (const half of [0, 16]) {
    const seen = new Set(inputs.map((parts) => hex(digest(32, ...parts).subarray(half, half + 8))));
    assert.equal(seen.size, inputs.length);
  }
  const whole = bytes(50);
  const before = digest(64, whole);
  for (const other of changes(whole)) {
    const flipped = digest(64, other).map((byte, at) => byte ^ (before[at] as number));
    const ones = [...hex(flipped)].reduce(
      (sum, digit) => sum + '0112122312232334'.charCodeAt(Number.parseInt(digit, 16)) - 48,
      0,
    );
    assert.ok(ones > 180 && ones < 332, `${ones} of 512`);
  }
});

test('ideal signatures hold for their key and message, and for nothing else', () => {
  const [seed, message] = [bytes(32), bytes(100)];
  const publicKey = primitives.ed25519PublicKey(seed);
  const signature = primitives.ed25519Sign(seed, message);
  assert.ok(primitives.ed25519Verify(publicKey, message, signature));
  for (const other of changes(signature)) assert.ok(!primitives.ed25519Verify(publicKey, message, other));
  for (const other of changes(message)) assert.ok(!primitives.ed25519Verify(publicKey, other, signature));
  for (const other of changes(publicKey)) assert.ok(!primitives.ed25519Verify(other, message, signature));
});

test('what is sealed opens with the same key, nonce and data only', () => {
  for (const length of [0, 1, 63, 64, 65, 1_000]) {
    const [key, nonce, aad, plaintext] = [bytes(32), bytes(12), bytes(20), bytes(length)];
    const sealed = primitives.aes256gcmSeal(key, nonce, aad, plaintext);
    assert.equal(sealed.length, length + 16);
    assert.deepEqual(primitives.aes256gcmOpen(key, nonce, aad, sealed), plaintext);
    for (const other of changes(sealed)) assert.equal(primitives.aes256gcmOpen(key, nonce, aad, other), undefined);
    for (const other of changes(key)) assert.equal(primitives.aes256gcmOpen(other, nonce, aad, sealed), undefined);
    for (const other of changes(nonce)) assert.equal(primitives.aes256gcmOpen(key, other, aad, sealed), undefined);
    for (const other of changes(aad)) assert.equal(primitives.aes256gcmOpen(key, nonce, other, sealed), undefined);
  }
});

test('keys of records are the real ones, so that trees have the shape of real ones', () => {
  const [key, vaultId] = [bytes(32), bytes(32)];
  const real = new Uint8Array(createHmac('sha256', key).update(vaultId).digest());
  assert.deepEqual(primitives.hmac('sha256', key, [vaultId]), real);
  assert.deepEqual(primitives.hmac('sha256', key, [vaultId.subarray(0, 5), vaultId.subarray(5)]), real);
});

test('both sides of an agreement come to one secret', () => {
  const [a, b] = [bytes(32), bytes(32)];
  const shared = primitives.x25519(a, primitives.x25519PublicKey(b));
  assert.deepEqual(shared, primitives.x25519(b, primitives.x25519PublicKey(a)));
  assert.equal(primitives.x25519(a, new Uint8Array(32)), undefined);
  const pair = primitives.mlKem768KeyPair(bytes(64));
  const { cipherText, sharedSecret } = ml_kem768.encapsulate(pair.publicKey, bytes(32));
  assert.deepEqual([pair.publicKey.length, cipherText.length], [1_184, 1_088]);
  assert.deepEqual(pair.decapsulate(cipherText), sharedSecret);
  for (const other of changes(cipherText.subarray(0, 200))) {
    const whole = cipherText.slice();
    whole.set(other);
    assert.notDeepEqual(pair.decapsulate(whole), sharedSecret);
  }
});

test('the ideal group is one', () => {
  const [a, b] = [group.reduceScalar(bytes(64)), group.reduceScalar(bytes(64))];
  const element = group.elementFromUniform(bytes(64));
  assert.deepEqual(group.multiply(a, group.multiply(b, element)), group.multiply(b, group.multiply(a, element)));
  assert.deepEqual(group.multiply(group.invertScalar(a), group.multiply(a, element)), element);
  assert.deepEqual(group.multiply(a, group.multiplyBase(b)), group.multiply(b, group.multiplyBase(a)));
  assert.ok(group.isEncoding(element) && !group.isEncoding(new Uint8Array(32).fill(0xff)));
});

/** In a process of its own: the primitives are chosen when `@coffer/crypto` is loaded. */
function printWith(args: readonly string[]): { readonly print: string; readonly name: string } {
  const child = fileURLToPath(new URL('./print-child.js', import.meta.url));
  return JSON.parse(execFileSync(process.execPath, [...args, child], { encoding: 'utf8' }));
}

test('a schedule goes the same way with ideal and with real primitives, and without the hooks they are real', () => {
  const register = new URL('../dist/ideal/register.js', import.meta.url).href;
  const [ideal, real] = [printWith(['--import', register]), printWith([])];
  assert.equal(ideal.print, real.print);
  assert.notEqual(ideal.name, real.name);
});
