import { equalBytes, utf8 } from '@coffer/base';
import { assembleCertificate, entryHash, repliesRoot, type SignedEntry, type Term } from '@coffer/protocol';
import { type Attack, type Ground, testAttacks } from './attack.js';
import type { Bench } from './bench.js';
import { VaultUser } from './vault-user.js';

const agreement = 'hsm/dist/agreement.js';
const groupFile = 'hsm/dist/group.js';
const commitProof = 'protocol/dist/commit-proof.js';

const t = (round: bigint, leaderId: number): Term => ({ round, leaderId });

/** A led fleet whose host stores every batch that is executed here. */
function led(ground: Ground, sites = 3, rollbackTolerance = 0) {
  const bench = ground.bench({ sites, rollbackTolerance });
  const ann = new VaultUser(bench, 'ann');
  bench.lead(1);
  return {
    bench,
    ann,
    /** A batch of one status request. */
    execute(leaderId = bench.leaderId, term = bench.term): SignedEntry {
      const items = [bench.item(ann.vaultId, ann.seal({ type: 'status' }).sealed)];
      const { entry, leaves } = bench.execute(items, { leaderId, term });
      if (entry === undefined) throw new Error('nothing executed');
      bench.apply(0, entry, leaves);
      return entry;
    },
  };
}

/** Promises for a new term of `leaderId`, and the view that they justify. */
function open(bench: Bench, term: Term, voters: readonly number[], base?: SignedEntry) {
  // The leader first: the others promise with the nonce that it draws.
  const leaderFirst = [...voters].sort((a, b) => Number(b === term.leaderId) - Number(a === term.leaderId));
  const promises = leaderFirst.map((id) => bench.promise(id, term));
  return bench.ask(term.leaderId, 'new-view', { type: 'new-view', group: 0, t: term, promises, base });
}

/** Whether `check` passes; a ProtocolError counts as no. */
function holds({ modules }: Ground, check: () => unknown): boolean {
  try {
    check();
    return true;
  } catch (cause) {
    if (cause instanceof modules.protocol.ProtocolError) return false;
    throw cause;
  }
}

const attacks: Attack[] = [
  {
    name: 'a promise given twice',
    rule: 'a promise only goes up (consensus rule 1)',
    run(ground) {
      const { bench } = led(ground);
      bench.promise(2, t(9n, 2));
      bench.promise(2, t(9n, 2));
      return true;
    },
    without: [
      { file: agreement, find: 'compareTerms(t, state.promised) <= 0', replace: 'compareTerms(t, state.promised) < 0' },
    ],
  },
  {
    name: 'a view without the word of its own leader',
    rule: "a leader's own promise is among those of its view (consensus rule 2)",
    run(ground) {
      const { bench } = led(ground);
      const promises = [1, 2, 3].map((id) => bench.promise(id, t(9n, 1))).slice(1);
      bench.ask(1, 'new-view', { type: 'new-view', group: 0, t: t(9n, 1), promises, base: undefined });
      return true;
    },
    without: [{ file: agreement, find: 'if (!promises.some((p) => p.statement.hsm === own))', replace: 'if (false)' }],
  },
  {
    name: 'one view adopted twice',
    rule: 'a view is adopted only from below its term (consensus rule 3)',
    run(ground) {
      const { bench, execute } = led(ground);
      const { view } = open(bench, t(9n, 1), [1, 2, 3]);
      bench.ask(3, 'captured', { type: 'adopt', view });
      bench.capture(3, [execute(1, t(9n, 1))]);
      // Certified by 1 and 3, and forgotten by 3.
      return bench.ask(3, 'captured', { type: 'adopt', view }).cap.statement.index === 0n;
    },
    without: [
      {
        file: agreement,
        find: 'compareTerms(t, state.promised) < 0 || compareTerms(state.capTerm, t) >= 0',
        replace: 'compareTerms(t, state.promised) < 0',
      },
    ],
  },
  {
    name: 'a view that its leader never opened',
    rule: "a view carries its leader's signature (consensus rule 3)",
    run(ground) {
      const { bench } = led(ground);
      const term = t(9n, 2);
      const promises = [2, 3].map((id) => bench.promise(id, term));
      const { capTerm, index, hash } = bench.ask(3, 'inspected', { type: 'inspect', group: 0 });
      const { configHash } = bench.fleet;
      const statement = { group: 0, configHash, t: term, base: { capTerm, index, hash }, promises };
      bench.ask(3, 'captured', { type: 'adopt', view: { statement, signature: new Uint8Array(64) } });
      return true;
    },
    without: [{ file: groupFile, find: 'verifyNewViewSignature(this.#fleet, signed)', replace: 'signed.statement' }],
  },
  {
    name: 'a release by a leader that has not captured',
    rule: 'who releases has itself captured up to there (consensus rule 6)',
    run(ground) {
      const { bench, execute } = led(ground);
      const entry = execute();
      const certificate = assembleCertificate([2, 3].map((id) => bench.capture(id, [entry])));
      return bench.ask(1, 'released', { type: 'release', certificate }).entries.length > 0;
    },
    without: [{ file: groupFile, find: 'if (this.#state.index < certificate.index)', replace: 'if (false)' }],
  },
  {
    name: 'a promise forgotten in a jump',
    rule: 'a jump lowers no promise (consensus rule 7)',
    run(ground) {
      const { bench, execute } = led(ground);
      const first = execute();
      const certificate = assembleCertificate([1, 2].map((id) => bench.capture(id, [first])));
      const second = execute();
      bench.promise(3, t(9n, 2));
      bench.ask(3, 'captured', { type: 'jump', certificate });
      bench.capture(3, [second]);
      return true;
    },
    without: [
      {
        file: agreement,
        find: 'compareTerms(at.term, state.promised) > 0 ? at.term : state.promised',
        replace: 'at.term',
      },
    ],
  },
  {
    name: 'replies of a batch that never happened, after a jump',
    rule: 'jumping to another history wipes what was kept (consensus rule 10)',
    run(ground) {
      const { bench, execute } = led(ground);
      const back = bench.snapshot();
      const lost = execute();
      bench.capture(1, [lost]);
      back();
      bench.lead(2, [2, 3]);
      const { certificate } = bench.commit(execute(), [2, 3]);
      bench.ask(1, 'captured', { type: 'jump', certificate });
      bench.lead(1);
      const { released } = bench.commit(execute());
      return released.some((r) => equalBytes(r.hash, entryHash(lost.entry)));
    },
    without: [
      { file: groupFile, find: 'this.#kept.retain(certificate);', replace: '' },
      {
        file: groupFile,
        find: 'this.#kept.retain(view.base); this.#leadership = {',
        replace: 'this.#leadership = {',
      },
    ],
  },
  {
    name: 'an older state under a new leader',
    rule: "a new leader's root is that of the base entry (consensus rule 10)",
    async run(ground) {
      const { bench, ann } = led(ground);
      await ann.register('right', { budgetMax: 1 });
      const base = bench.entries[0]?.at(-1);
      const back = bench.snapshot();
      await ann.guess('wrong');
      const term = t(9n, 2);
      open(bench, term, [1, 2, 3], base);
      back();
      const items = [bench.item(ann.vaultId, ann.seal(ann.ke1('right').request).sealed)];
      return bench.execute(items, { leaderId: 2, term }).entry !== undefined;
    },
    without: [
      {
        file: groupFile,
        find: 'signed === undefined || !equalBytes(entryHash(signed.entry), base.hash)',
        replace: 'signed === undefined',
      },
    ],
  },
  {
    name: 'a member that forgot what it captured',
    rule: 'two quorums share more members than may have been rolled back',
    run(ground) {
      const { bench, execute } = led(ground, 5, 1);
      const old = bench.member(3).nvram.load() as Uint8Array;
      const back = bench.snapshot();
      const entry = execute();
      const one = assembleCertificate([1, 2, 3].map((id) => bench.capture(id, [entry])));
      back();
      bench.member(3).nvram.persist(old);
      bench.restart(3);
      const term = t(9n, 4);
      const { view } = open(bench, term, [3, 4, 5]);
      for (const id of [3, 5]) bench.ask(id, 'captured', { type: 'adopt', view });
      const other = execute(4, term);
      const two = assembleCertificate([3, 4, 5].map((id) => bench.capture(id, [other])));
      const { verifyQuorumCertificate } = ground.modules.protocol;
      return holds(ground, () => [one, two].map((each) => verifyQuorumCertificate(bench.fleet, each)));
    },
    without: [
      {
        file: 'protocol/dist/fleet-descriptor.js',
        find: 'Math.floor((members + rollbackTolerance) / 2) + 1',
        replace: 'Math.floor(members / 2) + 1',
      },
    ],
  },
  {
    name: 'storage that tells what a request did',
    rule: 'every leaf is sealed again under a fresh salt (consensus rule 9)',
    run(ground) {
      const { bench, ann } = led(ground);
      const leaf = () => {
        ann.status();
        return bench.item(ann.vaultId, new Uint8Array()).leaf as Uint8Array;
      };
      return equalBytes(leaf(), leaf());
    },
    without: [
      {
        file: 'hsm/dist/record.js',
        find: 'placeBytes(place), padded, entropy)',
        replace: 'placeBytes(place), padded, { bytes: (length) => new Uint8Array(length) })',
      },
    ],
  },
  {
    name: "somebody else's reply under a good proof",
    rule: 'a commit proof is for one exact reply (docs/spec/protocol.md §10)',
    run(ground) {
      const { bench, ann } = led(ground);
      const [first, second] = [1, 2].map(() => bench.send(ann.vaultId, ann.seal({ type: 'status' }).sealed));
      if (first === undefined || second === undefined) return false;
      const { verifyCommitProof } = ground.modules.protocol;
      return holds(ground, () => verifyCommitProof(bench.fleet, 0, first.reply, second.proof));
    },
    without: [
      {
        file: commitProof,
        find: 'if (!isReplyUnder(first.repliesRoot, reply, proof.replyIndex, first.count, proof.path))',
        replace: 'if (false)',
      },
    ],
  },
  {
    name: 'a made-up entry before a certified one',
    rule: 'the entries of a commit proof are one chain (docs/spec/protocol.md §10)',
    run(ground) {
      const { bench, ann } = led(ground);
      bench.send(ann.vaultId, ann.seal({ type: 'status' }).sealed);
      const real = bench.send(ann.vaultId, ann.seal({ type: 'status' }).sealed);
      const last = real?.proof.entries[0];
      if (real === undefined || last === undefined) return false;
      const reply = utf8('anything');
      const made = { ...last, index: last.index - 1n, repliesRoot: repliesRoot([reply]) };
      const { verifyCommitProof } = ground.modules.protocol;
      return holds(ground, () => verifyCommitProof(bench.fleet, 0, reply, { ...real.proof, entries: [made, last] }));
    },
    without: [
      {
        file: commitProof,
        find: 'next.index !== last.index + 1n || !equalBytes(next.prevHash, hash)',
        replace: 'next.index !== last.index + 1n',
      },
    ],
  },
  {
    name: 'a good proof whose certificate is for another entry',
    rule: 'a commit proof ends at the certified entry (docs/spec/protocol.md §10)',
    run(ground) {
      const { bench, ann, execute } = led(ground);
      const certified = bench.send(ann.vaultId, ann.seal({ type: 'status' }).sealed);
      if (certified === undefined) return false;
      const { entry } = execute();
      const reply = utf8('anything');
      const made = { ...entry, index: certified.proof.certificate.index, repliesRoot: repliesRoot([reply]) };
      const { verifyCommitProof } = ground.modules.protocol;
      return holds(ground, () => verifyCommitProof(bench.fleet, 0, reply, { ...certified.proof, entries: [made] }));
    },
    without: [{ file: commitProof, find: '|| !equalBytes(certificate.hash, hash)', replace: '' }],
  },
];

testAttacks(attacks);
