import type { Cut } from './cut.js';

const epoch = 'transparency/dist/client/logged-epoch.js';
const bundle = 'transparency/dist/client/verify-bundle.js';
const waiting = 'transparency/dist/client/waiting.js';
const signed = 'transparency/dist/c2sp/signed-checkpoint.js';
const quorum = 'transparency/dist/c2sp/quorum.js';
const countersigned = 'transparency/dist/keys/countersignature.js';

/** Mutants of what a client asks of a validation bundle: who signed it, and that it was logged. */
export const signedBundleCuts = (): readonly Cut[] => [...expectedLog, ...signatures, ...logged];

const expectedLog: readonly Cut[] = [
  {
    name: 'a bundle of a staging namespace',
    rule: 'leaf and trust root are of the expected namespace',
    keeps: ['transparency §8 wrong-namespace'],
    file: bundle,
    find: 'namespace !== expected.namespace || root.namespace !== expected.namespace',
    replace: 'false',
    test: 'refused: expected: staging, same signers (wrong-namespace)',
  },
  {
    name: 'a bundle of another log',
    rule: 'checkpoint and trust root are of the expected log',
    keeps: ['transparency §8 wrong-origin'],
    file: bundle,
    find: 'origin !== expected.origin || root.origin !== expected.origin',
    replace: 'false',
    test: 'refused: expected: another log, same signers (wrong-origin)',
  },
  {
    name: 'a client that does not look which trust root a leaf names',
    rule: 'the leaf’s trust root is the one that is held',
    keeps: ['transparency §8 trust-root-version'],
    file: bundle,
    find: 'trustRootVersion !== root.version ||',
    replace: '',
    test: 'refused: root: a newer root is in force (trust-root-version)',
  },
  {
    name: 'a client that goes back to an older trust root',
    rule: 'no older trust root than was used before',
    keeps: ['transparency §8 trust-root-version'],
    file: bundle,
    find: '|| root.version < trust.trustRootVersion',
    replace: '',
    test: 'refused: root: an older root than was used before (trust-root-version)',
  },
  {
    name: 'an older epoch that tells of a newer trust root, unheard',
    rule: 'no older epoch of a bundle names a newer trust root',
    keeps: ['transparency §8 trust-root-version'],
    file: waiting,
    find: 'if (older.leaf.trustRootVersion > root.version)',
    replace: 'if (false)',
    test: 'attack: a thief of rotated keys goes on under the old trust root, and an older epoch tells of the new one',
  },
];

const signatures: readonly Cut[] = [
  {
    name: 'any artifact under a signed leaf',
    rule: 'the artifact has the digest that was signed',
    keeps: ['transparency §8 bad-digest'],
    file: epoch,
    find: '!equalBytes(digest, leaf.digest) || !equalBytes(digest, message.digest)',
    replace: 'false',
    test: 'refused: signed: another artifact (bad-digest)',
  },
  {
    name: 'a digest that the auditor did not sign',
    rule: 'the digest is the one in the auditor’s message',
    keeps: ['transparency §8 bad-digest'],
    file: epoch,
    find: '|| !equalBytes(digest, message.digest)',
    replace: '',
    test: 'attack: operator and log put another statement of the auditor under a leaf',
  },
  {
    name: 'a leaf that calls an artifact another epoch',
    rule: 'artifact and leaf say the same',
    keeps: ['transparency §8 contradictory-leaf'],
    file: epoch,
    find: 'if (namespace !== artifact.namespace || epoch !== artifact.epoch)',
    replace: 'if (false)',
    test: 'refused: signed: a leaf of another epoch (contradictory-leaf)',
  },
  {
    name: 'a statement that the auditor made for another epoch or namespace',
    rule: 'the auditor’s message says what the leaf says',
    keeps: ['transparency §8 contradictory-leaf'],
    file: epoch,
    find: 'of [leaf, message])',
    replace: 'of [leaf])',
    test: 'attack: operator and log put another statement of the auditor under a leaf',
  },
  {
    name: 'evidence swapped under an artifact',
    rule: 'the leaf lists the evidence of the artifact',
    keeps: ['transparency §8 wrong-evidence'],
    file: epoch,
    find: 'evidence.length !== leaf.evidence.length || !equalBytes(concat(...evidence), concat(...leaf.evidence))',
    replace: 'false',
    test: 'refused: signed: other evidence (wrong-evidence)',
  },
  {
    name: 'an auditor whom nobody named',
    rule: 'auditors are those of the trust root',
    keeps: ['transparency §8 bad-auditor-signature'],
    file: epoch,
    find: '!auditors.some((key) => equalBytes(key, auditor.key))',
    replace: 'false',
    test: 'refused: signed: an auditor nobody knows (bad-auditor-signature)',
  },
  {
    name: 'an auditor’s signature that nobody verifies',
    rule: 'the auditor’s signature verifies',
    keeps: ['transparency §8 bad-auditor-signature'],
    file: epoch,
    find: 'verifyPlexiSignature(auditor.message, auditor.key, auditor.signature);',
    replace: '',
    test: 'refused: signed: a forged auditor’s signature (bad-auditor-signature)',
  },
  {
    name: 'an operator whom nobody named',
    rule: 'operators are those of the trust root',
    keeps: ['transparency §8 bad-operator-signature'],
    file: epoch,
    find: '!operators.some((key) => equalBytes(key, leaf.operator.key))',
    replace: 'false',
    test: 'refused: signed: an operator nobody knows (bad-operator-signature)',
  },
  {
    name: 'a counter-signature that nobody verifies',
    rule: 'the operator’s signature verifies',
    keeps: ['transparency §8 bad-operator-signature', 'transparency §5'],
    file: countersigned,
    find: '!isEd25519Signature(key, countersignMessage(signed), signatures.full)',
    replace: 'false',
    test: 'refused: signed: a forged countersignature (bad-operator-signature)',
  },
  {
    name: 'a compatible counter-signature that nobody verifies',
    rule: 'both signatures of the operator verify',
    keeps: ['transparency §5', 'transparency §8 bad-operator-signature'],
    file: countersigned,
    find: '!isEd25519Signature(key, signed.auditorSignature, signatures.compatible)',
    replace: 'false',
    test: 'refused: signed: a forged compatible countersignature (bad-operator-signature)',
  },
  {
    name: 'a counter-signature for ever',
    rule: 'the operator signs how long its statement holds',
    keeps: ['transparency §5', 'transparency §8 expired'],
    file: countersigned,
    find: 'u64be(BigInt(signed.notAfterMs))',
    replace: 'u64be(0n)',
    test: 'refused: signed: a longer life than the operator gave it (bad-operator-signature)',
  },
];

const logged: readonly Cut[] = [
  {
    name: 'a checkpoint that no listed log signed',
    rule: 'a log of the trust root signed the checkpoint',
    keeps: ['transparency §8 bad-log-signature'],
    file: signed,
    find: 'if (signed.length === 0)',
    replace: 'if (false)',
    test: 'refused: logged: a checkpoint by another key (bad-log-signature)',
  },
  {
    name: 'a signed leaf that was never logged',
    rule: 'the leaf is in the checkpoint’s tree',
    keeps: ['transparency §8 not-included'],
    file: epoch,
    find: 'verifyInclusion(index, leafHash(leaf), hashes, signed.checkpoint);',
    replace: '',
    test: 'refused: logged: signed, but never logged (not-included)',
  },
  {
    name: 'cosignatures that nobody verifies',
    rule: 'a cosignature is of its witness, over this checkpoint',
    keeps: ['transparency §8 bad-cosignature'],
    file: 'transparency/dist/c2sp/cosignature.js',
    find: "throw new TransparencyError('bad-cosignature', 'a cosignature that does not verify');",
    replace: ';',
    test: 'refused: logged: a witness whose signature is another’s (bad-cosignature)',
  },
  {
    name: 'lines under a checkpoint that nobody can check',
    rule: 'a bundle carries signatures of listed keys only',
    keeps: ['transparency §8 unknown-signature'],
    file: epoch,
    find: 'if (known.length !== signed.note.signatures.length)',
    replace: 'if (false)',
    test: 'refused: logged: a line that nobody can check (unknown-signature)',
  },
  {
    name: 'one witness for a quorum',
    rule: 'a quorum of the policy cosigned',
    keeps: ['transparency §8 no-witness-quorum', 'transparency §2'],
    file: quorum,
    find: 'sorted[threshold - 1]',
    replace: 'sorted[0]',
    test: 'refused: logged: one witness (no-witness-quorum)',
  },
];
