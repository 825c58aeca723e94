import type { Scenario } from '@coffer/testing';
import { bySimulator, byTest } from './killers.js';
import type { Mutant } from './mutant.js';

const follow = 'agent/dist/follow.js';
const site = 'agent/dist/site.js';
const collector = 'agent/dist/cap-collector.js';
const apply = 'replica/dist/apply.js';

/** Schedules in which sites come and go, so that what an agent does not check has a chance to matter. */
const rough = (count: number): Scenario[] =>
  Array.from({ length: count }, (_, i) => ({
    seed: `mutant ${i + 1}`,
    sites: 3,
    groups: 1,
    accounts: 2,
    calls: 4,
    faults: { siteCrash: 3, agentCrash: 2, partition: 4, replicaLoss: 3, ledgerDown: 2 },
  }));

const calm: Scenario[] = [{ seed: 'calm', sites: 3, groups: 1, accounts: 1, calls: 2, faults: {} }];

/** Mutants of what serves the HSMs: data first, and evidence before belief. */
export function hostMutants(): Mutant[] {
  return [...agentMutants(), ...replicaMutants()];
}

function agentMutants(): Mutant[] {
  return [
    {
      name: 'a leader that captures before its replica stores',
      rule: 'data first',
      keeps: ['consensus §6'],
      patches: [
        { file: 'agent/dist/batch-builder.js', find: 'this.#site.store([entry]);', replace: '' },
        {
          file: 'agent/dist/batch-builder.js',
          find: "return { type: 'stored', captured: this.#site.captureOwn(entry) };",
          replace:
            "const captured = this.#site.captureOwn(entry); return { type: 'stored', captured: captured.finally(() => this.#site.store([entry])) };",
        },
        { file: site, find: 'if (!this.holds(position))', replace: 'if (false)' },
      ],
      killers: [bySimulator(calm)],
    },
    {
      name: 'a site that signs again for data that it has lost',
      rule: 'data first',
      keeps: ['consensus §6'],
      patches: [
        { file: site, find: '|| !this.holds({ index, hash })', replace: '' },
        { file: follow, find: 'await obtain(context, site, position, { prefer: [from] });', replace: '' },
      ],
      killers: [bySimulator(rough(4))],
    },
    {
      name: 'a leader that counts caps without looking at their signatures',
      rule: 'a certificate is made of verified caps',
      keeps: ['consensus §6'],
      patches: [{ file: collector, find: 'verifyCap(this.#fleet, cap);', replace: '' }],
      killers: [
        byTest(
          'packages/agent/test/parts.test.ts',
          'cap collector: a quorum with our own, and no forged cap among them',
        ),
      ],
    },
    {
      name: 'a leader that takes one cap for a certificate',
      rule: 'a certificate has a quorum of caps',
      keeps: ['consensus §2'],
      patches: [{ file: collector, find: 'awaited.caps.size < this.#fleet.quorum', replace: 'awaited.caps.size < 1' }],
      killers: [bySimulator(calm)],
    },
    {
      name: 'a takeover that fences nobody',
      rule: 'the term is raised in the ledger before anything else',
      keeps: ['consensus §6'],
      patches: [
        {
          file: 'agent/dist/takeover.js',
          find: "(await toLedger(context, ledger.raiseTerm(site.group, t))) === 'raised' ? t : undefined",
          replace: 't',
        },
      ],
      killers: [
        byTest(
          'packages/agent/test/failover.test.ts',
          'two leaders: the one that was cut off is fenced, and nothing of it is released',
        ),
        bySimulator(calm),
      ],
    },
    {
      name: 'a site that stores what no leader signed',
      rule: 'entries are verified before they are stored',
      keeps: ['consensus §6'],
      patches: [
        { file: 'agent/dist/stored-entry.js', find: 'verifyEntrySignature, } from', replace: 'entryHash, } from' },
        {
          file: 'agent/dist/stored-entry.js',
          find: 'hash: verifyEntrySignature(fleet, signed)',
          replace: 'hash: entryHash(signed.entry)',
        },
      ],
      killers: [
        byTest(
          'packages/agent/test/peer-messages.test.ts',
          'entries that no leader signed, or of another term than the push, are refused and not stored',
        ),
      ],
    },
    {
      name: 'a site that takes old entries from a new leader',
      rule: 'a push holds entries of its own term',
      keeps: ['consensus §6'],
      patches: [
        {
          file: follow,
          find: 'if (entries.some(({ signed }) => compareTerms(signed.entry.term, term) !== 0))',
          replace: 'if (false)',
        },
      ],
      killers: [
        byTest(
          'packages/agent/test/peer-messages.test.ts',
          'entries that no leader signed, or of another term than the push, are refused and not stored',
        ),
      ],
    },
  ];
}

function replicaMutants(): Mutant[] {
  const wrongEntries = 'each wrong entry has its code, and a call with one wrong entry changes nothing';
  const replicaTest = 'packages/replica/test/replica.test.ts';
  const remembered =
    'what is kept in memory is what the file says: after a commit that failed, and after somebody else has written';
  return [
    {
      name: 'a replica that remembers what was never committed',
      rule: 'after a failed commit the file is asked',
      keeps: ['consensus §6'],
      patches: [
        {
          file: 'replica/dist/replica.js',
          find: 'this.#tables.forget();\n            throw cause;',
          replace: 'throw cause;',
        },
      ],
      killers: [byTest(replicaTest, remembered)],
    },
    {
      name: 'a replica that does not look what somebody else has written',
      rule: 'each transaction begins with what the file says',
      keeps: ['consensus §6'],
      patches: [
        {
          file: 'replica/dist/replica.js',
          find: 'this.#tables.forget();\n        try {',
          replace: 'try {',
        },
      ],
      killers: [byTest(replicaTest, remembered)],
    },
    {
      name: 'a replica that believes a root',
      rule: 'the root is computed again',
      keeps: ['consensus §6'],
      patches: [{ file: apply, find: 'if (!equalBytes(tree.root(), entry.root))', replace: 'if (false)' }],
      killers: [byTest(replicaTest, wrongEntries)],
    },
    {
      name: 'a replica that takes any leaves',
      rule: 'leaves are those that the entry names',
      keeps: ['consensus §6'],
      patches: [
        {
          file: 'replica/dist/entry-check.js',
          find: 'if (!equalBytes(leavesDigest(stored.leaves), entry.leavesDigest))',
          replace: 'if (false)',
        },
      ],
      killers: [byTest(replicaTest, wrongEntries)],
    },
    {
      name: 'a replica that skips entries',
      rule: 'entries follow each other',
      keeps: ['consensus §6'],
      patches: [
        {
          file: apply,
          find: 'entry.index !== last.index + 1n || !equalBytes(entry.prevHash, last.hash)',
          replace: 'false',
        },
      ],
      killers: [byTest(replicaTest, wrongEntries)],
    },
    {
      name: 'a replica that undoes what is committed',
      rule: 'nothing certified is undone',
      keeps: ['consensus §6'],
      patches: [
        { file: 'replica/dist/rewind.js', find: 'if (index < tables.committedIndex(group))', replace: 'if (false)' },
      ],
      killers: [
        byTest(
          'packages/replica/test/model.test.ts',
          'random schedules of all operations agree with a plain model, and every state verifies',
        ),
      ],
    },
    {
      name: 'a snapshot whose root is not compared',
      rule: 'a snapshot leads to a certified root',
      keeps: ['consensus §6'],
      patches: [
        { file: 'replica/dist/snapshot-install.js', find: 'if (!equalBytes(root, entry.root))', replace: 'if (false)' },
      ],
      killers: [
        byTest(
          'packages/replica/test/snapshot.test.ts',
          'a snapshot that is not what it claims leaves everything as it was',
        ),
      ],
    },
  ];
}
