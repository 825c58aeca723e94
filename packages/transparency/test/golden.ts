import { hex, utf8Text } from '@coffer/base';
import { sha256 } from '@coffer/crypto';
import {
  type Bundle,
  type BundleRequest,
  decodeBundle,
  decodeLeaf,
  decodePlexiMessage,
  emptyArtifactHistory,
  encodeClientTrust,
  encodeEntryBundle,
  encodeFraudProof,
  encodeTile,
  encodeTilePath,
  encodeTrustRoot,
  type FraudProof,
  leafHash,
  plexiKeyId,
  proveConsistency,
  proveInclusion,
  signPlexiMessage,
  standardWaiting,
  stepArtifacts,
  TransparencyError,
  type TrustRoot,
  tileWidthIn,
  verifyFraudProof,
  verifyRotation,
} from '@coffer/transparency';
import { forgeries, goodRequest } from './forgeries.js';
import { keyOf, nowMs, seedOf, signedBy, sortKeys, startMs, threeEpochs, World } from './world.js';

/** The code that `run` throws, or null. */
function codeOf(run: () => unknown): string | null {
  try {
    run();
    return null;
  } catch (error) {
    if (error instanceof TransparencyError) return error.code;
    throw error;
  }
}

/** Texts that many fixtures share, by the first 8 digits of their SHA-256. */
class Parts {
  readonly texts: Record<string, string> = {};

  name(bytes: Uint8Array): string {
    const name = hex(sha256(bytes)).slice(0, 8);
    this.texts[name] = utf8Text(bytes);
    return name;
  }
}

function bundleCases() {
  const parts = new Parts();
  const trustRoot = (root: TrustRoot) => parts.name(encodeTrustRoot({ trustRoot: root, signatures: [] }));
  const logged = ({ artifact, leaf, proof }: Pick<Bundle, 'artifact' | 'leaf' | 'proof'>) => ({
    artifact: parts.name(artifact),
    leaf: parts.name(leaf),
    proof: parts.name(proof),
  });
  const bundleParts = (encoded: Uint8Array) => {
    const { maturity, consistency, ...newest } = decodeBundle(encoded);
    return {
      ...logged(newest),
      maturity: maturity.map((each) => ({ ...logged(each), consistency: each.consistency.map(hex) })),
      consistency: { fromSize: consistency.fromSize, hashes: consistency.hashes.map(hex) },
    };
  };
  const one = (row: string, name: string, code: string | null, request: BundleRequest) => {
    const { waiting = standardWaiting(), expectations } = request;
    const { fleetId, configHash, ...rest } = expectations;
    return {
      row,
      name,
      code,
      nowMs: request.nowMs,
      trustRoot: trustRoot(request.trustRoot),
      clientTrust: parts.name(encodeClientTrust(request.clientTrust)),
      expectations: {
        ...rest,
        ...(fleetId && { fleetId: hex(fleetId) }),
        ...(configHash && { configHash: hex(configHash) }),
      },
      waiting: { waitingMs: waiting.waitingMs, exempt: waiting.exempt.map(hex) },
      sha256: hex(sha256(request.bundle)),
      ...(code === 'bad-bundle' ? { encoded: hex(request.bundle) } : { bundle: bundleParts(request.bundle) }),
    };
  };
  const cases = [
    one('good', 'the bundle that the others were made from', null, goodRequest),
    ...forgeries.map(({ row, name, code, request }) => one(row, name, code, request)),
  ];
  return {
    about:
      'Validation bundles and what a client says to them (docs/spec/transparency.md §8); code null: accepted. Texts are named by the start of their SHA-256; sha256 is that of the encoded bundle.',
    parts: parts.texts,
    cases,
  };
}

function logFile() {
  const world = new World();
  for (let i = 0; i < 300; i++) world.logLeaf(new Uint8Array(0), new TextEncoder().encode(`entry ${i}`));
  const tile = (level: number, index: number, size: number) => {
    const at = { level, index, width: tileWidthIn(size, level, index) };
    return { path: encodeTilePath(at), sha256: hex(sha256(encodeTile(at, world.read))) };
  };
  const entries = encodeEntryBundle(world.leaves.slice(256));
  return {
    about: 'A log whose entry i is the text "entry i": roots, proofs, tiles. Hexadecimal.',
    roots: [0, 1, 2, 3, 4, 6, 7, 8, 255, 256, 257, 300].map((size) => ({ size, root: hex(world.root(size)) })),
    inclusion: [
      [0, 1],
      [0, 8],
      [7, 8],
      [6, 7],
      [255, 256],
      [256, 257],
      [123, 300],
      [299, 300],
    ].map(([index, size]) => ({
      index,
      size,
      leaf: hex(leafHash(world.leaves[index!]!)),
      proof: proveInclusion(index!, size!, world.read).map(hex),
    })),
    consistency: [
      [1, 1],
      [1, 8],
      [4, 7],
      [6, 8],
      [255, 256],
      [256, 300],
      [257, 300],
    ].map(([from, to]) => ({ from, to, proof: proveConsistency(from!, to!, world.read).map(hex) })),
    tiles: [tile(0, 0, 300), tile(0, 1, 300), tile(1, 0, 300), tile(0, 0, 7)],
    entryBundle: { path: 'tile/entries/001.p/44', sha256: hex(sha256(entries)) },
    checkpoint: utf8Text(world.checkpoint(300, [startMs, startMs])),
  };
}

function trustRoots() {
  const world = new World();
  const held = world.trustRoot();
  const next = (fields: Partial<TrustRoot>) => world.trustRoot({ version: 2, ...fields });
  const newKeys = { threshold: 2, keys: sortKeys(['root 3', 'root 4', 'root 5'].map(keyOf)) };
  const steps: [string, TrustRoot, TrustRoot, string[]][] = [
    ['the same keys', held, next({}), ['root 1', 'root 3']],
    ['new keys', held, next({ rootKeys: newKeys }), ['root 1', 'root 2', 'root 4', 'root 5']],
    ['old keys alone', held, next({ rootKeys: newKeys }), ['root 1', 'root 2']],
    ['new keys alone', held, next({ rootKeys: newKeys }), ['root 4', 'root 5']],
    ['one key', held, next({}), ['root 1']],
    ['a version left out', held, next({ version: 3 }), ['root 1', 'root 2']],
    ['another log', held, new World({ origin: 'x.example' }).trustRoot({ version: 2 }), ['root 1', 'root 2']],
    [
      'a revocation undone',
      world.trustRoot({ revocations: [{ key: keyOf('auditor'), revokedAtSize: 3 }] }),
      next({}),
      ['root 1', 'root 2'],
    ],
  ];
  return {
    about: 'Steps from one trust root to the next; code null: accepted.',
    steps: steps.map(([name, from, to, names]) => {
      const signed = signedBy(to, names);
      return {
        name,
        code: codeOf(() => verifyRotation(from, signed)),
        held: utf8Text(encodeTrustRoot({ trustRoot: from, signatures: [] })),
        next: utf8Text(encodeTrustRoot(signed)),
      };
    }),
  };
}

function fraudProofs() {
  const [honest, victim] = [threeEpochs(), new World()];
  victim.logLeaf(honest.artifacts[0]!, honest.leaves[0]!);
  for (const name of ['D', 'E', 'F', 'G']) victim.publish({ A: 'serving', [name]: 'serving' }, { atMs: startMs + 1 });
  const root = honest.trustRoot();
  const part = honest.epochPart(2, honest.checkpoint(3, []), 3);
  const log = { proof: part.proof, leaf: part.leaf };
  const prefix = { root: victim.root(3), consistency: proveConsistency(3, 5, victim.read) };
  const [first, second] = [honest.checkpoint(3, []), victim.checkpoint(5, [])];
  const kind = 'conflicting-checkpoints';
  const withheld = { checkpoint: honest.checkpoint(2, [nowMs * 1.01, nowMs * 1.01]) };
  const answer = (suite: 1 | 2, digest?: Uint8Array) => {
    const said = decodePlexiMessage(decodeLeaf(honest.leaves[1]!).auditor.message);
    const message = { ...said, suite, digest: digest ?? said.digest };
    const signature = signPlexiMessage(message, seedOf('auditor'));
    return { message, signature, keyId: plexiKeyId(keyOf('auditor')) };
  };
  const garbage = () => {
    const other = new World();
    for (const leaf of [honest.leaves[0]!, Uint8Array.of(0xff, 0, 0xfe)]) other.logLeaf(new Uint8Array(0), leaf);
    const { proof, leaf } = other.epochPart(2, other.checkpoint(2, []));
    return { proof, leaf };
  };
  const proofs: [string, FraudProof][] = [
    ['two trees of one size', { kind, first, second: victim.checkpoint(3, []) }],
    ['a longer tree that begins otherwise', { kind, first, second, prefix }],
    ['nothing that ties them', { kind, first, second }],
    ['the same tree', { kind, first, second: first }],
    ['another leaf in its place', { kind: 'unlogged-bundle', leaf: victim.leaves[1]!, log }],
    ['the leaf itself in its place', { kind: 'unlogged-bundle', leaf: honest.leaves[1]!, log }],
    ['kept out of the log', { kind: 'unlogged-bundle', leaf: honest.leaves[2]!, log: withheld }],
    ['bytes that are no text in its place', { kind: 'unlogged-bundle', leaf: honest.leaves[1]!, log: garbage() }],
    ['another answer than the log’s', { kind: 'contradicted-answer', answer: answer(1, sha256()), log }],
    ['another answer, suite 2', { kind: 'contradicted-answer', answer: answer(2, sha256()), log }],
    ['the log’s answer', { kind: 'contradicted-answer', answer: answer(1), log }],
    ['the log’s answer, suite 2', { kind: 'contradicted-answer', answer: answer(2), log }],
  ];
  return {
    about: 'Fraud proofs; code null: they prove what `finding` says.',
    trustRoot: utf8Text(encodeTrustRoot({ trustRoot: root, signatures: [] })),
    proofs: proofs.map(([name, proof]) => {
      const file = encodeFraudProof(proof);
      const code = codeOf(() => verifyFraudProof(file, root));
      return { name, code, file: utf8Text(file), ...(code === null && { ...verifyFraudProof(file, root) }) };
    }),
  };
}

function artifacts() {
  const world = threeEpochs();
  let history = emptyArtifactHistory;
  return {
    about: 'Three artifacts, one after another, with their leaves. Digests in hexadecimal.',
    epochs: world.artifacts.map((bytes, i) => {
      ({ history } = stepArtifacts(history, bytes));
      const leaf = world.leaves[i]!;
      return {
        artifact: utf8Text(bytes),
        digest: hex(history.digest),
        leaf: utf8Text(leaf),
        leafHash: hex(leafHash(leaf)),
      };
    }),
  };
}

/** The generated files of `vectors/transparency/`, by name. */
export const goldenFiles = () => ({
  bundles: bundleCases(),
  log: logFile(),
  'trust-roots': trustRoots(),
  'fraud-proofs': fraudProofs(),
  artifacts: artifacts(),
});
