import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { TransparencyError, type TransparencyErrorCode } from '@coffer/transparency';

/** A JSON file of `vectors/`. */
export const vectors = (path: string): any =>
  JSON.parse(readFileSync(new URL(`../../../vectors/${path}`, import.meta.url), 'utf8'));

/** For `assert.throws`: a TransparencyError with this code. Any other error is shown as it is. */
export const coded = (code: TransparencyErrorCode) => (error: unknown) => {
  if (!(error instanceof TransparencyError)) throw error;
  assert.equal(error.code, code, error.message);
  return true;
};
