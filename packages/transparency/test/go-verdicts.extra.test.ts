import assert from 'node:assert/strict';
import { test } from 'node:test';
import { concat, hex, utf8, utf8Text } from '@coffer/base';
import { sha256 } from '@coffer/crypto';
import {
  type BundleRequest,
  decodeAddCheckpoint,
  decodeNote,
  decodePlexiMessage,
  decodePolicy,
  decodeProofFile,
  decodeVerifierKey,
  encodeAddCheckpoint,
  encodeClientTrust,
  encodePlexiMessage,
  encodePolicy,
  encodeProofFile,
  encodeTrustRoot,
  encodeVerifierKey,
  leafHash,
  openCheckpoint,
  proveConsistency,
  proveInclusion,
  standardWaiting,
  TransparencyError,
  verifyBundle,
  verifyConsistency,
  verifyInclusion,
} from '@coffer/transparency';
import { vectors } from './files.js';
import { forgeries, goodRequest } from './forgeries.js';
import { runOracle, skipWithoutGo } from './go-oracle.js';
import { mutate, newSeed, Random } from './random.js';
import { flipBit, World } from './world.js';

const options = { skip: skipWithoutGo };
const world = new World();
for (let i = 0; i < 600; i++) world.logLeaf(new Uint8Array(0), utf8(`entry ${i}`));
const keys = [world.log, ...world.witnesses];
const policy = world.trustRoot().policy;

/** One input: what Go is asked (test/oracles/go/verdicts.go), and how TypeScript answers the same. */
interface Question {
  readonly ask: Readonly<Record<string, unknown>> & { readonly op: string };
  /** What was read, in the oracle's words. */
  readonly read: () => string;
}

const b64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
const hexes = (hashes: readonly Uint8Array[]): string => hashes.map(hex).join(',');
const digest = (bytes: Uint8Array): string => hex(sha256(bytes));

function verdict(read: () => string): string {
  try {
    return `ok ${read()}`.trim();
  } catch (error) {
    if (error instanceof TransparencyError) return error.code;
    throw error;
  }
}

/** Asks both sides; every disagreement is shown with the input that made it. @returns how often each verdict was given. */
function compare(questions: readonly Question[]): ReadonlyMap<string, number> {
  const { status, stderr, output } = runOracle(
    ['verdicts'],
    questions.map(({ ask }) => ask),
  );
  assert.equal(status, 0, stderr);
  const counts = new Map<string, number>();
  const different = questions.flatMap(({ ask, read }, i) => {
    const ours = verdict(read);
    const kind = `${ask.op} ${ours.split(' ')[0]}`;
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
    return ours === output[i] ? [] : [{ ours, go: output[i], ask }];
  });
  assert.deepEqual(different.slice(0, 5), [], `${different.length} of ${questions.length} differ`);
  return counts;
}

const readers: Record<string, (bytes: Uint8Array) => string> = {
  vkey(bytes) {
    const { name, use, id, key } = decodeVerifierKey(utf8Text(bytes));
    return `${hex(utf8(name))} ${use === 'log' ? 1 : 4} ${hex(id)} ${hex(key)}`;
  },
  note: (bytes) => digest(utf8(decodeNote(bytes).text)),
  checkpoint(bytes) {
    const { checkpoint, cosignedMs } = openCheckpoint(bytes, policy);
    const seen = policy.witnesses.flatMap(({ name, key }) => {
      const ms = cosignedMs.get(name);
      return ms === undefined ? [] : [`${key.name}@${ms / 1000}`];
    });
    return `${checkpoint.size} ${hex(checkpoint.root)} ${seen.sort().join(',')}`;
  },
  'proof-file'(bytes) {
    const { index, hashes, checkpoint } = decodeProofFile(bytes);
    return `${index} ${hexes(hashes)} ${digest(checkpoint)}`;
  },
  'add-checkpoint'(bytes) {
    const { oldSize, hashes, checkpoint } = decodeAddCheckpoint(bytes);
    return `${oldSize} ${hexes(hashes)} ${digest(checkpoint)}`;
  },
  policy(bytes) {
    const { logs, witnesses, groups } = decodePolicy(bytes);
    return `${logs.length} ${witnesses.length} ${groups.length}`;
  },
  plexi(bytes) {
    const { namespace, timestampMs, epoch, digest } = decodePlexiMessage(bytes);
    return `${hex(utf8(namespace))} ${timestampMs} ${epoch} ${hex(digest)}`;
  },
};

const isText = (bytes: Uint8Array): boolean => Buffer.from(utf8(Buffer.from(bytes).toString())).equals(bytes);

/** A question about bytes in one of the formats. */
const about = (op: string, bytes: Uint8Array): Question => ({
  ask: { op, data: b64(bytes), ...(op === 'checkpoint' && { keys: keys.map(encodeVerifierKey) }) },
  read: () => (readers[op] as (bytes: Uint8Array) => string)(bytes),
});

/** Good inputs to start from. */
function originals(random: Random): [string, Uint8Array][] {
  const size = 1 + random.below(600);
  const note = world.checkpoint(size, [1000 * random.below(2 ** 32), undefined, 1000 * random.below(2 ** 32)]);
  const index = random.below(size);
  const hashes = proveInclusion(index, size, world.read);
  const [message, vkey] = [random.pick(plexiMessages), random.pick(keys)];
  return [
    ['note', note],
    ['checkpoint', note],
    ['proof-file', encodeProofFile({ index, hashes, checkpoint: note })],
    ['proof-file', encodeProofFile({ index, hashes: [], checkpoint: note, extra: random.bytes(random.below(9)) })],
    ['add-checkpoint', encodeAddCheckpoint({ oldSize: index, hashes, checkpoint: note })],
    ['vkey', utf8(encodeVerifierKey(vkey))],
    ['policy', utf8(encodePolicy(policy))],
    ['plexi', encodePlexiMessage(message)],
  ];
}

const plexiMessages = [0, 1, 127, 128, 300, 2 ** 32, Number.MAX_SAFE_INTEGER].map((value) => ({
  suite: 1 as const,
  namespace: 'example.encrypted_backups.fleet_keys.v1',
  timestampMs: value,
  epoch: Number.MAX_SAFE_INTEGER - value,
  digest: sha256(),
}));

test('the same verdict, and the same reading, of texts that were changed once to three times', options, (t) => {
  const random = new Random(newSeed());
  const questions: Question[] = [];
  for (let n = 0; n < 400; n++) {
    for (const [op, good] of originals(random)) {
      let bytes = good;
      // The first is as it was.
      for (let k = n === 0 ? 0 : 1 + random.below(3); k > 0; k--) bytes = mutate(bytes, random);
      // A key is a text in both languages before anyone looks at it.
      if (op !== 'vkey' || isText(bytes)) questions.push(about(op, bytes));
    }
  }
  const counts = compare(questions);
  t.diagnostic(`ORACLE_SEED=${random.seed} ${JSON.stringify(Object.fromEntries([...counts].sort()))}`);
  for (const op of Object.keys(readers)) assert.ok(counts.get(`${op} ok`), `no good ${op}`);
  for (const code of ['bad-note', 'bad-checkpoint', 'bad-log-signature', 'bad-cosignature'])
    assert.ok(counts.get(`checkpoint ${code}`), code);
});

test('the same verdict on every fixture of forms.json that is changed once', options, (t) => {
  const random = new Random(`${newSeed()} forms`);
  const { forms } = vectors('transparency/forms.json');
  const questions = forms
    .filter(({ form }: any) => form in readers && form !== 'checkpoint')
    .flatMap(({ form, text }: any) => [0, 1, 2, 3, 4].map(() => about(form, mutate(utf8(text), random))));
  assert.ok(questions.length > 300);
  compare(questions);
  t.diagnostic(`ORACLE_SEED=${newSeed()}`);
});

test('the same verdict on proofs with another place, size, root or hash', options, (t) => {
  const random = new Random(`${newSeed()} proofs`);
  const questions: Question[] = [];
  const change = (hashes: readonly Uint8Array[]): readonly Uint8Array[] => {
    const at = random.below(hashes.length + 1);
    const some = random.bytes(32);
    switch (random.below(6)) {
      case 0:
        return [...hashes.slice(0, at), some, ...hashes.slice(at)];
      case 1:
        return hashes.filter((_, i) => i !== at);
      case 2:
        return hashes.map((hash, i) => (i === at ? flipBit(hash, random.below(256)) : hash));
      case 3:
        return random.below(4) === 0 ? Array.from({ length: 62 + random.below(4) }, () => some) : hashes;
      default:
        return hashes;
    }
  };
  const near = (value: number): number =>
    random.pick([value, value, value, value + 1, Math.max(0, value - 1), random.below(620), Number.MAX_SAFE_INTEGER]);
  for (let n = 0; n < 1500; n++) {
    const size = 1 + random.below(600);
    const [index, earlier] = [random.below(size), 1 + random.below(size)];
    const root = random.below(8) === 0 ? random.bytes(32) : world.root(size);
    const leaf = leafHash(world.leaves[near(index)] ?? utf8('none'));
    const path = change(proveInclusion(index, size, world.read));
    const [i, s] = [near(index), near(size)];
    questions.push({
      ask: { op: 'inclusion', index: i, size: s, root: b64(root), leaf: b64(leaf), hashes: path.map(b64) },
      read: () => verifyInclusion(i, leaf, path, { size: s, root }) ?? '',
    });
    const from = near(earlier);
    const fromRoot = world.root(earlier);
    const proof = change(proveConsistency(earlier, size, world.read));
    questions.push({
      ask: { op: 'consistency', from, size: s, fromRoot: b64(fromRoot), root: b64(root), hashes: proof.map(b64) },
      read: () => verifyConsistency({ size: from, root: fromRoot }, { size: s, root }, proof) ?? '',
    });
  }
  const counts = compare(questions);
  t.diagnostic(`ORACLE_SEED=${newSeed()} ${JSON.stringify(Object.fromEntries(counts))}`);
  for (const kind of ['inclusion ok', 'inclusion not-included', 'consistency ok', 'consistency inconsistent'])
    assert.ok((counts.get(kind) ?? 0) > 20, kind);
});

/** A client's whole question, as a case of bundles.json with texts in place of names. */
function bundleQuestion(request: BundleRequest): Question {
  const { waiting = standardWaiting(), expectations, clientTrust, trustRoot } = request;
  const { fleetId, configHash, ...rest } = expectations;
  return {
    ask: {
      op: 'bundle',
      case: {
        nowMs: request.nowMs,
        trustRoot: utf8Text(encodeTrustRoot({ trustRoot, signatures: [] })),
        clientTrust: utf8Text(encodeClientTrust(clientTrust)),
        expectations: {
          ...rest,
          ...(fleetId && { fleetId: hex(fleetId) }),
          ...(configHash && { configHash: hex(configHash) }),
        },
        waiting: { waitingMs: waiting.waitingMs, exempt: waiting.exempt.map(hex) },
        encoded: hex(request.bundle),
      },
    },
    read: () =>
      verifyBundle(request)
        .fleets.map(({ descriptor }) => hex(descriptor.configHash))
        .join(','),
  };
}

test('the same code for every forged bundle, and for bundles with a flipped bit or worse', options, (t) => {
  const random = new Random(`${newSeed()} bundles`);
  const requests = [goodRequest, ...forgeries.map(({ request }) => request)];
  const changed = Array.from({ length: 250 }, () => {
    const request = random.below(4) === 0 ? random.pick(requests) : goodRequest;
    const { bundle } = request;
    const isFlip = random.below(3) > 0;
    return { ...request, bundle: isFlip ? flipBit(bundle, random.below(bundle.length * 8)) : mutate(bundle, random) };
  });
  const times = Array.from({ length: 60 }, () => ({
    ...random.pick(requests),
    nowMs: goodRequest.nowMs + (random.below(80) - 40) * 86_400_000,
    waiting: { ...standardWaiting(), waitingMs: random.below(100) * 3_600_000 },
  }));
  const counts = compare([...requests, ...changed, ...times].map(bundleQuestion));
  t.diagnostic(`ORACLE_SEED=${newSeed()} ${JSON.stringify(Object.fromEntries([...counts].sort()))}`);
  assert.ok(counts.size > 20);
  const { read } = bundleQuestion({ ...goodRequest, bundle: concat(goodRequest.bundle, utf8('x')) });
  assert.equal(verdict(read), 'bad-bundle');
});
