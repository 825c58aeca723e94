import { concat, utf8 } from '@coffer/base';
import { decodeEnvelope, encodeEnvelope } from '@coffer/evidence';
import type { ConfigHash } from '@coffer/protocol';
import { keyOf } from '@coffer/transparency/testing';
import type { Json } from '@coffer/wire';
import type { Part } from '../evidence-world.js';
import type { FleetOfCores } from '../fleet-of-cores.js';
import { extraItem, type Forgery, flipped, part, payload, without } from './edits.js';

/** Files, envelopes and statements. */
export function statementsForgeries(_cores: FleetOfCores, other: FleetOfCores): readonly Forgery[] {
  const otherHash: ConfigHash = other.fleet.configHash;
  return [
    ['a set for another fleet', 'other-fleet', { options: { configHash: otherHash } }],
    ['an item dropped', 'missing-item', without(({ kind }) => kind === 'media')],
    ['a transcript dropped', 'missing-item', without(({ kind, name }) => kind === 'transcript' && name === 'site-2')],
    ['an item of no known kind', 'unknown-item', extraItem('notes', 'fleet')],
    ['a second ceremony', 'unknown-item', extraItem('ceremony', 'rehearsal')],

    [
      'a field more',
      'bad-statement',
      part(
        'media',
        payload((json) => Object.assign(json.predicate as object, { x: 1 })),
      ),
    ],
    [
      'an upgrade path',
      'bad-statement',
      part(
        'config',
        payload((json) => Object.assign(json.predicate as object, { upgradePath: 'signed' })),
      ),
    ],
    [
      'two subjects',
      'bad-statement',
      part(
        'media',
        payload((json) => (json.subject as Json[]).push({})),
      ),
    ],
    ['an envelope with spaces', 'bad-statement', part('media', (bytes) => concat(bytes, utf8(' ')))],
    ['a statement of a stranger', 'unknown-role', { signer: (kind) => (kind === 'config' ? 'thief' : 'operator') }],
    [
      'a statement of a witness',
      'unknown-role',
      { signer: (kind) => (kind === 'source' ? 'ceremony witness 1' : 'operator') },
    ],
    [
      'an operator who was revoked',
      'unknown-role',
      {
        signer: (kind) => (kind === 'media' ? 'old operator' : 'operator'),
        roles: (root) => ({
          ...root,
          operators: [keyOf('operator'), keyOf('old operator')],
          revocations: [{ key: keyOf('old operator'), revokedAtSize: 3 }],
        }),
      },
    ],
    [
      'a payload under another signature',
      'bad-signature',
      part('build', (bytes) => {
        const { payload, signatures } = decodeEnvelope(bytes);
        return encodeEnvelope({ payload: flipped(payload, payload.length - 5), signatures });
      }),
    ],
    [
      'a statement of another kind',
      'wrong-kind',
      {
        parts: (parts) =>
          parts.map((each) =>
            each.kind === 'source'
              ? { ...each, bytes: (parts.find(({ kind }) => kind === 'build') as Part).bytes }
              : each,
          ),
      },
    ],
    [
      'a statement about another fleet',
      'other-subject',
      { subject: (kind) => (kind === 'build' ? otherHash : undefined) },
    ],
    [
      'members under each other’s names',
      'wrong-name',
      {
        members: (members) => members.map((each, i) => (i < 2 ? { ...each, name: `site-${2 - i}` } : each)),
      },
    ],
  ];
}
