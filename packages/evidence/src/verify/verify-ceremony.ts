import { equalBytes, hex } from '@coffer/base';
import { isEd25519Signature } from '@coffer/crypto';
import {
  type BirthDescription,
  birthHash,
  type FleetDescriptor,
  type Signed,
  signedAttestationLayout,
  signedBirthAcceptanceLayout,
  signedBirthDescriptionLayout,
  verifyAttestation,
  verifyBirthAcceptance,
  verifyBirthDescription,
} from '@coffer/protocol';
import { encode } from '@coffer/wire';
import { fail } from '../errors.js';
import type { CeremonyRecord, SignedStep } from '../forms/ceremony-record.js';
import { type CeremonyEvent, type CeremonyKind, noStep, stepHash, stepMessage } from '../forms/ceremony-step.js';
import type { MediaStatement } from '../forms/media.js';
import type { EvidenceRoles } from './evidence-options.js';
import type { Finding } from './evidence-report.js';
import { held } from './held.js';
import { isPlanOf } from './verify-configuration.js';

type EventOf<K extends CeremonyKind> = Extract<CeremonyEvent, { kind: K }>;

/** What the ceremony recorded of one HSM: signed words of its, as bytes. */
export interface RecordedSite {
  readonly description: Uint8Array;
  readonly acceptance: Uint8Array;
  readonly attestation: Uint8Array;
  readonly attestedAtMs: number;
  /** SHA-256. */
  readonly transcript: Uint8Array;
}

export interface VerifiedCeremony {
  readonly nonce: Uint8Array;
  /** What every member has signed that it was born of. */
  readonly birth: Uint8Array;
  readonly sites: ReadonlyMap<string, RecordedSite>;
  readonly media: MediaStatement;
  readonly exceptions: readonly string[];
}

export interface CeremonyContext {
  readonly fleet: FleetDescriptor;
  readonly roles: EvidenceRoles;
  readonly image: Uint8Array;
}

/** Nobody edited it, it went in order, and those were there who had to be. @throws EvidenceError. */
export function verifyCeremony({ steps }: CeremonyRecord, context: CeremonyContext): Finding<VerifiedCeremony> {
  verifyChain(steps);
  const script = verifyOrder(steps);
  const [open] = script.of('open');
  const { event } = open as RecordedEvent<'open'>;
  verifyRoles(event.roles, context.roles);
  for (const step of steps) verifyStepSignatures(step, event.roles);
  verifyPlan(script, context);
  const value = verifyHsmWords(script, context);
  const witnesses = counted(event.roles.witnesses.length, 'witness', 'witnesses');
  const exceptions = counted(value.exceptions.length, 'exception', 'exceptions');
  const why = `${steps.length} steps, in order and unbroken, before the operator and ${witnesses}; ${exceptions}.`;
  return { value, verdict: 'by-hsm', why };
}

const counted = (count: number, one: string, many: string): string =>
  `${count === 0 ? 'no' : count} ${count === 1 ? one : many}`;

/** A step that was left out, put in or changed breaks the chain of hashes. @throws EvidenceError `broken-chain`. */
function verifyChain(steps: readonly SignedStep[]): void {
  let prev = noStep;
  for (const [i, { step }] of steps.entries()) {
    if (step.seq !== i || !equalBytes(step.prev, prev))
      fail('broken-chain', 'a step does not follow on the one before');
    prev = stepHash(step);
  }
}

interface RecordedEvent<K extends CeremonyKind> {
  readonly event: EventOf<K>;
  readonly atMs: number;
}

/** Steps by kind, in order. */
class Script {
  readonly #steps: readonly SignedStep[];

  constructor(steps: readonly SignedStep[]) {
    this.#steps = steps;
  }

  of<K extends CeremonyKind>(kind: K): readonly RecordedEvent<K>[] {
    return this.#steps
      .filter(({ step }) => step.event.kind === kind)
      .map(({ step }) => ({ event: step.event as EventOf<K>, atMs: step.atMs }));
  }
}

/** @throws EvidenceError `wrong-order`, `time-reversed`. */
function verifyOrder(steps: readonly SignedStep[]): Script {
  const first = steps[0]?.step.event;
  if (first?.kind !== 'open') return fail('wrong-order', 'a ceremony begins with its opening');
  const { sites } = first.plan;
  const each = (kind: CeremonyKind): string[] => sites.map((site) => `${kind} ${site}`);
  const expected = ['open', ...each('initialise'), 'generate', ...each('accept'), ...each('attest')];
  expected.push(...each('self-test'), 'media', 'close');
  const events = steps.map(({ step }) => step.event);
  const found = events.filter(({ kind }) => kind !== 'exception').map(placeOf);
  // Whatever is said after the end was not part of what all have signed.
  if (events.at(-1)?.kind !== 'close' || found.join('\n') !== expected.join('\n')) {
    fail('wrong-order', 'the steps are not those of a ceremony, in their order and once for each site');
  }
  for (const [i, { step }] of steps.entries()) {
    if (i > 0 && step.atMs < (steps[i - 1] as SignedStep).step.atMs) fail('time-reversed', 'a step before its time');
  }
  return new Script(steps);
}

const placeOf = (event: CeremonyEvent): string =>
  'site' in event && event.kind !== 'generate' ? `${event.kind} ${event.site}` : event.kind;

/** @throws EvidenceError `unknown-role`, `too-few-witnesses`. */
function verifyRoles({ operator, witnesses }: EventOf<'open'>['roles'], roles: EvidenceRoles): void {
  const isOne = (key: Uint8Array, keys: readonly Uint8Array[]): boolean => keys.some((each) => equalBytes(each, key));
  if (!isOne(operator, roles.operators)) fail('unknown-role', 'the operator is none of the trust root’s');
  for (const witness of witnesses) {
    if (!isOne(witness, roles.ceremony.witnesses)) fail('unknown-role', 'a witness is none of the trust root’s');
  }
  const { threshold } = roles.ceremony;
  if (witnesses.length < threshold) {
    fail('too-few-witnesses', `${witnesses.length} witnesses were there, and the trust root asks for ${threshold}`);
  }
}

/** @throws EvidenceError `unknown-role`, `bad-signature`, `role-missing`. */
function verifyStepSignatures(
  { step, signatures }: SignedStep,
  { operator, witnesses }: EventOf<'open'>['roles'],
): void {
  const present = new Set([operator, ...witnesses].map(hex));
  const signed = new Set(signatures.map(({ key }) => hex(key)));
  const message = stepMessage(step);
  for (const { key, signature } of signatures) {
    if (!present.has(hex(key))) fail('unknown-role', 'a step is signed by somebody who was not there');
    if (!isEd25519Signature(key, message, signature)) fail('bad-signature', 'a signature under a step does not verify');
  }
  const isForAll = ['open', 'exception', 'close'].includes(step.event.kind);
  for (const key of isForAll ? present : [hex(operator)]) {
    if (!signed.has(key)) fail('role-missing', `somebody who was there has not signed the step “${step.event.kind}”`);
  }
}

/** @throws EvidenceError `plan-mismatch`, `image-mismatch`, `bad-ceremony`. */
function verifyPlan(script: Script, { fleet, image }: CeremonyContext): void {
  const [{ event: open }] = script.of('open') as [RecordedEvent<'open'>];
  const [{ event: generate }] = script.of('generate') as [RecordedEvent<'generate'>];
  const [{ event: close }] = script.of('close') as [RecordedEvent<'close'>];
  if (!isPlanOf(fleet, open.plan)) fail('plan-mismatch', 'the fleet is not the one that was planned');
  for (const { configHash } of [generate, close]) {
    if (!equalBytes(configHash, fleet.configHash)) fail('plan-mismatch', 'this ceremony made another fleet');
  }
  if (!open.plan.sites.includes(generate.site)) fail('plan-mismatch', 'the secrets were drawn at another site');
  if (generate.shares.length !== fleet.members.length - 1) fail('bad-ceremony', 'not one share for every other member');
  if (!equalBytes(open.image, image)) fail('image-mismatch', 'opened for another image than the one that was built');
}

/** Checks what HSMs have signed. @throws EvidenceError. */
function verifyHsmWords(script: Script, { fleet, image }: CeremonyContext): VerifiedCeremony {
  const [{ event: open }] = script.of('open') as [RecordedEvent<'open'>];
  const descriptions: Signed<BirthDescription>[] = [];
  for (const { event } of script.of('initialise')) {
    const said = held('bad-description', 'a description in the ceremony', () =>
      verifyBirthDescription(event.description),
    );
    if (!equalBytes(said.nonce, open.nonce)) fail('nonce-mismatch', 'a description answers another ceremony');
    if (!equalBytes(said.image, image)) fail('image-mismatch', 'an HSM was initialised with another image');
    if (said.site !== event.site) fail('ceremony-mismatch', 'an HSM was initialised for another site');
    descriptions.push(event.description);
  }
  const { quorum, rollbackTolerance, groups, budgetLimit } = open.plan;
  const birth = birthHash({
    plan: { nonce: open.nonce, quorum, rollbackTolerance, groups, budgetLimit },
    descriptions,
  });
  for (const [i, { event }] of script.of('accept').entries()) {
    const said = held('bad-acceptance', 'an acceptance in the ceremony', () =>
      verifyBirthAcceptance(fleet, event.acceptance),
    );
    if (said.hsm !== i + 1) fail('bad-acceptance', 'the acceptance of another member');
    if (!equalBytes(said.birth, birth)) fail('other-birth', 'a member accepted another list of members');
  }
  for (const [i, { event }] of script.of('attest').entries()) {
    const said = held('bad-attestation', 'an attestation in the ceremony', () =>
      verifyAttestation(fleet, event.attestation),
    );
    if (said.hsm !== i + 1) fail('bad-attestation', 'the attestation of another member');
    if (!equalBytes(said.nonce, open.nonce)) fail('nonce-mismatch', 'an attestation answers another ceremony');
  }
  return {
    nonce: open.nonce,
    birth,
    sites: recordedSites(script),
    media: (script.of('media') as [RecordedEvent<'media'>])[0].event,
    exceptions: script.of('exception').map(({ event }) => event.what),
  };
}

function recordedSites(script: Script): ReadonlyMap<string, RecordedSite> {
  const accepts = script.of('accept');
  const attests = script.of('attest');
  const tests = script.of('self-test');
  return new Map(
    script.of('initialise').map(({ event }, i) => {
      const attest = attests[i] as RecordedEvent<'attest'>;
      const recorded: RecordedSite = {
        description: encode(signedBirthDescriptionLayout, event.description),
        acceptance: encode(signedBirthAcceptanceLayout, (accepts[i] as RecordedEvent<'accept'>).event.acceptance),
        attestation: encode(signedAttestationLayout, attest.event.attestation),
        attestedAtMs: attest.atMs,
        transcript: (tests[i] as RecordedEvent<'self-test'>).event.transcript,
      };
      return [event.site, recorded];
    }),
  );
}
