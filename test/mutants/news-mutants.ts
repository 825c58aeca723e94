import { cutMutants } from './cut.js';
import type { Mutant } from './mutant.js';

const book = 'client/dist/fleets/over-the-air.js';
const vault = 'client/dist/backup-vault.js';

/** Mutants of what a client does with news of fleets, and while it has none. */
export function newsMutants(): Mutant[] {
  return [
    ...cutMutants('packages/client/test/fleet-trust.test.ts', [
      {
        name: 'a key in use whose checkpoint is not on disk',
        rule: 'verify, store, and only then use',
        keeps: ['transparency §9'],
        file: book,
        find: 'const held = this.#heldAfter(verified);',
        replace:
          'const held = this.#heldAfter(verified); this.#trustRoot = trustRoot; this.#trust = verified.clientTrust; this.#held = held;',
        test: 'attack: the store fails while it is to keep a checkpoint: no key of that bundle is used',
      },
      {
        name: 'a client that forgets what it has verified',
        rule: 'what is kept only goes forward',
        keeps: ['transparency §9', 'transparency §8 rollback'],
        file: book,
        find: 'clientTrust: this.#trust,',
        replace: 'clientTrust: newClientTrust,',
        test: 'attack: an older bundle is replayed: nothing changes and the fleet known so far goes on',
      },
      {
        name: 'a contradiction that anybody can make up',
        rule: 'only a fraud proof that verifies accuses',
        keeps: ['transparency §9', 'transparency §10'],
        file: 'client/dist/fleets/proven-fraud.js',
        find: 'verifyFraudProof(file, trustRoot);',
        replace: '',
        test: 'attack: a forged contradiction accuses nobody',
      },
      {
        name: 'a guess for a fleet of which the answer says that it is revoked',
        rule: 'news that a fleet is revoked end the call',
        keeps: ['transparency §9', 'transparency §8 fleet-revoked'],
        file: book,
        find: 'if (!this.usable().some((fleet) => equalBytes(fleet.configHash, configHash)))',
        replace: 'if (false)',
        test: 'attack: the home fleet turns out revoked: the call ends before a guess is sent to it',
      },
      {
        name: 'a revoked fleet that counts as usable',
        rule: 'a revoked fleet gets nothing',
        keeps: ['transparency §9', 'transparency §8 fleet-revoked'],
        file: book,
        find: "(status === 'revoked' ? [] : [fleet])",
        replace: '[fleet]',
        test: 'a fleet that is compiled in needs no waiting, and is given up when the log says so',
      },
      {
        name: 'a fleet that goes on although it is not listed any more',
        rule: 'what is not listed is not used',
        keeps: ['transparency §9'],
        file: book,
        find: 'return listed.flatMap(({ descriptor: fleet, status }) => {',
        replace:
          'const gone = this.#held.filter(({ fleet }) => !listed.some((each) => equalBytes(each.descriptor.configHash, fleet.configHash))); return [...gone.map(({ fleet, status }) => ({ descriptor: fleet, status })), ...listed].flatMap(({ descriptor: fleet, status }) => {',
        test: 'attack: a fleet that is not listed any more is not used either',
      },
      {
        name: 'a client that waits for no fleet',
        rule: 'what the app did not compile in has to wait',
        keeps: ['transparency §9', 'transparency §8 immature'],
        file: book,
        find: 'waiting: this.#waiting,',
        replace: 'waiting: { ...this.#waiting, waitingMs: 0 },',
        test: 'a fleet that has not been public for long enough is not moved to',
      },
      {
        name: 'a trust root that too few root keys signed',
        rule: 'roots between the one held and the leaf’s are verified step by step',
        keeps: ['transparency §9', 'transparency §7'],
        file: 'transparency/dist/keys/rotation.js',
        find: 'if (signed.length < threshold)',
        replace: 'if (false)',
        test: 'attack: a trust root that too few root keys signed',
      },
      {
        name: 'a client that forgets the trust root that it followed',
        rule: 'the newest trust root is kept',
        keeps: ['transparency §9'],
        file: book,
        find: 'own.version > stored.version ? own : stored',
        replace: 'own',
        test: 'a trust root that was rotated is followed step by step, and kept',
      },
      {
        name: 'trust that never gets old',
        rule: 'trust older than seven days is too old',
        keeps: ['transparency §9'],
        file: 'transparency/dist/client/client-trust.js',
        find: 'ageMs > trustAgeMsMax',
        replace: 'false',
        test: 'seven days to the millisecond are not too old; one more is',
      },
      {
        name: 'a recovery under old trust without a warning',
        rule: 'under old trust the person is warned before a recovery',
        keeps: ['transparency §9'],
        file: vault,
        find: 'if (isOldTrust && options.acceptOldTrust !== true)',
        replace: 'if (false)',
        test: 'attack: a host withholds every bundle: known fleets go on, and after seven days the person is warned',
      },
      {
        name: 'a registration under old trust',
        rule: 'under old trust nothing is registered',
        keeps: ['transparency §9'],
        file: 'client/dist/fleets/registering.js',
        find: 'if (book.isTrustOld())',
        replace: 'if (false)',
        test: 'a fleet that is compiled in serves a new device while log and witnesses are away, once the person was warned',
      },
    ]),
    ...cutMutants('packages/client/test/last-copy.test.ts', [
      {
        name: 'a revoked fleet that comes back',
        rule: 'what this device saw revoked stays revoked',
        keeps: ['transparency §9', 'transparency §3'],
        file: book,
        find: "|| before?.status === 'revoked'",
        replace: '',
        test: 'a fleet that this device saw revoked stays revoked, whatever is signed later',
      },
      {
        name: 'a revoked fleet that is forgotten because it was never accepted',
        rule: 'what this device saw revoked stays revoked, accepted or not',
        keeps: ['transparency §9', 'transparency §3'],
        file: book,
        find: "if (status === 'revoked' || before",
        replace: "if ((status === 'revoked' && before !== undefined) || before",
        test: 'attack: a fleet that was revoked before this device accepted it is not brought back by a leaf from before that',
      },
      {
        name: 'a registration that is finished under old trust',
        rule: 'under old trust no registration is finished',
        keeps: ['transparency §9'],
        file: vault,
        find: 'if (session.book.isTrustOld() && (await isRegistering(session)))',
        replace: 'if (false)',
        test: 'attack: news are withheld for a week: no registration is finished and no old vault erased by what may be revoked',
      },
    ]),
    ...frauds(),
    ...cutMutants('packages/gateway/test/bundles.test.ts', [
      {
        name: 'a gateway that hands out what it has not verified',
        rule: 'what a gateway does not verify it does not hand out',
        keeps: ['transparency §9'],
        file: 'gateway/dist/log-bundle-source.js',
        find: 'const verified = verifyBundle({ bundle, trustRoot, clientTrust: this.#trust, nowMs: clock.nowMs(), expectations: { namespace, origin }, });',
        replace:
          'void [namespace, origin, clock]; const verified = { epoch: size, witnessedMs: 0, clientTrust: this.#trust };',
        test: 'what it does not verify it does not hand out; the last good bundle stays: an auditor whom nobody knows',
      },
    ]),
    ...cutMutants('packages/publication/test/build-bundle.test.ts', [
      {
        name: 'a bundle that clients refuse because a key was dropped',
        rule: 'an older epoch whose signer is not in force is left out',
        keeps: ['transparency §9'],
        file: 'publication/dist/build-bundle.js',
        find: 'inLog(() => isSignedInForce(decodeLeaf(leaf), trustRoot))',
        replace: '(void [leaf, isSignedInForce], true)',
        test: 'an older epoch whose signer is not listed any more, or was revoked before it, is left out: the bundle is accepted',
      },
      {
        name: 'a bundle of parts that do not belong together',
        rule: 'a bundle is built of what its log has',
        keeps: ['transparency §9'],
        file: 'publication/dist/build-bundle.js',
        find: 'if (!equalBytes(artifactDigest(artifact), digest))',
        replace: 'if (false)',
        test: 'no bundle when an artifact is another one: bad-log',
      },
    ]),
  ];
}

/** Of a fraud proof that comes in the middle of a call. */
function frauds(): Mutant[] {
  const keeps = ['transparency §9', 'transparency §10'] as const;
  const inDecoy = 'attack: a fraud with the answer to a decoy: it is not lost with the decoy';
  const inRefill =
    'attack: a fraud with the answer to a refill: the person has the key and the proof, and nothing more is sent';
  return cutMutants('packages/client/test/fleet-fraud.test.ts', [
    {
      name: 'a client that goes on after a proven fraud',
      rule: 'a fraud proof ends the call',
      keeps,
      file: book,
      find: "|| error.code === 'log-fraud'",
      replace: '',
      test: inDecoy,
    },
    {
      name: 'a fraud proof that is lost with a decoy',
      rule: 'a decoy may get lost, a fraud proof not',
      keeps,
      file: 'client/dist/recovery.js',
      find: '|| isLie(error)',
      replace: "|| (isLie(error) && error.code !== 'log-fraud')",
      test: inDecoy,
    },
    {
      name: 'a key that is kept back because the log lies',
      rule: 'a key that was recovered is returned',
      keeps,
      file: 'client/dist/client.js',
      find: "error.code === 'log-fraud' || !isLie(error)",
      replace: '!isLie(error)',
      test: inRefill,
    },
    {
      name: 'a fraud proof that ends with its call',
      rule: 'a fraud proof is among the warnings of every later call',
      keeps,
      file: book,
      find: '...fraudWarnings(this.#fraud),',
      replace: '',
      test: inRefill,
    },
    {
      name: 'a step after the one that met a fraud',
      rule: 'after a fraud the call sends nothing more',
      keeps,
      file: book,
      find: 'if (this.#isStopped && this.#fraud !== undefined)',
      replace: 'if (false)',
      test: 'attack: a fraud in the middle of a move: the key is returned, and the old vault is not erased in that call',
    },
    {
      name: 'a fraud proof behind another failure',
      rule: 'an erasure everywhere ends with a fraud',
      keeps,
      file: 'client/dist/fleets/erase-everywhere.js',
      find: "|| error.code === 'log-fraud'",
      replace: '',
      test: 'attack: a fraud while everything is to be erased: it is not lost behind a fleet that was down before',
    },
  ]);
}
