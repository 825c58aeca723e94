import { cutMutants } from './cut.js';
import type { Mutant } from './mutant.js';

const publish = 'operator/dist/publish-epoch.js';
const next = 'operator/dist/next-artifact.js';
const roots = 'operator/dist/trust-roots.js';
const client = 'auditor/dist/client/auditor-client.js';

/** Mutants of an operator that signs on its auditor's word. */
export function operatorMutants(): Mutant[] {
  return [
    ...cutMutants('packages/auditor/test/client.test.ts', [
      {
        name: 'an operator that counter-signs for a stranger',
        rule: 'the auditor is one of the trust root',
        keeps: ['transparency §5'],
        file: client,
        find: 'return verifyPlexiAnswer(answer, auditors);',
        replace: 'return auditors[0];',
        test: 'the operator’s client counter-signs nothing but what it asked for, by an auditor that it knows',
      },
      {
        name: 'an operator that counter-signs what it did not ask for',
        rule: 'the auditor signed this artifact',
        keeps: ['transparency §5'],
        file: client,
        find: 'if (!isOurs)',
        replace: 'if (false)',
        test: 'the operator’s client counter-signs nothing but what it asked for, by an auditor that it knows',
      },
      {
        name: 'an operator that does not look what was logged',
        rule: 'what is logged is what was counter-signed',
        keeps: ['transparency §11'],
        file: client,
        find: 'if (!isSame)',
        replace: 'if (false)',
        test: 'the operator’s client finds out when something else was logged',
      },
    ]),
    ...cutMutants('test/operator.test.ts', [
      {
        name: 'an operator that signs on top of a doubted log',
        rule: 'the log is audited before its next epoch is signed',
        keeps: ['audit §1'],
        file: publish,
        find: 'if (doubt !== undefined)',
        replace: 'if (false)',
        test: 'nothing is counter-signed on a log that is doubted, or without witnesses',
      },
      {
        name: 'an operator that forgets the log it saw',
        rule: 'the log is held against the checkpoint that was kept',
        keeps: ['audit §2 rollback'],
        file: publish,
        find: 'checkpoint === undefined ? {} : { checkpoints: [checkpoint] }',
        replace: '{}',
        test: 'a fleet is published, another one takes over, the first is revoked; every step has an audit before it',
      },
      {
        name: 'an operator that begins a log anew',
        rule: 'a log that had epochs does not begin again',
        keeps: ['audit §2 rollback'],
        file: publish,
        find: 'if (checkpoint !== undefined)',
        replace: 'if (false)',
        test: 'a fleet is published, another one takes over, the first is revoked; every step has an audit before it',
      },
      {
        name: 'an operator that builds on another artifact',
        rule: 'the newest artifact has the digest that was logged',
        keeps: ['audit §2 artifact'],
        file: publish,
        find: '|| !equalBytes(artifactDigest(bytes), digest)',
        replace: '',
        test: 'nothing is counter-signed on an artifact that is not the newest one',
      },
      {
        name: 'an epoch that is published without witnesses',
        rule: 'published is what a quorum cosigned',
        keeps: ['transparency §11 no-witness-quorum'],
        file: publish,
        find: '&& quorumNewest(trustRoot.policy, cosignedMs) !== undefined',
        replace: '',
        test: 'nothing is counter-signed on a log that is doubted, or without witnesses',
      },
      {
        name: 'an epoch that is published in a checkpoint from before',
        rule: 'the checkpoint that is shown has the epoch',
        keeps: ['transparency §11'],
        file: publish,
        find: 'checkpoint.size >= Math.max(size, epoch)',
        replace: 'true',
        test: 'nothing is counter-signed on a log that is doubted, or without witnesses',
      },
      {
        name: 'a rotation to another namespace',
        rule: 'a trust root stays with its namespace',
        keeps: ['transparency §7'],
        file: roots,
        find: 'plan.namespace !== current.namespace ||',
        replace: '',
        test: 'trust roots: created, signed, rotated with a revocation, and the next epoch is under the new one',
      },
      {
        name: 'an operator that puts a revoked fleet back',
        rule: 'a revoked fleet does not return',
        keeps: ['transparency §3'],
        file: next,
        find: "there !== undefined && there.status === 'revoked'",
        replace: 'false',
        test: 'the next artifact: what changes, what may not, and the same bytes for the same changes',
      },
      {
        name: 'a rotation that drops a revocation',
        rule: 'a revocation stays',
        keeps: ['transparency §7'],
        file: roots,
        find: 'new Map(current.revocations.map((each) => [hex(each.key), each]))',
        replace: 'new Map()',
        test: 'trust roots: created, signed, rotated with a revocation, and the next epoch is under the new one',
      },
    ]),
    ...cutMutants('apps/auditord/test/evidence.test.ts', [
      {
        name: 'an auditor that takes software for HSMs',
        rule: 'simulated quotes count where somebody said so',
        keeps: ['evidence §5'],
        file: 'apps/auditord/dist/evidence.js',
        find: 'takesSimulated ? [new SimulatedQuoteVerifier()] : []',
        replace: '[new SimulatedQuoteVerifier()]',
        test: 'a good set holds, where software HSMs are taken, and nowhere else',
      },
    ]),
    ...cutMutants('apps/coffer/test/quote-verifiers.test.ts', [
      {
        name: 'simulated quotes beside those of TPMs',
        rule: 'where TPMs are asked for, simulated quotes fail',
        keeps: ['evidence §5'],
        file: 'apps/coffer/dist/evidence/quote-verifiers.js',
        find: '[tpm2 === undefined ? new SimulatedQuoteVerifier() : tpm2Verifier(tpm2)]',
        replace: '[new SimulatedQuoteVerifier(), ...(tpm2 === undefined ? [] : [tpm2Verifier(tpm2)])]',
        test: 'TPMs are believed where somebody says which, and then no simulated ones',
      },
    ]),
    ...bodies(),
  ];
}

/** Of what a request may cost whoever receives it. */
function bodies(): Mutant[] {
  const collector = 'base/dist/bytes.js';
  const pieces = 'a body in more single bytes than a call has arguments costs what it weighs';
  return [
    ...cutMutants('packages/base/test/bytes.test.ts', [
      {
        name: 'an object for every piece of a body',
        rule: 'a body costs what it weighs',
        keeps: ['input'],
        file: collector,
        find: 'this.#bytes.set(chunk, this.#length);',
        replace: 'this.#bytes.set(chunk, this.#length); (this.pieces ??= []).push(chunk.slice());',
        test: pieces,
      },
      {
        name: 'a copy of the whole body for every piece',
        rule: 'a body in pieces is copied a few times',
        keeps: ['input'],
        file: collector,
        find: 'Math.max(length, 2 * this.#bytes.length)',
        replace: 'length',
        test: pieces,
      },
    ]),
    ...cutMutants('packages/gateway/test/gateway.test.ts', [
      {
        name: 'a gateway that takes a byte more',
        rule: 'a body ends at its limit, announced or not',
        keeps: ['input'],
        file: 'gateway/dist/request-body.js',
        find: 'if (body.length + value.length > bytesMax)',
        replace: 'if (body.length + value.length > bytesMax + 1)',
        test: 'body limit: the largest call passes, one byte more does not, announced or not',
      },
    ]),
    ...cutMutants('packages/auditor/test/api.test.ts', [
      {
        name: 'an auditor that counts no body',
        rule: 'a body ends at its limit, announced or not',
        keeps: ['input'],
        file: 'auditor/dist/http/request-body.js',
        find: 'if (body.length + value.length > bytesMax)',
        replace: 'if (false)',
        test: 'bodies out of form, over their limit, too slow, too many',
      },
    ]),
    ...cutMutants('packages/witness/test/serve.test.ts', [
      {
        name: 'a witness that counts no body',
        rule: 'a body ends at its limit, announced or not',
        keeps: ['input'],
        file: 'witness/dist/serve.js',
        find: 'if (body.length + chunk.length <= addCheckpointBytesMax)',
        replace: 'if (true)',
        test: 'limits: path, method, body by announcement and by count',
      },
    ]),
  ];
}
