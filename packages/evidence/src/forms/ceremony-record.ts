import { hex } from '@coffer/base';
import { type Json, JsonForm } from '@coffer/wire';
import type { RoleSignature } from '../envelope.js';
import { EvidenceError } from '../errors.js';
import { ceremonyStepsMax, ceremonyWitnessesMax } from '../limits.js';
import { type CeremonyStep, decodeStep, stepJson } from './ceremony-step.js';
import type { PredicateForm } from './predicate-form.js';

/** A step with the signatures of those who were there. */
export interface SignedStep {
  readonly step: CeremonyStep;
  /** Ascending by key. */
  readonly signatures: readonly RoleSignature[];
}

/** The whole ceremony, in order. */
export interface CeremonyRecord {
  readonly steps: readonly SignedStep[];
}

const form = new JsonForm((what, cause) => new EvidenceError('bad-ceremony', what, { cause }));

export const ceremonyForm: PredicateForm<CeremonyRecord> = {
  encode: ({ steps }) => ({
    steps: steps.map(({ step, signatures }) => ({
      step: stepJson(step),
      signatures: signatures
        .map(({ key, signature }) => ({ key: hex(key), sig: hex(signature) }))
        .sort((a, b) => (a.key < b.key ? -1 : 1)),
    })),
  }),
  decode(json) {
    const { steps } = form.object(json, ['steps']);
    return { steps: form.list(steps, ceremonyStepsMax).map(decodeSignedStep) };
  },
};

function decodeSignedStep(json: Json): SignedStep {
  const fields = form.object(json, ['step', 'signatures']);
  const lines = form.list(fields.signatures, ceremonyWitnessesMax + 1).map((line) => form.object(line, ['key', 'sig']));
  const keys = form.anyAscendingHex(
    lines.map(({ key }) => key),
    32,
    ceremonyWitnessesMax + 1,
  );
  const signatures = lines.map(({ sig }, i) => ({ key: keys[i] as Uint8Array, signature: form.hexBytes(sig, 64) }));
  return { step: decodeStep(fields.step), signatures };
}
