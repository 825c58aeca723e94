import { decodeEnvelope, encodeEnvelope, signEnvelope } from '@coffer/evidence';
import { seedOf } from '@coffer/transparency/testing';
import { digestOf } from '../evidence-world.js';
import { type Forgery, facts, part, replaced } from './edits.js';

/** Source, build and rebuilds. */
export function imageForgeries(): readonly Forgery[] {
  return [
    [
      'a build of another commit',
      'source-mismatch',
      facts(({ build }) => ({ build: { ...build, commit: '3'.repeat(40) } })),
    ],
    [
      'a rebuild of another commit',
      'source-mismatch',
      facts(({ rebuilds }) => ({ rebuilds: replaced(rebuilds, 1, (each) => ({ ...each, commit: '3'.repeat(40) })) })),
    ],
    [
      'a rebuild of another image',
      'rebuilds-disagree',
      facts(({ rebuilds }) => ({ rebuilds: replaced(rebuilds, 1, (each) => ({ ...each, image: digestOf('x') })) })),
    ],
    [
      'one rebuilder twice',
      'rebuilder-twice',
      facts(({ rebuilds }) => ({ rebuilds: rebuilds.map((each) => ({ ...each, by: 'rebuilder 1' })) })),
    ],
    [
      'a rebuild by the operator',
      'unknown-role',
      facts(({ rebuilds }) => ({ rebuilds: replaced(rebuilds, 0, (each) => ({ ...each, by: 'operator' })) })),
    ],
    [
      'a rebuild that two have signed',
      'bad-statement',
      part(
        'rebuild',
        (file) => {
          const { payload } = decodeEnvelope(file);
          const signers = ['rebuilder 1', 'rebuilder 2'];
          return encodeEnvelope({ payload, signatures: signers.map((name) => signEnvelope(payload, seedOf(name))) });
        },
        'rebuilder-1',
      ),
    ],
    [
      'too few rebuilders',
      'too-few-rebuilders',
      {
        ...facts(({ rebuilds }) => ({ rebuilds: rebuilds.slice(1) })),
        roles: (root) => ({ ...root, rebuilders: { ...root.rebuilders, threshold: 2 } }),
      },
    ],
    [
      'another image was built',
      'image-mismatch',
      facts(({ build, rebuilds }) => ({
        build: { ...build, image: digestOf('x') },
        rebuilds: rebuilds.map((each) => ({ ...each, image: digestOf('x') })),
      })),
    ],
  ];
}
