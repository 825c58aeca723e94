import { equalBytes } from '@coffer/base';
import { assembleCertificate, entryHash, type LeafWrite, type SignedEntry, type Term } from '@coffer/protocol';
import { type Attack, type Ground, testAttacks } from './attack.js';
import { type Bench, RefusedError } from './bench.js';
import { VaultUser } from './vault-user.js';

const agreement = 'hsm/dist/agreement.js';
/** Whose assumption of leadership a promise is for is a rule of its own, which would stop some of these attacks too. */
const anyNonce = [
  {
    file: agreement,
    find: 'if (!promises.every((p) => equalBytes(p.statement.nonce, nonce)))',
    replace: 'if (false)',
  },
  { file: agreement, find: 'if (!equalBytes(promise.nonce, promises[0].statement.nonce))', replace: 'if (false)' },
];
const groupFile = 'hsm/dist/group.js';

/** Three HSMs; the attacker drives A (1), B (2) and C (3) by hand. */
function three(ground: Ground) {
  const bench = ground.bench({ sites: 3 });
  const ann = new VaultUser(bench, 'ann');
  const executed = new Map<SignedEntry, readonly LeafWrite[]>();
  return {
    bench,
    /** A batch of one status request, executed by `leaderId` and known to nobody else. */
    execute(leaderId: number, term: Term): SignedEntry {
      const { entry, leaves } = bench.execute([bench.item(ann.vaultId, ann.seal({ type: 'status' }).sealed)], {
        leaderId,
        term,
      });
      if (entry === undefined) throw new Error('nothing executed');
      executed.set(entry, leaves);
      return entry;
    },
    /** Moves the host's tree to `entry`. */
    apply: (entry: SignedEntry) => bench.apply(0, entry, executed.get(entry) ?? []),
  };
}

/** t's leader opens t with the promises of `voters` as they are now. */
function open(bench: Bench, t: Term, voters: readonly number[]) {
  const promises = voters.map((id) => bench.promise(id, t));
  return bench.ask(t.leaderId, 'new-view', { type: 'new-view', group: 0, t, promises, base: undefined });
}

const t = (round: bigint, leaderId: number): Term => ({ round, leaderId });

/** Whether `voters` certify `entry`: what a fork needs twice at one index. */
function certify(bench: Bench, voters: readonly number[], entry: SignedEntry): boolean {
  const certificate = assembleCertificate(voters.map((id) => bench.capture(id, [entry])));
  bench.modules.protocol.verifyQuorumCertificate(bench.fleet, certificate);
  return true;
}

const attacks: Attack[] = [
  {
    name: 'a reply before its majority',
    rule: 'release only with a quorum certificate (safety rule 1, consensus rule 6)',
    run(ground) {
      const { bench, execute } = three(ground);
      bench.lead(1);
      const entry = execute(1, bench.term);
      const certificate = assembleCertificate([bench.capture(1, [entry])]);
      return bench.ask(1, 'released', { type: 'release', certificate }).entries.length === 1;
    },
    without: [
      {
        file: 'protocol/dist/quorum-certificate.js',
        find: 'if (signatures.length < fleet.quorum)',
        replace: 'if (signatures.length < 1)',
      },
    ],
  },
  {
    name: 'one member counted twice',
    rule: 'a certificate counts distinct members',
    run(ground) {
      const { bench, execute } = three(ground);
      bench.lead(1);
      const cap = bench.capture(1, [execute(1, bench.term)]);
      const certificate = assembleCertificate([cap, cap]);
      return bench.ask(1, 'released', { type: 'release', certificate }).entries.length === 1;
    },
    without: [{ file: 'protocol/dist/quorum-certificate.js', find: 'if (hsm <= last)', replace: 'if (hsm < last)' }],
  },
  {
    name: 'a certificate that nobody signed',
    rule: 'every signature of a certificate is checked',
    run(ground) {
      const { bench, execute } = three(ground);
      bench.lead(1);
      const cap = bench.capture(1, [execute(1, bench.term)]);
      const forged = { statement: { ...cap.statement, hsm: 2 }, signature: new Uint8Array(64) };
      const certificate = assembleCertificate([cap, forged]);
      return bench.ask(1, 'released', { type: 'release', certificate }).entries.length === 1;
    },
    without: [
      {
        file: 'protocol/dist/statements.js',
        find: 'author === undefined || !isEd25519Signature(author.key, message, signature)',
        replace: 'author === undefined',
      },
    ],
  },
  {
    name: 'two leaders evaluating one KE1',
    rule: 'replies are released for exactly the certified entry, never by index alone (consensus rule 6)',
    async run(ground) {
      const bench = ground.bench({ sites: 3 });
      bench.lead(1);
      const ann = new VaultUser(bench, 'ann');
      await ann.register('right', { budgetMax: 1 });
      const first = bench.execute([bench.item(ann.vaultId, ann.seal(ann.ke1('pin 1').request).sealed)], {
        leaderId: 1,
      });
      if (first.entry === undefined) return false;
      bench.capture(1, [first.entry]);
      // B takes over without A, and evaluates another KE1 at the same index, on the same charge.
      bench.lead(2, [2, 3]);
      const second = bench.execute([bench.item(ann.vaultId, ann.seal(ann.ke1('pin 2').request).sealed)]);
      if (second.entry === undefined) return false;
      const { certificate } = bench.commit(second.entry, [2, 3]);
      return bench
        .ask(1, 'released', { type: 'release', certificate })
        .entries.some((e) => e.index === certificate.index);
    },
    without: [
      {
        file: 'hsm/dist/kept-replies.js',
        find: 'e.index === index && equalBytes(e.hash, hash)',
        replace: 'e.index === index',
      },
    ],
  },
  {
    name: 'replies of a batch that never happened',
    rule: 'adopting another history wipes what was kept (consensus rule 10)',
    async run(ground) {
      const { bench, execute, apply } = three(ground);
      bench.lead(1);
      const lost = execute(1, bench.term);
      bench.capture(1, [lost]);
      bench.lead(2, [2, 3]);
      const other = execute(2, bench.term);
      apply(other);
      return lost !== undefined && releasedAfterReturn(bench, other, lost);
    },
    without: [
      {
        file: 'hsm/dist/kept-replies.js',
        find: 'this.#entries = this.#find(position) === undefined ? []',
        replace: 'this.#entries = true ? this.#entries',
      },
    ],
  },
  {
    name: 'a view without a quorum of promises',
    rule: 'a new term starts from promises of a quorum (consensus rules 2 and 3)',
    run(ground) {
      const { bench, execute } = three(ground);
      bench.lead(1);
      const first = execute(1, bench.term);
      certify(bench, [1, 3], first);
      const t2 = t(9n, 2);
      const { view } = open(bench, t2, [2]);
      bench.ask(3, 'captured', { type: 'adopt', view });
      return certify(bench, [2, 3], execute(2, t2));
    },
    without: [{ file: agreement, find: 'members.size < fleet.quorum', replace: 'members.size < 1' }],
  },
  {
    name: 'one member promising twice',
    rule: 'promises count distinct members',
    run(ground) {
      const { bench, execute } = three(ground);
      bench.lead(1);
      const first = execute(1, bench.term);
      certify(bench, [1, 3], first);
      const t2 = t(9n, 2);
      const own = bench.promise(2, t2);
      const { view } = bench.ask(2, 'new-view', {
        type: 'new-view',
        group: 0,
        t: t2,
        promises: [own, own],
        base: undefined,
      });
      bench.ask(3, 'captured', { type: 'adopt', view });
      return certify(bench, [2, 3], execute(2, t2));
    },
    without: [
      { file: agreement, find: 'if (members.has(promise.hsm))', replace: 'if (false)' },
      { file: agreement, find: 'members.size < fleet.quorum', replace: 'promises.length < fleet.quorum' },
    ],
  },
  {
    name: 'promises for another term',
    rule: 'a view counts only promises for its own term',
    run(ground) {
      const { bench, execute } = three(ground);
      bench.lead(1);
      // C promised something long ago; since then it has captured under A.
      const old = bench.promise(3, t(2n, 3));
      const promises = [1, 2, 3].map((id) => bench.promise(id, t(3n, 1)));
      const opened = bench.ask(1, 'new-view', { type: 'new-view', group: 0, t: t(3n, 1), promises, base: undefined });
      bench.ask(3, 'captured', { type: 'adopt', view: opened.view });
      const first = execute(1, t(3n, 1));
      certify(bench, [1, 3], first);
      const t4 = t(4n, 2);
      const own = bench.promise(2, t4);
      const { view } = bench.ask(2, 'new-view', {
        type: 'new-view',
        group: 0,
        t: t4,
        promises: [own, old],
        base: undefined,
      });
      bench.ask(3, 'captured', { type: 'adopt', view });
      return certify(bench, [2, 3], execute(2, t4));
    },
    without: [
      { file: agreement, find: '!here || compareTerms(promise.t, view.t) !== 0', replace: '!here' },
      ...anyNonce,
    ],
  },
  {
    name: 'a base below what was certified',
    rule: 'the base is the greatest promise',
    run(ground) {
      const { bench, execute } = three(ground);
      bench.lead(1);
      const first = execute(1, bench.term);
      certify(bench, [1, 3], first);
      const t2 = t(9n, 2);
      // B's and C's promises; C's names the certified entry, and must win.
      const promises = [2, 3].map((id) => bench.promise(id, t2));
      const { view } = bench.ask(2, 'new-view', { type: 'new-view', group: 0, t: t2, promises, base: first });
      return !equalBytes(view.statement.base.hash, entryHash(first.entry));
    },
    without: [{ file: agreement, find: 'if (order > 0)', replace: 'if (order > 0 && greatest === undefined)' }],
  },
  {
    name: 'capture after a promise to somebody else',
    rule: 'who promised a later term captures nothing of an earlier one (consensus rule 5)',
    run(ground) {
      const { bench, execute } = three(ground);
      bench.lead(1);
      const t1 = bench.term;
      const t2 = t(9n, 2);
      const { view } = open(bench, t2, [2, 3]);
      const first = execute(1, t1);
      certify(bench, [1, 3], first);
      bench.ask(3, 'captured', { type: 'adopt', view });
      return certify(bench, [2, 3], execute(2, t2));
    },
    without: [{ file: agreement, find: 'if (compareTerms(state.capTerm, state.promised) < 0)', replace: 'if (false)' }],
  },
  {
    name: 'an old view adopted after a promise to somebody else',
    rule: 'a view below the promised term is not adopted (consensus rule 3)',
    run(ground) {
      const { bench, execute } = three(ground);
      const t1 = t(1n, 1);
      const { view: old } = open(bench, t1, [1, 2]);
      const t2 = t(2n, 2);
      const { view } = open(bench, t2, [2, 3]);
      bench.ask(3, 'captured', { type: 'adopt', view: old });
      const first = execute(1, t1);
      certify(bench, [1, 3], first);
      bench.ask(3, 'captured', { type: 'adopt', view });
      return certify(bench, [2, 3], execute(2, t2));
    },
    without: [
      {
        file: agreement,
        find: 'compareTerms(t, state.promised) < 0 || compareTerms(state.capTerm, t) >= 0',
        replace: 'compareTerms(state.capTerm, t) >= 0',
      },
    ],
  },
  {
    name: 'one term led twice',
    rule: 'a restarted leader needs a new term (consensus rules 1 and 2)',
    run(ground) {
      const { bench, execute } = three(ground);
      bench.lead(1);
      const t1 = bench.term;
      const first = execute(1, t1);
      const kept = [1, 2].map((id) => bench.capture(id, [first]));
      bench.restart(1);
      const promises = [1, 3].map((id) => bench.promise(id, t1));
      bench.ask(1, 'new-view', { type: 'new-view', group: 0, t: t1, promises, base: first });
      return kept.length === 2;
    },
    without: [
      {
        file: agreement,
        find: 'if (compareTerms(t, state.promised) <= 0)',
        replace: 'if (compareTerms(t, state.promised) < 0)',
      },
      {
        file: agreement,
        find: 'compareTerms(state.promised, t) !== 0 || compareTerms(state.capTerm, t) >= 0',
        replace: 'false',
      },
    ],
  },
  {
    name: "leading somebody else's term",
    rule: 'only its own leader opens a term (consensus rule 2)',
    run(ground) {
      const { bench } = three(ground);
      const t1 = t(1n, 1);
      const promises = [1, 2].map((id) => bench.promise(id, t1));
      bench.ask(2, 'new-view', { type: 'new-view', group: 0, t: t1, promises, base: undefined });
      return true;
    },
    without: [
      { file: agreement, find: 'if (t.leaderId !== own)', replace: 'if (false)' },
      { file: groupFile, find: 'this.#candidacy = t.leaderId === this.#own ?', replace: 'this.#candidacy = true ?' },
      ...anyNonce,
    ],
  },
  {
    name: 'a jump on one word',
    rule: 'a jump needs a quorum certificate (consensus rule 7)',
    run(ground) {
      const { bench, execute } = three(ground);
      bench.lead(1);
      const cap = bench.capture(1, [execute(1, bench.term)]);
      bench.ask(3, 'captured', { type: 'jump', certificate: assembleCertificate([cap]) });
      return true;
    },
    without: [
      {
        file: groupFile,
        find: `checked(() => verifyQuorumCertificate(this.#fleet, certificate));
        this.#state = jumpTo`,
        replace: 'this.#state = jumpTo',
      },
    ],
  },
  {
    name: 'a jump backwards',
    rule: 'a jump only goes forward (consensus rule 7)',
    run(ground) {
      const { bench, execute, apply } = three(ground);
      bench.lead(1);
      const first = execute(1, bench.term);
      apply(first);
      const { certificate } = bench.commit(first);
      const second = execute(1, bench.term);
      bench.commit(second);
      return bench.ask(3, 'captured', { type: 'jump', certificate }).cap.statement.index === 1n;
    },
    without: [
      {
        file: agreement,
        find: 'if (comparePositions({ capTerm: at.term, index: at.index }, state) <= 0)',
        replace: 'if (false)',
      },
    ],
  },
  {
    name: 'an entry that its leader did not sign',
    rule: 'every captured entry carries its leader signature (consensus rule 5)',
    run(ground) {
      const { bench, execute } = three(ground);
      bench.lead(1);
      const entry = execute(1, bench.term);
      const forged = { entry: { ...entry.entry, repliesRoot: new Uint8Array(32) }, signature: entry.signature };
      bench.capture(2, [forged]);
      return true;
    },
    without: [
      {
        file: 'protocol/dist/entry.js',
        find: 'leader === undefined || !isEd25519Signature(leader.key, entrySignatureMessage(hash), signed.signature)',
        replace: 'leader === undefined',
      },
    ],
  },
  {
    name: 'a gap in the chain',
    rule: 'an entry is captured only on top of its predecessor (consensus rule 5)',
    run(ground) {
      const { bench, execute, apply } = three(ground);
      bench.lead(1);
      const first = execute(1, bench.term);
      apply(first);
      bench.capture(2, [execute(1, bench.term)]);
      return true;
    },
    without: [
      {
        file: agreement,
        find: 'entry.index !== next.index + 1n || !equalBytes(entry.prevHash, next.hash)',
        replace: 'false',
      },
    ],
  },
  {
    name: 'an entry of an old leader, captured under a new term',
    rule: 'the entry is of the term that is captured under (consensus rule 5)',
    run(ground) {
      const { bench, execute } = three(ground);
      bench.lead(1);
      const old = execute(1, bench.term);
      bench.lead(2, [2, 3]);
      bench.capture(3, [old]);
      return true;
    },
    without: [{ file: agreement, find: 'if (compareTerms(entry.term, next.capTerm) !== 0)', replace: 'if (false)' }],
  },
  {
    name: 'a signature that survives a failed write',
    rule: 'persist, then sign (consensus rule 8)',
    run(ground) {
      const { bench } = three(ground);
      bench.member(1).nvram.persist = () => {
        throw new Error('disk full');
      };
      return bench.call(1, { type: 'promise', group: 0, t: t(1n, 1), nonce: new Uint8Array(32) }).type === 'promised';
    },
    without: [
      {
        file: 'hsm/dist/hsm.js',
        find: 'catch (cause) {\n            this.#halted = cause;\n        }\n    }\n    #emit',
        replace: 'catch (cause) {\n        }\n    }\n    #emit',
      },
    ],
  },
  {
    name: 'rounds used up',
    rule: 'a promise raises the round by a bounded step',
    run(ground) {
      const { bench } = three(ground);
      bench.promise(1, t(0xffff_ffff_ffff_ffffn, 1));
      return true;
    },
    without: [{ file: agreement, find: 'if (t.round - state.promised.round > roundStepMax)', replace: 'if (false)' }],
  },
  {
    name: 'a fleet whose quorums need not meet',
    rule: 'the quorum is at least floor((n + s)/2) + 1',
    run(ground) {
      try {
        ground.bench({ sites: 5, rollbackTolerance: 1, quorum: 3 });
        return true;
      } catch (cause) {
        if (cause instanceof ground.modules.protocol.ProtocolError) return false;
        throw cause;
      }
    },
    without: [
      {
        file: 'protocol/dist/fleet-descriptor.js',
        find: 'if (fleet.quorum < quorumFloor(members.length, fleet.rollbackTolerance))',
        replace: 'if (false)',
      },
    ],
  },
];

/** A returns to the chain of B, leads again, and releases: does it hand out the batch that never happened? */
function releasedAfterReturn(bench: Bench, other: SignedEntry, lost: SignedEntry): boolean {
  for (const id of [2, 3]) bench.capture(id, [other]);
  bench.lead(1);
  const ann = new VaultUser(bench, 'ann');
  const { entry } = bench.execute([bench.item(ann.vaultId, ann.seal({ type: 'status' }).sealed)]);
  if (entry === undefined) throw new RefusedError('nothing executed');
  const { released } = bench.commit(entry);
  return released.some((r) => equalBytes(r.hash, entryHash(lost.entry)));
}

testAttacks(attacks);
