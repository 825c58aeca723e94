import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { hex, utf8, utf8Text } from '@coffer/base';
import { sha256 } from '@coffer/crypto';
import {
  decodeEnvelope,
  type EvidenceErrorCode,
  type EvidenceSet,
  encodeEnvelope,
  holds,
  signEnvelope,
  verifyEvidence,
} from '@coffer/evidence';
import { flipBit, seedOf } from '@coffer/transparency/testing';
import { codesOf, factsOf, gullible, makeSet, type Part, verifyOptions, verifySet } from './evidence-world.js';
import { FleetOfCores } from './fleet-of-cores.js';
import { forgeries } from './forgeries.js';

const cores = new FleetOfCores({ seed: 'evidence' });
const other = new FleetOfCores({ seed: 'another fleet' });
const facts = await factsOf(cores);
const good = makeSet(cores, facts);

/** Every code, so that one without a fixture does not compile or does not pass. */
const codes: Record<EvidenceErrorCode, true> = {
  'missing-index': true,
  'changed-index': true,
  'bad-index': true,
  'other-fleet': true,
  'missing-file': true,
  'changed-file': true,
  'missing-item': true,
  'unknown-item': true,
  'bad-statement': true,
  'unknown-role': true,
  'bad-signature': true,
  'other-subject': true,
  'wrong-kind': true,
  'wrong-name': true,
  'bad-descriptor': true,
  'quorum-below-floor': true,
  'duplicate-site': true,
  'duplicate-key': true,
  'config-mismatch': true,
  'bad-description': true,
  'bad-acceptance': true,
  'bad-attestation': true,
  'member-mismatch': true,
  'key-mismatch': true,
  'image-mismatch': true,
  'nonce-mismatch': true,
  'other-birth': true,
  'extractable-key': true,
  'unknown-quote': true,
  'bad-quote': true,
  'quote-mismatch': true,
  'missing-member': true,
  'extra-key': true,
  'duplicate-serial': true,
  'source-mismatch': true,
  'rebuilds-disagree': true,
  'too-few-rebuilders': true,
  'rebuilder-twice': true,
  'bad-ceremony': true,
  'broken-chain': true,
  'wrong-order': true,
  'time-reversed': true,
  'role-missing': true,
  'too-few-witnesses': true,
  'plan-mismatch': true,
  'ceremony-mismatch': true,
  'bad-transcript': true,
  'self-test-mismatch': true,
  'self-test-unproven': true,
  'self-test-unreadable': true,
  'self-test-other-leader': true,
  'self-test-unsigned': true,
  'self-test-not-exhausted': true,
  'self-test-not-refused': true,
  'media-mismatch': true,
  'not-checked': true,
};
const seen = new Set<string>(['not-checked']);
const see = (code: string): void => {
  seen.add(code);
};

test('a good set: nothing fails, and a software fleet is called what it is', () => {
  const report = verifySet(good, verifyOptions({ options: { configHash: cores.fleet.configHash } }));
  assert.deepEqual(codesOf(report), [], JSON.stringify(report.items, undefined, 1));
  assert.ok(holds(report));
  const verdicts = Object.fromEntries(report.items.map(({ kind, name, verdict }) => [`${kind}/${name}`, verdict]));
  const perSite = (kind: string) => cores.fleet.members.map(({ site }) => [`${kind}/${site}`, 'SIMULATED HARDWARE']);
  assert.deepEqual(verdicts, {
    'index/index': 'proven',
    'descriptor/fleet': 'proven',
    'config/fleet': 'proven',
    'source/source': 'attested',
    'build/image': 'attested',
    'rebuild/rebuilder-1': 'attested',
    'rebuild/rebuilder-2': 'attested',
    'rebuilds/image': 'proven',
    'ceremony/ceremony': 'SIMULATED HARDWARE',
    ...Object.fromEntries(['member', 'self-test', 'transcript'].flatMap(perSite)),
    'exact-match/fleet': 'SIMULATED HARDWARE',
    'media/media': 'attested',
  });
  assert.deepEqual(report.exceptions, facts.exceptions);
  assert.deepEqual(report.configHash, cores.fleet.configHash);
});

for (const [name, code, edits] of forgeries(cores, other)) {
  test(`forged: ${name} · ${code}`, () => {
    const report = verifySet(makeSet(cores, facts, edits), verifyOptions(edits));
    assert.deepEqual(codesOf(report), [code], JSON.stringify(report.items.filter((item) => item.code)));
    assert.equal(holds(report), false);
    see(code);
  });
}

test('hardware: proven where every quote is one of hardware, and only there', async () => {
  const fleet = new FleetOfCores({ seed: 'hardware', platform: 'HSM of tests' });
  const given = await factsOf(fleet, 1);
  const options = verifyOptions({ options: { quoteVerifiers: [gullible] } });
  const report = verifySet(makeSet(fleet, given), options);
  assert.deepEqual(codesOf(report), []);
  const rests = ['member', 'ceremony', 'self-test', 'transcript', 'exact-match'];
  for (const { kind, verdict } of report.items) if (rests.includes(kind)) assert.equal(verdict, 'proven', kind);

  const words = verifySet(makeSet(fleet, given), verifyOptions());
  assert.equal(
    words.items.find(({ kind }) => kind === 'member')?.verdict,
    'SIMULATED HARDWARE',
    'its name is no proof',
  );
  const soft = verifySet(good, options);
  for (const { kind, verdict } of soft.items)
    if (rests.includes(kind)) assert.equal(verdict, 'SIMULATED HARDWARE', kind);

  const readable = makeSet(fleet, given, {
    members: (members) =>
      members.map((each, i) => (i ? each : { ...each, keyStore: { kind: 'pkcs11', extractable: true } })),
  });
  const refused = verifySet(readable, options);
  assert.deepEqual(codesOf(refused), ['extractable-key']);
  assert.equal(
    refused.items.find(({ kind }) => kind === 'transcript')?.verdict,
    'attested',
    'signed by keys of nobody',
  );
  see('extractable-key');
});

test('nobody else has to have been there when the trust root asks for nobody', () => {
  const alone = makeSet(cores, facts, { facts: (given) => ({ ...given, present: [], rebuilds: [] }) });
  const roles = { ceremony: { threshold: 0, witnesses: [] }, rebuilders: { threshold: 0, keys: [] } };
  const report = verifySet(alone, verifyOptions({ options: roles }));
  assert.deepEqual(codesOf(report), []);
  assert.equal(report.items.find(({ kind }) => kind === 'rebuilds')?.verdict, 'attested');
});

test('an index that is not there, or is another one', () => {
  const expect = (code: string, read: (digest: Uint8Array) => Uint8Array | undefined, digest = good.digest) => {
    const report = verifyEvidence(read, digest, verifyOptions());
    assert.deepEqual([report.items.length, report.items[0]?.code], [1, code]);
    see(code);
  };
  expect('missing-index', () => undefined);
  expect('changed-index', () => flipBit(good.index, 300));
  const text = new TextDecoder().decode(good.index);
  for (const bad of [
    text.replace('"v":1', '"v":2'),
    text.replace('"kind":"build"', '"kind":"zzz"'),
    text.replace('"bytes":', '"bytes":0,"x":'),
    text.replace('"name":"image"', '"name":"../image"'),
  ]) {
    assert.notEqual(bad, text);
    const bytes = new TextEncoder().encode(bad);
    expect('bad-index', () => bytes, sha256(bytes));
  }
});

test('every file: a flipped bit, or none at all, is seen', () => {
  let isMissing = false;
  for (const [digest, bytes] of good.files) {
    isMissing = !isMissing;
    const files = new Map(good.files);
    if (isMissing) files.delete(digest);
    else files.set(digest, flipBit(bytes, (bytes.length * 5) % (8 * bytes.length)));
    const code: EvidenceErrorCode = isMissing ? 'missing-file' : 'changed-file';
    assert.deepEqual(codesOf(verifySet({ ...good, files }, verifyOptions())), [code]);
    see(code);
  }
});

test('no bit of an index can be another one, even under a digest of its own', () => {
  for (let bit = 5; bit < 8 * good.index.length; bit += 997) {
    const index = flipBit(good.index, bit);
    const set: EvidenceSet = { ...good, index, digest: sha256(index) };
    assert.equal(holds(verifySet(set, verifyOptions())), false, `bit ${bit}`);
    assert.deepEqual(codesOf(verifySet({ ...good, index }, verifyOptions())), ['changed-index']);
  }
});

test('no bit of a file can be another one, even where the index was made for it', () => {
  let share = 0;
  for (const [digest, bytes] of good.files) {
    share = (share + 0.37) % 1;
    const changed = flipBit(bytes, Math.floor(8 * bytes.length * share));
    const index = utf8(utf8Text(good.index).replaceAll(digest, hex(sha256(changed))));
    const files = new Map([...good.files, [hex(sha256(changed)), changed] as const]);
    const report = verifySet({ index, digest: sha256(index), files }, verifyOptions());
    assert.equal(holds(report), false, `${digest} at ${share}`);
  }
});

test('whatever an operator signs is judged, and throws nothing', () => {
  for (let at = 40; at < 1500; at += 97) {
    const parts = (given: Part[]) =>
      given.map((part) => {
        if (['descriptor', 'transcript'].includes(part.kind)) return part;
        const { payload } = decodeEnvelope(part.bytes);
        const changed = flipBit(payload, (8 * at) % (8 * payload.length));
        const signatures = [signEnvelope(changed, seedOf('operator'))];
        return { ...part, bytes: encodeEnvelope({ payload: changed, signatures }) };
      });
    assert.equal(holds(verifySet(makeSet(cores, facts, { parts }), verifyOptions())), false);
  }
});

test('every forgery that the threat model names is one of these', () => {
  const text = readFileSync(new URL('../../../docs/threat-model.md', import.meta.url), 'utf8');
  const named = [...text.matchAll(/`forged: (.+?) · ([a-z-]+)`/g)].map(([, name, code]) => `${name} · ${code}`);
  const made = new Set(forgeries(cores, other).map(([name, code]) => `${name} · ${code}`));
  assert.deepEqual(
    named.filter((name) => !made.has(name)),
    [],
  );
  assert.ok(named.length > 25);
});

test('every code has a fixture', () => {
  assert.deepEqual(
    Object.keys(codes).filter((code) => !seen.has(code)),
    [],
  );
});
