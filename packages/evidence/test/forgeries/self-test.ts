import { digestOf } from '../evidence-world.js';
import { calls, event, type Forgery, facts, flipped, replaced, swapped } from './edits.js';

/** Self-tests and transcripts. */
export function selfTestForgeries(): readonly Forgery[] {
  return [
    [
      'a self-test of more guesses',
      'self-test-mismatch',
      facts(({ selfTests }) => ({ selfTests: replaced(selfTests, 0, (each) => ({ ...each, budget: 3 })) })),
    ],
    [
      'a self-test of another member',
      'self-test-mismatch',
      facts(({ selfTests }) => ({ selfTests: replaced(selfTests, 0, (each) => ({ ...each, member: 2 })) })),
    ],
    [
      'a self-test in a group that there is not',
      'self-test-mismatch',
      facts(({ selfTests }) => ({ selfTests: replaced(selfTests, 0, (each) => ({ ...each, group: 9 })) })),
    ],
    [
      'a self-test of another group',
      'self-test-mismatch',
      facts(({ selfTests }) => ({ selfTests: replaced(selfTests, 0, (each) => ({ ...each, group: 1 })) })),
    ],
    [
      'a transcript that the ceremony does not know',
      'ceremony-mismatch',
      event('self-test', () => ({ transcript: digestOf('x') })),
    ],
    [
      'a transcript of another HSM',
      'self-test-other-leader',
      facts(({ transcripts, selfTests }) => ({
        transcripts: replaced(transcripts, 0, () => ({ ...(transcripts[1] as (typeof transcripts)[0]), member: 1 })),
        selfTests: replaced(selfTests, 0, (each) => ({ ...each, group: 1 })),
      })),
    ],
    [
      'a transcript out of form',
      'bad-transcript',
      { transcripts: (files) => replaced(files, 0, (file) => file.slice(0, -1)) },
    ],
    ['a transcript without a registration', 'bad-transcript', calls((each) => each.slice(1))],
    ['answers in another order', 'bad-transcript', calls((each) => swapped(each, 3, 5))],
    ['a guess twice', 'bad-transcript', calls((each) => [...each.slice(0, 5), ...each.slice(3)])],
    [
      'an answer without a quorum',
      'self-test-unproven',
      calls((each) =>
        replaced(each, 4, (call) => {
          const { proof } = call.answer;
          const certificate = { ...proof.certificate, signatures: proof.certificate.signatures.slice(0, 1) };
          return { ...call, answer: { ...call.answer, proof: { ...proof, certificate } } };
        }),
      ),
    ],
    [
      'an answer that this HSM has not signed for',
      'self-test-unsigned',
      calls((each) =>
        replaced(each, 4, (call) => {
          const { proof } = call.answer;
          const signatures = proof.certificate.signatures.filter(({ hsm }) => hsm !== 1);
          const certificate = { ...proof.certificate, signatures };
          return { ...call, answer: { ...call.answer, proof: { ...proof, certificate } } };
        }),
      ),
    ],
    [
      'an answer that was made up',
      'self-test-unproven',
      calls((each) =>
        replaced(each, 4, (call) => ({ ...call, answer: { ...call.answer, reply: flipped(call.answer.reply, 50) } })),
      ),
    ],
    [
      'an answer that does not open',
      'self-test-unreadable',
      calls((each) => replaced(each, 4, (call) => ({ ...call, replySecret: flipped(call.replySecret) }))),
    ],
    ['a guess left out', 'self-test-not-exhausted', calls((each) => [...each.slice(0, 3), ...each.slice(5)])],
    ['no guess at all', 'self-test-not-exhausted', calls((each) => [...each.slice(0, 3), ...each.slice(-2)])],
    ['a guess that did not end', 'self-test-not-exhausted', calls((each) => [...each.slice(0, 6), ...each.slice(-2)])],
    ['refused once', 'self-test-not-refused', calls((each) => each.slice(0, -1))],
    ['never refused', 'self-test-not-refused', calls((each) => each.slice(0, -2))],
  ];
}
