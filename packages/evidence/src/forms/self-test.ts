import { hex } from '@coffer/base';
import { budgetLimitMax, fleetGroupsMax, fleetMembersMax } from '@coffer/protocol';
import { statementForm as form, type PredicateForm } from './predicate-form.js';

/** "The guess limit of this HSM was tried": the transcript shows it. */
export interface SelfTestStatement {
  /** Id of the HSM that led while it was tried. */
  readonly member: number;
  readonly group: number;
  /** Wrong guesses until the vault was destroyed. */
  readonly budget: number;
  /** SHA-256 of the transcript, 32 bytes. */
  readonly transcript: Uint8Array;
}

export const selfTestForm: PredicateForm<SelfTestStatement> = {
  encode: ({ member, group, budget, transcript }) => ({ member, group, budget, transcript: hex(transcript) }),
  decode(json) {
    const fields = form.object(json, ['member', 'group', 'budget', 'transcript']);
    return {
      member: form.integer(fields.member, 1, fleetMembersMax),
      group: form.integer(fields.group, 0, fleetGroupsMax - 1),
      budget: form.integer(fields.budget, 1, budgetLimitMax),
      transcript: form.hexBytes(fields.transcript, 32),
    };
  },
};
