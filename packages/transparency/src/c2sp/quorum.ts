import type { Policy } from './policy.js';

/** When each witness of a policy cosigned, by the witness's name in the policy. Absent: it did not. */
export type WitnessTimes = ReadonlyMap<string, number>;

/**
 * The quorum-th newest time: the latest one such that the witnesses who cosigned then or later are a quorum. A minority
 * of witnesses with clocks ahead cannot raise it.
 * @returns undefined without a quorum, and for the quorum `none`, which says nothing about time.
 */
export function quorumNewest(policy: Policy, times: WitnessTimes): number | undefined {
  return quorumTime(policy, times, (a, b) => b - a);
}

/**
 * The quorum-th oldest time: the earliest one by which a quorum had cosigned. A minority with clocks behind cannot lower
 * it. @returns undefined as {@link quorumNewest}.
 */
export function quorumOldest(policy: Policy, times: WitnessTimes): number | undefined {
  return quorumTime(policy, times, (a, b) => a - b);
}

function quorumTime(policy: Policy, times: WitnessTimes, order: (a: number, b: number) => number): number | undefined {
  const reached = new Map<string, number>();
  for (const { name } of policy.witnesses) {
    const time = times.get(name);
    if (time !== undefined) reached.set(name, time);
  }
  // A group names only what stands before it, so one pass suffices.
  for (const { name, threshold, members } of policy.groups) {
    const sorted = members.flatMap((member) => reached.get(member) ?? []).sort(order);
    const time = sorted[threshold - 1];
    if (time !== undefined) reached.set(name, time);
  }
  return reached.get(policy.quorum);
}
