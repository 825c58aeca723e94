import { budgetLimitMax, fleetGroupsMax, fleetMembersMax } from '@coffer/protocol';
import type { Json } from '@coffer/wire';
import { statementForm as form, type PredicateForm, sitePattern } from './predicate-form.js';

/** What kind of fleet it is. A quorum below its floor has this form too: the check says so by its name. */
export interface FleetPlan {
  /** In the order of member ids. */
  readonly sites: readonly string[];
  readonly quorum: number;
  readonly rollbackTolerance: number;
  readonly groups: number;
  readonly budgetLimit: number;
}

/** The fleet's configuration, in words that people read. */
export interface ConfigStatement extends FleetPlan {
  /** HSMs of a fleet are never given another program: a new program is a new fleet. */
  readonly upgradePath: 'none';
}

export const planJson = ({ sites, quorum, rollbackTolerance, groups, budgetLimit }: FleetPlan) => ({
  sites: [...sites],
  quorum,
  rollbackTolerance,
  groups,
  budgetLimit,
});

export const planFields = ['sites', 'quorum', 'rollbackTolerance', 'groups', 'budgetLimit'] as const;

/** Reads the fields of a plan with the form of the document it stands in. */
export function readPlan(fields: Readonly<Record<(typeof planFields)[number], Json>>, reader = form): FleetPlan {
  return {
    sites: reader.list(fields.sites, fleetMembersMax).map((site) => reader.text(site, sitePattern)),
    quorum: reader.integer(fields.quorum, 1, fleetMembersMax),
    rollbackTolerance: reader.integer(fields.rollbackTolerance, 0, fleetMembersMax),
    groups: reader.integer(fields.groups, 1, fleetGroupsMax),
    budgetLimit: reader.integer(fields.budgetLimit, 1, budgetLimitMax),
  };
}

export const configForm: PredicateForm<ConfigStatement> = {
  encode: (config) => ({ ...planJson(config), upgradePath: config.upgradePath }),
  decode(json) {
    const fields = form.object(json, [...planFields, 'upgradePath']);
    return { ...readPlan(fields), upgradePath: form.oneOf(fields.upgradePath, ['none']) };
  },
};
