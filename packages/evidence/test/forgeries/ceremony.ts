import { hex } from '@coffer/base';
import type { ConfigHash } from '@coffer/protocol';
import { keyOf } from '@coffer/transparency/testing';
import { digestOf } from '../evidence-world.js';
import type { FleetOfCores } from '../fleet-of-cores.js';
import { event, type Forgery, facts, replaced, swapped } from './edits.js';

/** The record of the ceremony, and media. */
export function ceremonyForgeries(cores: FleetOfCores, other: FleetOfCores): readonly Forgery[] {
  const otherHash: ConfigHash = other.fleet.configHash;
  const [first] = cores.list.descriptions as [(typeof cores.list.descriptions)[0]];
  return [
    ['too few shares', 'bad-ceremony', event('generate', ({ shares }) => ({ shares: shares.slice(1) }))],
    [
      'a step that does not follow',
      'broken-chain',
      { draft: (steps) => replaced(steps, 2, (step) => ({ ...step, prev: digestOf('x') })) },
    ],
    ['a step cut out', 'broken-chain', { draft: (steps) => steps.filter((_, i) => i !== 10) }],
    [
      'a step edited after',
      'broken-chain',
      { draft: (steps) => replaced(steps, 3, (step) => ({ ...step, atMs: step.atMs + 1 })) },
    ],
    ['two steps swapped', 'wrong-order', { events: (events) => swapped(events, 1, 2) }],
    ['secrets before everybody was there', 'wrong-order', { events: (events) => swapped(events, 3, 4) }],
    ['a step left out', 'wrong-order', { events: (events) => events.filter(({ kind }) => kind !== 'media') }],
    [
      'an exception after the end',
      'wrong-order',
      { events: (events) => [...events, { kind: 'exception', what: 'late' }] },
    ],
    ['no opening', 'wrong-order', { events: (events) => events.slice(1) }],
    ['a step before its time', 'time-reversed', { atMs: (seq) => (seq === 5 ? 1 : 1000 + seq) }],
    [
      'a witness who was there and did not sign',
      'role-missing',
      {
        steps: (steps) =>
          replaced(steps, steps.length - 1, ({ step, signatures }) => ({
            step,
            signatures: signatures.filter(({ key }) => hex(key) === hex(keyOf('operator'))),
          })),
      },
    ],
    [
      'a step that nobody signed',
      'role-missing',
      { steps: (steps) => replaced(steps, 4, ({ step }) => ({ step, signatures: [] })) },
    ],
    ['no witness', 'too-few-witnesses', facts(() => ({ present: [] }))],
    ['a witness whom nobody knows', 'unknown-role', facts(() => ({ present: ['thief'] }))],
    [
      'an operator whom nobody knows',
      'unknown-role',
      event('open', ({ roles }) => ({ roles: { ...roles, operator: keyOf('thief') } })),
    ],
    [
      'a step signed by somebody else too',
      'unknown-role',
      {
        steps: (steps) =>
          replaced(steps, 4, ({ step, signatures }) => ({
            step,
            signatures: [...signatures, { key: keyOf('ceremony witness 2'), signature: new Uint8Array(64) }].sort(
              (a, b) => (hex(a.key) < hex(b.key) ? -1 : 1),
            ),
          })),
      },
    ],
    [
      'signatures of another step',
      'bad-signature',
      {
        steps: (steps) => replaced(steps, 2, ({ step }) => ({ step, signatures: steps[1]?.signatures ?? [] })),
      },
    ],
    ['another plan', 'plan-mismatch', event('open', ({ plan }) => ({ plan: { ...plan, groups: 2 } }))],
    ['another fleet was closed', 'plan-mismatch', event('close', () => ({ configHash: otherHash }))],
    ['secrets drawn elsewhere', 'plan-mismatch', event('generate', () => ({ site: 'site-9' }))],
    ['opened for another image', 'image-mismatch', event('open', () => ({ image: digestOf('x') }))],
    ['another nonce', 'nonce-mismatch', event('open', () => ({ nonce: digestOf('x') }))],
    [
      'initialised for another site',
      'ceremony-mismatch',
      event('initialise', () => ({ description: cores.list.descriptions[1] as typeof first })),
    ],
    [
      'a medium that was kept',
      'media-mismatch',
      facts(({ media }) => ({ media: { ...media, destroyed: ['card-1'] } })),
    ],
    [
      'a medium that nobody issued',
      'media-mismatch',
      facts(({ media }) => ({ media: { ...media, destroyed: ['card-1', 'card-2', 'card-3'] } })),
    ],
    [
      'media that the ceremony does not know',
      'ceremony-mismatch',
      event('media', () => ({ issued: [], destroyed: [] })),
    ],
  ];
}
