import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { concat, fromHex, hex, utf8 } from '@coffer/base';
import { isEd25519Signature } from '@coffer/crypto';
import {
  countersignedBy,
  countersignMessage,
  decodeLeaf,
  decodeNote,
  decodeProofFile,
  decodeTrustRoot,
  decodeVerifierKey,
  encodePlexiMessage,
  signatureOf,
  trustRootMessage,
} from '@coffer/transparency';
import { vectors } from './files.js';
import { newSeed, Random } from './random.js';
import { temporaryFolder } from './temporary-folder.js';
import { flipBit } from './world.js';

/** A signature of a fixture: what, by whom, over which bytes. */
interface Signed {
  readonly what: string;
  readonly key: Uint8Array;
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
}

/** Whether this openssl signs and verifies Ed25519 from files: 1.1.1 has the key type, 3.0 has `-rawin`. */
const version = /^OpenSSL (\d+)/.exec(spawnSync('openssl', ['version'], { encoding: 'utf8' }).stdout ?? '')?.[1];
const options = { skip: Number(version ?? 0) < 3 && 'no openssl 3 here: apt-get install openssl' };
const folder = options.skip === false ? temporaryFolder() : '';

/** DER of a SubjectPublicKeyInfo, up to the 32 bytes of the key (RFC 8410 §4). */
const publicKeyHead = fromHex('302a300506032b6570032100');

function isVerified({ key, message, signature }: Signed): boolean {
  const file = (name: string, bytes: Uint8Array) => {
    const path = join(folder, name);
    writeFileSync(path, bytes);
    return path;
  };
  const args = ['pkeyutl', '-verify', '-rawin', '-pubin', '-keyform', 'DER'];
  const { status, stdout, stderr } = spawnSync(
    'openssl',
    [
      ...args,
      ...['-inkey', file('key', concat(publicKeyHead, key))],
      ...['-in', file('message', message), '-sigfile', file('signature', signature)],
    ],
    { encoding: 'utf8' },
  );
  // 1 is its answer to a bad signature as well as to a file that it cannot read; the words tell them apart.
  if (status === 0) assert.match(stdout, /Signature Verified Successfully/);
  else assert.match(stdout, /Signature Verification Failure/, stderr);
  return status === 0;
}

/** Auditor's and both operator's signatures of a leaf. */
function ofLeaf(what: string, text: string): Signed[] {
  const leaf = decodeLeaf(utf8(text));
  const { auditor, operator } = leaf;
  const byOperator = { key: operator.key };
  return [
    { what: `${what}: auditor`, key: auditor.key, message: auditor.message, signature: auditor.signature },
    {
      what: `${what}: operator`,
      ...byOperator,
      message: countersignMessage(countersignedBy(leaf)),
      signature: operator.signatures.full,
    },
    {
      what: `${what}: operator, compatible`,
      ...byOperator,
      message: auditor.signature,
      signature: operator.signatures.compatible,
    },
  ];
}

/** Signatures of a note by the keys of these vkeys; a cosignature's message is built here, from the specification. */
function ofNote(what: string, bytes: Uint8Array, vkeys: readonly string[]): Signed[] {
  const note = decodeNote(bytes);
  return vkeys.map(decodeVerifierKey).flatMap((key) => {
    const line = signatureOf(note, key);
    if (line === undefined) return [];
    if (key.use === 'log')
      return [{ what: `${what}: ${key.name}`, key: key.key, message: utf8(note.text), signature: line.signature }];
    const time = Buffer.from(line.signature.subarray(0, 8)).readBigUInt64BE();
    const message = utf8(`cosignature/v1\ntime ${time}\n${note.text}`);
    return [{ what: `${what}: ${key.name}`, key: key.key, message, signature: line.signature.subarray(8) }];
  });
}

/** Every signature of the fixtures, once. */
function signatures(): Signed[] {
  const { parts, cases } = vectors('transparency/bundles.json');
  const policy = JSON.parse(parts[cases[0].trustRoot]).signed.policy as string;
  const vkeys = policy.match(/\S+\+[0-9a-f]{8}\+\S+/g)!;
  const leaves = vectors('transparency/artifacts.json').epochs.map(({ leaf }: any, i: number) => [`leaf ${i}`, leaf]);
  const bundled = cases.flatMap(({ name, bundle }: any) =>
    bundle === undefined ? [] : [bundle, ...bundle.maturity].map((each: any) => [name, each]),
  );
  const all = [
    ...leaves.flatMap(([what, leaf]: [string, string]) => ofLeaf(what, leaf)),
    ...bundled.flatMap(([name, each]: [string, any]) => [
      ...ofLeaf(name, parts[each.leaf]),
      ...ofNote(name, decodeProofFile(utf8(parts[each.proof])).checkpoint, vkeys),
    ]),
    ...ofNote('log.json', utf8(vectors('transparency/log.json').checkpoint), vkeys),
    ...vectors('transparency/published-notes.json').notes.flatMap(({ source, note, keys }: any) =>
      ofNote(source, utf8(note), keys),
    ),
    ...vectors('transparency/trust-roots.json').steps.flatMap(({ name, next }: any) => {
      const { trustRoot, signatures } = decodeTrustRoot(utf8(next));
      const message = trustRootMessage(trustRoot);
      return signatures.map(({ key, signature }) => ({ what: `root, ${name}`, key, message, signature }));
    }),
    ...vectors('plexi/signatures.json').signatures.map((each: any) => ({
      what: `Plexi, suite ${each.ciphersuite}`,
      key: fromHex(each.verifying_key),
      message: encodePlexiMessage({
        suite: each.ciphersuite,
        namespace: each.namespace,
        timestampMs: each.timestamp,
        epoch: each.epoch,
        digest: fromHex(each.digest),
      }),
      signature: fromHex(each.signature),
    })),
  ];
  return [...new Map(all.map((each) => [hex(concat(each.key, each.signature, each.message)), each])).values()];
}

test('openssl and TypeScript agree on every signature of the fixtures', options, (t) => {
  const all = signatures();
  const forged: string[] = [];
  for (const each of all) {
    const ours = isEd25519Signature(each.key, each.message, each.signature);
    assert.equal(isVerified(each), ours, each.what);
    if (!ours) forged.push(each.what);
  }
  t.diagnostic(`${all.length} signatures, ${forged.length} of them forged`);
  assert.ok(all.length > 50);
  assert.deepEqual(forged, [
    'a forged auditor’s signature: auditor',
    'a forged countersignature: operator',
    'a forged compatible countersignature: operator, compatible',
    'a longer life than the operator gave it: operator',
    'a witness whose signature is another’s: witness.example/w1',
    'a witness whose signature is another’s: witness.example/w2',
  ]);
});

test('openssl refuses them with a flipped bit of the signature, the message or the key', options, (t) => {
  const random = new Random(`${newSeed()} openssl`);
  t.diagnostic(`ORACLE_SEED=${newSeed()}`);
  const good = signatures().filter(({ key, message, signature }) => isEd25519Signature(key, message, signature));
  for (const [i, each] of good.entries()) {
    const field = (['signature', 'message', 'key'] as const)[i % 3]!;
    const changed = { ...each, [field]: flipBit(each[field], random.below(each[field].length * 8)) };
    assert.equal(isVerified(changed), false, `${each.what}: ${field}`);
    assert.equal(isEd25519Signature(changed.key, changed.message, changed.signature), false, each.what);
  }
});
