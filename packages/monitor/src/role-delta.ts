import { hex } from '@coffer/base';
import type { Policy, TrustRoot } from '@coffer/transparency';

/** A key of a trust root, and what it is for. */
export interface RoleKey {
  readonly role: 'root' | 'auditor' | 'operator' | 'log' | 'witness' | 'ceremony-witness' | 'rebuilder';
  /** Hexadecimal. */
  readonly key: string;
}

/** What a rotation of the trust root changed: whom clients believe from here on, and how many of them it takes. */
export interface RoleDelta {
  readonly added: readonly RoleKey[];
  readonly removed: readonly RoleKey[];
  readonly revoked: readonly { readonly key: string; readonly revokedAtSize: number }[];
  /** How many have to agree, where that is another number than before; and whom a name in the policy stands for now. */
  readonly thresholds: readonly { readonly of: string; readonly from: string; readonly to: string }[];
}

/** Nobody but whoever reads this sees that a rotation put the witnesses' quorum into one hand. */
export function roleDelta(before: TrustRoot, after: TrustRoot): RoleDelta {
  const [old, now] = [roleKeys(before), roleKeys(after)];
  const revoked = new Map(before.revocations.map(({ key, revokedAtSize }) => [hex(key), revokedAtSize]));
  const [from, to] = [thresholds(before), thresholds(after)];
  return {
    added: without(now, old),
    removed: without(old, now),
    revoked: after.revocations
      .map(({ key, revokedAtSize }) => ({ key: hex(key), revokedAtSize }))
      .filter(({ key, revokedAtSize }) => revoked.get(key) !== revokedAtSize),
    thresholds: Object.keys(to).flatMap((of) => {
      const [was, is] = [from[of], to[of]];
      return was === undefined || is === undefined || was === is ? [] : [{ of, from: was, to: is }];
    }),
  };
}

function roleKeys({ rootKeys, auditors, operators, policy, ceremony, rebuilders }: TrustRoot): readonly RoleKey[] {
  const of = (role: RoleKey['role'], keys: readonly Uint8Array[]): RoleKey[] =>
    keys.map((key) => ({ role, key: hex(key) }));
  const keysOf = (signers: Policy['logs']): Uint8Array[] => signers.map(({ key }) => key.key);
  return [
    ...of('root', rootKeys.keys),
    ...of('auditor', auditors),
    ...of('operator', operators),
    ...of('log', keysOf(policy.logs)),
    ...of('witness', keysOf(policy.witnesses)),
    ...of('ceremony-witness', ceremony.witnesses),
    ...of('rebuilder', rebuilders.keys),
  ];
}

function thresholds({ rootKeys, policy, ceremony, rebuilders }: TrustRoot): Readonly<Record<string, string>> {
  const { quorum, groups } = policy;
  const listed = groups.map(({ name, threshold, members }) => `${name} = ${threshold} of ${members.join(' ')}`);
  // Groups hold names, and the same names for the same keys in another order would be another quorum.
  const named = policy.witnesses.map(({ name, key }) => [`witness ${name}`, hex(key.key)] as const);
  return {
    ...Object.fromEntries(named),
    root: `${rootKeys.threshold}`,
    witness: [quorum, ...listed].join('; '),
    'ceremony-witness': `${ceremony.threshold}`,
    rebuilder: `${rebuilders.threshold}`,
  };
}

const without = (keys: readonly RoleKey[], others: readonly RoleKey[]): readonly RoleKey[] =>
  keys.filter(({ role, key }) => !others.some((other) => other.role === role && other.key === key));
