import { makeSimulatedQuote } from '@coffer/attestation';
import { memberQuoteSubject } from '@coffer/evidence';
import {
  type Attestation,
  attestationMessage,
  type BirthDescription,
  birthAcceptanceMessage,
  birthDescriptionMessage,
  type ConfigHash,
} from '@coffer/protocol';
import { digestOf, type Facts } from '../evidence-world.js';
import type { FleetOfCores } from '../fleet-of-cores.js';
import { event, extraItem, type Forgery, flipped, member, memberAlone, reborn, without } from './edits.js';

/** HSMs, their quotes, and that they are those of the descriptor. */
export function membersForgeries(cores: FleetOfCores, other: FleetOfCores): readonly Forgery[] {
  const otherHash: ConfigHash = other.fleet.configHash;
  const [first] = cores.list.descriptions as [(typeof cores.list.descriptions)[0]];
  const [foreign] = other.list.descriptions as [typeof first];
  const signedAs = (statement: BirthDescription) => ({
    statement,
    signature: cores.sign(1, birthDescriptionMessage(statement)),
  });
  const reattested = (change: Partial<Attestation>) => (each: Facts['members'][0]) => {
    const statement = { ...each.attestation.statement, ...change };
    return { attestation: { statement, signature: cores.sign(1, attestationMessage(statement)) } };
  };
  const otherImage = { ...first.statement, image: digestOf('x') };
  const moved = { ...first.statement, transportKey: foreign.statement.transportKey };
  return [
    [
      'a description that nobody signed',
      'bad-description',
      member(({ description }) => ({ description: { ...description, signature: flipped(description.signature) } })),
    ],
    [
      'an HSM with another image',
      'image-mismatch',
      reborn(cores, (each, i) => (i === 1 ? { ...each, image: digestOf('x') } : each)),
    ],
    [
      'an HSM of an older ceremony',
      'nonce-mismatch',
      reborn(cores, (each, i) => (i === 1 ? { ...each, nonce: digestOf('x') } : each)),
    ],
    ['a statement of another serial', 'member-mismatch', memberAlone(() => ({ serial: new Uint8Array(16) }))],
    ['a statement of another platform', 'member-mismatch', memberAlone(() => ({ platform: 'A fine HSM' }))],
    ['a statement of another image', 'member-mismatch', memberAlone(() => ({ image: digestOf('x') }))],
    ['a statement of another id', 'member-mismatch', memberAlone(() => ({ id: 2 }))],
    [
      'another HSM at this site',
      'key-mismatch',
      memberAlone(() => ({ description: foreign, serial: foreign.statement.serial })),
    ],
    [
      'another HSM at this site, in the ceremony too',
      'other-birth',
      event('initialise', () => ({ description: foreign })),
    ],
    [
      'an acceptance of another member',
      'bad-acceptance',
      member(() => ({ acceptance: cores.acceptances[1] as (typeof cores.acceptances)[0] })),
    ],
    [
      'an acceptance that nobody signed',
      'bad-acceptance',
      member(({ acceptance }) => ({ acceptance: { ...acceptance, signature: flipped(acceptance.signature) } })),
    ],
    [
      'an acceptance of another list',
      'other-birth',
      member(({ acceptance }) => {
        const statement = { ...acceptance.statement, birth: digestOf('x') };
        return { acceptance: { statement, signature: cores.sign(1, birthAcceptanceMessage(statement)) } };
      }),
    ],
    [
      'an attestation of another fleet',
      'bad-attestation',
      member(() => ({ attestation: other.attestations[0] as (typeof other.attestations)[0] })),
    ],
    [
      'an attestation of another member',
      'bad-attestation',
      member(() => ({ attestation: cores.attestations[1] as (typeof cores.attestations)[0] })),
    ],
    [
      'an attestation for another nonce',
      'nonce-mismatch',
      member(() => ({ attestation: cores.attest(1, digestOf('x')) })),
    ],
    [
      'an attestation for another nonce, in the statement alone',
      'nonce-mismatch',
      memberAlone(() => ({ attestation: cores.attest(1, digestOf('x')) })),
    ],
    [
      'other words than in the ceremony',
      'ceremony-mismatch',
      memberAlone(() => ({
        description: { statement: moved, signature: cores.sign(1, birthDescriptionMessage(moved)) },
      })),
    ],
    [
      'another image, in the statement alone',
      'image-mismatch',
      memberAlone(() => ({ image: otherImage.image, description: signedAs(otherImage) })),
    ],
    [
      'an acceptance of another member, in the statement alone',
      'bad-acceptance',
      memberAlone(() => ({ acceptance: cores.acceptances[1] as (typeof cores.acceptances)[0] })),
    ],
    [
      'an acceptance of another list, in the statement alone',
      'other-birth',
      memberAlone(({ acceptance }) => {
        const statement = { ...acceptance.statement, birth: digestOf('x') };
        return { acceptance: { statement, signature: cores.sign(1, birthAcceptanceMessage(statement)) } };
      }),
    ],
    [
      'an attestation of another member, in the statement alone',
      'bad-attestation',
      memberAlone(() => ({ attestation: cores.attestations[1] as (typeof cores.attestations)[0] })),
    ],
    ['another image after birth', 'image-mismatch', member(reattested({ image: digestOf('x') }))],
    ['another platform after birth', 'member-mismatch', member(reattested({ platform: 'A laptop' }))],
    ['a quote that nobody can verify', 'unknown-quote', { options: { quoteVerifiers: [] } }],
    [
      'a quote that is not signed',
      'bad-quote',
      memberAlone(({ quote }) => ({ quote: { ...quote, evidence: flipped(quote.evidence, 40) } })),
    ],
    [
      'a quote out of form',
      'bad-quote',
      memberAlone(({ quote }) => ({ quote: { ...quote, evidence: quote.evidence.slice(1) } })),
    ],
    [
      'the quote of another member',
      'quote-mismatch',
      memberAlone(() => ({
        quote: makeSimulatedQuote(
          memberQuoteSubject((cores.list.descriptions[1] as typeof first).statement, cores.fleet.configHash),
        ),
      })),
    ],
    [
      'the quote of another fleet',
      'quote-mismatch',
      memberAlone(() => ({ quote: makeSimulatedQuote(memberQuoteSubject(first.statement, otherHash)) })),
    ],

    [
      'a member of whom nothing is said',
      'missing-member',
      without(({ kind, name }) => kind === 'member' && name === 'site-2'),
    ],
    ['a member too many', 'extra-key', extraItem('member', 'site-4')],
    ['one HSM twice', 'duplicate-serial', reborn(cores, (each) => ({ ...each, serial: first.statement.serial }))],
  ];
}
