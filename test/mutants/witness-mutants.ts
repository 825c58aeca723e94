import { cutMutants } from './cut.js';
import type { Mutant } from './mutant.js';

const step = 'transparency/dist/c2sp/witness.js';
const witness = 'witness/dist/witness.js';

/** Mutants of a witness: one history, and none that it forgets. */
export function witnessMutants(): Mutant[] {
  const statuses = 'tlog-witness: every status of add-checkpoint';
  return [
    ...cutMutants('packages/witness/test/witness.test.ts', [
      {
        name: 'a witness of logs that it does not watch',
        rule: 'the log’s key signed the checkpoint',
        keeps: ['transparency §2'],
        file: step,
        find: 'verifyLogSignature(note, next.origin, logs);',
        replace: '',
        test: statuses,
      },
      {
        name: 'a witness that takes any old size',
        rule: 'the old size is the one that was cosigned last',
        keeps: ['transparency §2'],
        file: step,
        find: 'if (request.oldSize !== size)',
        replace: 'if (false)',
        test: statuses,
      },
      {
        name: 'a witness of two histories',
        rule: 'a witness cosigns only what begins with what it cosigned before',
        keeps: ['transparency §2'],
        file: step,
        find: 'verifyConsistency(latest, next, request.hashes);',
        replace: ';',
        test: statuses,
      },
      {
        name: 'a witness that signs before it persists',
        rule: 'persist, then sign',
        keeps: ['transparency §2'],
        file: witness,
        find: 'this.#write(latest.origin, encodeStored(note));',
        replace: 'setImmediate(() => this.#write(latest.origin, encodeStored(note)));',
        test: 'it is persisted before it is signed, and not again for the same checkpoint',
      },
      {
        name: 'a witness that goes on after a failed write',
        rule: 'a failed write halts',
        keeps: ['transparency §2'],
        file: witness,
        find: 'this.#isHalted = true;',
        replace: '',
        test: 'it is persisted before it is signed, and not again for the same checkpoint',
      },
      {
        name: 'a witness whose state anybody may have changed',
        rule: 'what it remembers has its digest',
        keeps: ['transparency §2'],
        file: 'witness/dist/stored-checkpoint.js',
        find: 'if (!equalBytes(bytes.slice(0, lineBytes),',
        replace: 'if (false && !equalBytes(bytes.slice(0, lineBytes),',
        test: 'every flipped bit of the state is noticed at the start',
      },
    ]),
    ...cutMutants('packages/witness/test/crash.test.ts', [
      {
        name: 'a witness that forgets what it signed',
        rule: 'a start knows what was cosigned',
        keeps: ['transparency §2'],
        file: witness,
        find: 'this.#latest.set(origin, decodeStored(bytes, origin));',
        replace: '',
        test: 'power cuts before and after every write: never two histories, and it goes on',
      },
      {
        name: 'a witness that trusts a write that failed half-way',
        rule: 'a start makes durable what it read',
        keeps: ['transparency §2'],
        file: witness,
        find: 'this.#write(origin, bytes); }',
        replace: '}',
        test: 'a start writes once more what it read: it may not have been durable yet',
      },
    ]),
  ];
}
