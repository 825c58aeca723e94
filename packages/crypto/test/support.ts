import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { concat, type Entropy, fromHex } from '@coffer/base';
import { CryptoError, type CryptoErrorCode } from '@coffer/crypto';

/** JSON below vectors/. */
export function loadVectors<T>(path: string): T {
  return JSON.parse(readFileSync(new URL(`../../../vectors/${path}`, import.meta.url), 'utf8')) as T;
}

/** An entropy that gives the named bytes and nothing more; `isUsedUp` says whether all of them were taken. */
export function scripted(...parts: readonly Uint8Array[]): Entropy & { isUsedUp(): boolean } {
  const whole = concat(...parts);
  let at = 0;
  return {
    bytes(length) {
      assert.ok(at + length <= whole.length, 'scripted entropy ran out');
      at += length;
      return whole.slice(at - length, at);
    },
    isUsedUp: () => at === whole.length,
  };
}

/** 64 bytes that reduce to a canonical scalar. */
export function wideScalar(scalar: Uint8Array): Uint8Array {
  return concat(scalar, new Uint8Array(32));
}

/** A copy with one bit flipped. */
export function flipped(bytes: Uint8Array, at: number, bit = 0): Uint8Array {
  const copy = bytes.slice();
  copy[at] = (copy[at] as number) ^ (1 << bit);
  return copy;
}

/** Matcher for assert.throws and assert.rejects. */
export function withCode(...codes: readonly CryptoErrorCode[]) {
  return (error: unknown): boolean => {
    assert.ok(error instanceof CryptoError, String(error));
    assert.ok(codes.includes(error.code), `code is ${error.code}`);
    return true;
  };
}

/** Every value of a vector object as bytes. */
export function hexValues<K extends string>(object: Readonly<Record<K, string>>): Record<K, Uint8Array> {
  const entries = Object.entries(object) as [K, string][];
  return Object.fromEntries(entries.map(([key, value]) => [key, fromHex(value)])) as Record<K, Uint8Array>;
}
