import { equalBytes } from '@coffer/base';
import {
  type FleetDescriptor,
  groupOf,
  openReply,
  ProtocolError,
  type VaultReply,
  verifyCommitProof,
} from '@coffer/protocol';
import { WireError } from '@coffer/wire';
import { fail } from '../errors.js';
import type { SelfTestStatement } from '../forms/self-test.js';
import { decodeTranscript, type SelfTestCall, type Transcript } from '../transcript.js';
import type { Finding } from './evidence-report.js';

export interface SelfTestContext {
  readonly fleet: FleetDescriptor;
  /** Id of the HSM. */
  readonly member: number;
  /** SHA-256 of the transcript, as the ceremony recorded it. */
  readonly recorded: Uint8Array;
}

/** @throws EvidenceError `self-test-mismatch`, `ceremony-mismatch`. */
export function verifySelfTest(
  test: SelfTestStatement,
  { fleet, member, recorded }: SelfTestContext,
): Finding<SelfTestStatement> {
  if (test.member !== member) fail('self-test-mismatch', 'the self-test of another member');
  if (test.group >= fleet.groups || test.budget > fleet.budgetLimit) {
    fail('self-test-mismatch', 'there is no such group or budget');
  }
  if (!equalBytes(test.transcript, recorded)) fail('ceremony-mismatch', 'the ceremony recorded another transcript');
  return {
    value: test,
    verdict: 'by-hsm',
    why: `A vault with a budget of ${test.budget} in group ${test.group}, led by this HSM.`,
  };
}

interface OpenedCall extends SelfTestCall {
  readonly reply: VaultReply;
}

/**
 * What the HSM did, in its own committed words: as many wrong guesses as there was budget, and nothing after them.
 *
 * Whether the last guesses were right ones cannot be seen from here, nor by the HSM: a first message is blinded and the
 * same for every password, and an HSM that answers it with `destroyed` has refused them all.
 *
 * @throws EvidenceError `bad-transcript`, `self-test-…`.
 */
export function verifyTranscript(
  file: Uint8Array,
  test: SelfTestStatement,
  { fleet, member }: SelfTestContext,
): Finding<Transcript> {
  const transcript = decodeTranscript(file);
  const group = groupOf(transcript.vaultId, fleet.groups);
  if (transcript.member !== member || group !== test.group) {
    fail('self-test-mismatch', 'a transcript of another member or group');
  }
  const calls = openedCalls(transcript, fleet, group);
  verifyGuessesCounted(calls, test.budget);
  const why = `${test.budget} wrong guesses were counted down to none; two more, right ones by the word of the ceremony, found the vault destroyed. A quorum committed every answer.`;
  return { value: transcript, verdict: 'by-hsm', why };
}

/** Checks that each reply is committed, in order and under this leader, and opens it. */
function openedCalls({ member, vaultId, calls }: Transcript, fleet: FleetDescriptor, group: number): OpenedCall[] {
  let last = 0n;
  return calls.map((call) => {
    const { answer, ...open } = call;
    const entry = committed(() => verifyCommitProof(fleet, group, answer.reply, answer.proof));
    if (entry.term.leaderId !== member) fail('self-test-other-leader', 'an answer was made by another HSM');
    // The others would capture nothing that its leader has not signed. Its own signature says so without their word, and
    // an HSM releases nothing that it has not captured itself (docs/spec/consensus.md, rule 6).
    const { signatures } = answer.proof.certificate;
    if (!signatures.some(({ hsm }) => hsm === member))
      fail('self-test-unsigned', 'this HSM has not signed for an answer');
    if (entry.index <= last) fail('bad-transcript', 'answers out of order');
    last = entry.index;
    return { ...call, reply: opened(() => openReply({ fleet, vaultId }, open, answer.reply)) };
  });
}

/** Goes through the calls as a self-test makes them. */
function verifyGuessesCounted(calls: readonly OpenedCall[], budget: number): void {
  const rest = [...calls];
  const next = <R extends SelfTestCall['request'], T extends VaultReply['type']>(request: R, type: T) => {
    const call = rest.shift();
    if (call?.request !== request || call.reply.type !== type) return undefined;
    return { ...call, reply: call.reply as Extract<VaultReply, { type: T }> };
  };
  const started = next('register.start', 'register.started') ?? failRegistration();
  const finished = next('register.finish', 'register.finished') ?? failRegistration();
  const confirmed = next('register.confirm', 'register.confirmed') ?? failRegistration();
  // A second message of a flow is opened by the secret that came in the first one's answer.
  if (!equalBytes(finished.replySecret, started.reply.resumptionSecret)) failRegistration();
  if (confirmed.reply.budget !== budget) fail('self-test-mismatch', 'the vault had another budget');
  for (let left = budget - 1; left >= 0; left--) {
    const guess = next('recover.start', 'recover.started') ?? failExhausted();
    const answer = next('recover.finish', 'wrong-secret') ?? failExhausted();
    const isCharged = guess.reply.budget === left && guess.reply.failures === budget - left;
    if (!isCharged || answer.reply.budget !== left) failExhausted();
    if (!equalBytes(answer.replySecret, guess.reply.resumptionSecret)) failExhausted();
  }
  for (let i = 0; i < 2; i++) next('recover.start', 'destroyed') ?? failRefused();
  if (rest.length > 0) failRefused();
}

const failRegistration = (): never => fail('bad-transcript', 'it does not begin with the registration of one vault');
const failExhausted = (): never =>
  fail('self-test-not-exhausted', 'wrong guesses were not counted down, one by one, to none');
const failRefused = (): never =>
  fail('self-test-not-refused', 'after the last guess the vault was not destroyed, twice and as the end');

function committed<T>(verify: () => T): T {
  try {
    return verify();
  } catch (cause) {
    if (cause instanceof ProtocolError) return fail('self-test-unproven', 'no quorum stands behind an answer', cause);
    throw cause;
  }
}

function opened<T>(open: () => T): T {
  try {
    return open();
  } catch (cause) {
    if (cause instanceof ProtocolError || cause instanceof WireError) {
      return fail('self-test-unreadable', 'an answer does not open with the secret that is disclosed', cause);
    }
    throw cause;
  }
}
