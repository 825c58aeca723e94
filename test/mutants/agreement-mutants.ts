import type { CoreKillers } from './core-mutants.js';
import { byTest } from './killers.js';
import type { Mutant } from './mutant.js';

const group = 'hsm/dist/group.js';
const agreement = 'hsm/dist/agreement.js';
const hsm = 'hsm/dist/hsm.js';

/** Mutants of how HSMs agree, and of what proves it. */
export function agreementMutants({ named, hostile }: CoreKillers): Mutant[] {
  return [
    {
      name: 'signs before it persists',
      rule: 'persist, then sign',
      keeps: ['consensus 8'],
      patches: [
        {
          file: hsm,
          find: 'this.#persist(); return decided.map(({ id, emit }) => encodeHostReply({ id, body: this.#emit(emit) }));',
          replace:
            'const replies = decided.map(({ id, emit }) => encodeHostReply({ id, body: this.#emit(emit) })); this.#persist(); return replies;',
        },
      ],
      killers: [named('a signature that survives a failed write'), hostile],
    },
    {
      name: 'persists captures, but no promises',
      rule: 'every change is persisted',
      keeps: ['consensus 8', 'consensus 1'],
      patches: [
        {
          file: hsm,
          find: 'state === this.#persisted[i])',
          replace: 'state.index === this.#persisted[i].index && state.capTerm === this.#persisted[i].capTerm)',
        },
      ],
      killers: [hostile],
    },
    {
      name: 'draws the same nonce for every term',
      rule: 'the leader draws a nonce with its promise',
      keeps: ['consensus 1', 'consensus 2'],
      patches: [
        {
          file: group,
          find: '{ t, nonce: this.#entropy.bytes(32) } : undefined',
          replace: '{ t, nonce: new Uint8Array(32) } : undefined',
        },
      ],
      killers: [named('a leader that forgot its term leads it again')],
    },
    {
      name: 'promises downwards',
      rule: 'a promise only goes up',
      keeps: ['consensus 1'],
      patches: [{ file: agreement, find: 'if (compareTerms(t, state.promised) <= 0)', replace: 'if (false)' }],
      killers: [named('a promise given twice'), hostile],
    },
    {
      name: 'keeps its old capTerm when it adopts',
      rule: 'a view sets capTerm to its term',
      keeps: ['consensus 3', 'consensus 2'],
      patches: [
        {
          file: agreement,
          find: 'return { promised: t, capTerm: t, index: base.index, hash: base.hash };',
          replace: 'return { promised: t, capTerm: base.capTerm, index: base.index, hash: base.hash };',
        },
      ],
      killers: [
        byTest(
          'packages/hsm/test/operations.test.ts',
          'register, unlock: the payload comes back and the guess is refunded',
        ),
      ],
    },
    {
      name: 'jumps on any certificate of its own term',
      rule: 'a jump only goes forward',
      keeps: ['consensus 7'],
      patches: [
        {
          file: agreement,
          find: 'if (comparePositions({ capTerm: at.term, index: at.index }, state) <= 0)',
          replace: 'if (compareTerms(at.term, state.capTerm) < 0)',
        },
      ],
      killers: [named('a jump backwards'), hostile],
    },
    {
      name: 'certificates of one less than the quorum',
      rule: 'a certificate has a quorum of members',
      keeps: ['consensus §2', 'consensus 6', 'consensus 7'],
      patches: [
        {
          file: 'protocol/dist/quorum-certificate.js',
          find: 'if (signatures.length < fleet.quorum)',
          replace: 'if (signatures.length < fleet.quorum - 1)',
        },
      ],
      killers: [named('a reply before its majority'), hostile],
    },
    {
      name: 'views from one promise less than the quorum',
      rule: 'a view has promises of a quorum',
      keeps: ['consensus 2', 'consensus 3'],
      patches: [{ file: agreement, find: 'members.size < fleet.quorum', replace: 'members.size < fleet.quorum - 1' }],
      killers: [named('a view without a quorum of promises'), hostile],
    },
    {
      name: 'quorum without the rollback tolerance',
      rule: 'the descriptor’s floor is floor((n + s)/2) + 1',
      keeps: ['consensus §1'],
      patches: [
        {
          file: 'protocol/dist/fleet-descriptor.js',
          find: 'Math.floor((members + rollbackTolerance) / 2) + 1',
          replace: 'Math.floor((members + rollbackTolerance) / 2)',
        },
      ],
      killers: [
        byTest(
          'packages/protocol/test/fleet-descriptor.test.ts',
          'the floor makes any two quorums share s + 1 members',
        ),
      ],
    },
    {
      name: 'a certificate older than its entry',
      rule: 'the certificate’s term is not below the entry’s',
      keeps: ['protocol §10'],
      patches: [
        {
          file: 'protocol/dist/commit-proof.js',
          find: 'if (compareTerms(certificate.term, last.term) < 0)',
          replace: 'if (false)',
        },
      ],
      killers: [
        byTest(
          'packages/protocol/test/commit-proof.test.ts',
          'a certificate from before its entry, or with too few members, proves nothing',
        ),
      ],
    },
    {
      name: 'a proof without a certificate',
      rule: 'a commit proof has a quorum’s certificate',
      keeps: ['protocol §10', 'protocol 1'],
      patches: [
        {
          file: 'protocol/dist/commit-proof.js',
          find: 'verifyQuorumCertificate(fleet, certificate); return first;',
          replace: 'return first;',
        },
      ],
      killers: [
        byTest(
          'packages/protocol/test/commit-proof.test.ts',
          'a certificate from before its entry, or with too few members, proves nothing',
        ),
      ],
    },
    {
      name: 'state of another member',
      rule: 'an HSM starts from its own state only',
      keeps: ['consensus §4'],
      patches: [
        {
          file: 'hsm/dist/state.js',
          find: '!sameFleet || own === undefined || !equalBytes(own.key, keyStore.publicKey)',
          replace: 'false',
        },
      ],
      killers: [byTest('packages/hsm/test/boot.test.ts', "another member's or another fleet's state is refused")],
    },
  ];
}
