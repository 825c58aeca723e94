/** A daemon of the tests: fails where its configuration says so. */
import { exitCodes, HostError, logSchema, runDaemon } from '@coffer/host';
import { z } from 'zod';

const schema = z.strictObject({
  fails: z.enum(['at-start', 'in-use', 'later', 'by-a-bug', 'while-stopping']).optional(),
  log: logSchema.prefault({}),
});

await runDaemon({
  name: 'fixtured',
  version: '1.2.3',
  help: 'A daemon of the tests.',
  schema,
  exitCodeOf: (error) => (error instanceof RangeError ? exitCodes.hsmRefuses : undefined),
  async start({ fails }, { fail }) {
    if (fails === 'at-start') throw new RangeError('as configured');
    if (fails === 'in-use') throw new HostError('in-use', 'somebody has it');
    const work = setInterval(() => undefined, 1_000);
    if (fails === 'later') setImmediate(() => fail(exitCodes.hsmHalted, 'halted: as configured'));
    if (fails === 'by-a-bug') {
      setImmediate(() => {
        throw new TypeError('secret words');
      });
    }
    return {
      async stop() {
        clearInterval(work);
        if (fails === 'while-stopping') throw new Error('as configured');
      },
    };
  },
});
