import { epochCuts } from './audit-epoch-cuts.js';
import { viewMutants } from './audit-view-mutants.js';
import { cutMutants } from './cut.js';
import type { Mutant } from './mutant.js';

const audit = 'monitor/dist/audit-pass.js';
const checks = 'monitor/dist/epoch-checks.js';
const chain = 'monitor/dist/root-chain.js';

/** Mutants of an audit: the doubts that it has to raise, in the order of their table. */
export function auditMutants(): Mutant[] {
  const checkpoints = 'checkpoints: another log’s key, too few witnesses, an old quorum, a tree of other leaves';
  const chains = 'trust roots: a chain is followed, keys count by the root of their leaf, and revocations by position';
  return [
    ...cutMutants('packages/monitor/test/audit.test.ts', [
      {
        name: 'an audit that believes any trust root',
        rule: 'roots are verified by the one before',
        keeps: ['audit §2 trust-roots', 'transparency §7'],
        file: chain,
        find: 'verifyRotation(before, decodeTrustRoot(bytes))',
        replace: 'decodeTrustRoot(bytes).trustRoot',
        test: chains,
      },
      {
        name: 'an audit of two trust roots of one version',
        rule: 'there is one trust root of a version',
        keeps: ['audit §2 trust-roots'],
        file: chain,
        find: 'if (!equalBytes(trustRootMessage(last), trustRootMessage(shown)))',
        replace: 'if (false)',
        test: chains,
      },
      {
        name: 'an audit without witnesses',
        rule: 'a quorum of witnesses cosigned',
        keeps: ['audit §2 witness-quorum'],
        file: audit,
        find: 'if (newestMs === undefined)',
        replace: 'if (newestMs === undefined) return; if (false)',
        test: checkpoints,
      },
      {
        name: 'an audit of a frozen log',
        rule: 'the quorum stood behind it in the last 48 hours',
        keeps: ['audit §2 stale'],
        file: audit,
        find: 'if (ageMs > checkpointAgeMsMax)',
        replace: 'if (false)',
        test: checkpoints,
      },
      {
        name: 'an audit that believes tiles',
        rule: 'every tile is made of the log’s entries',
        keeps: ['audit §2 tile'],
        file: audit,
        find: 'if (!equalBytes(shown, bytes))',
        replace: 'if (false)',
        test: 'shown: a tile of other hashes',
      },
      {
        name: 'an audit that believes a root',
        rule: 'the entries make the tree that was signed',
        keeps: ['audit §2 tree-root'],
        file: audit,
        find: 'if (equalBytes(this.#state.recount.root, known.root))',
        replace: 'if (true)',
        test: checkpoints,
      },
      ...epochCuts(),
      {
        name: 'an audit of checkpoints that a thief signed',
        rule: 'the log’s key is not revoked at the checkpoint’s size',
        keeps: ['audit §2 key-revoked'],
        file: audit,
        find: 'await this.#doubts.keep(undefined, () => verifyLogKeys(known, this.#state.roots));',
        replace: '',
        test: 'a log key that was revoked at a smaller size signs no checkpoint',
      },
      {
        name: 'an audit that follows trust roots backwards',
        rule: 'leaves name no older trust root than those before',
        keeps: ['audit §2 trust-root-version'],
        file: checks,
        find: 'if (trustRootVersion < before)',
        replace: 'if (false)',
        test: chains,
      },
    ]),
    ...viewMutants(),
  ];
}
