import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { hex } from '@coffer/base';
import { sha256 } from '@coffer/crypto';
import { decodeFleetDescriptor } from '@coffer/protocol';
import { decodeTrustRoot } from '@coffer/transparency';
import { evidenceCheck } from '../dist/evidence.js';

/** The published set of evidence, as the auditor judges it. */
const folder = fileURLToPath(new URL('../../../vectors/evidence/', import.meta.url));
const bytesOf = (name: string): Uint8Array => new Uint8Array(readFileSync(folder + name));
const index = bytesOf('good/index.json');
const { trustRoot } = decodeTrustRoot(bytesOf('trust-root.json'));
const items = JSON.parse(Buffer.from(index).toString()).items as { kind: string; digest: string }[];
const descriptor = decodeFleetDescriptor(bytesOf(`good/${items.find(({ kind }) => kind === 'descriptor')!.digest}`));

/** The set, with one file changed or not. */
function request(changed?: string) {
  const read = (digest: Uint8Array): Uint8Array | undefined => {
    const name = hex(digest);
    if (name === hex(sha256(index))) return index;
    if (name === changed || !existsSync(`${folder}good/${name}`)) return undefined;
    return bytesOf(`good/${name}`);
  };
  return { read, indexDigest: sha256(index), descriptor, trustRoot, size: 1 };
}

test('a good set holds, where software HSMs are taken, and nowhere else', async () => {
  assert.deepEqual(await evidenceCheck(true).check(request()), []);
  const strict = await evidenceCheck(false).check(request());
  assert.ok(
    strict.some(({ name }) => name === 'member'),
    JSON.stringify(strict),
  );
});

test('a set without one of its files does not hold', async () => {
  for (const { digest } of items) assert.notDeepEqual(await evidenceCheck(true).check(request(digest)), [], digest);
});
