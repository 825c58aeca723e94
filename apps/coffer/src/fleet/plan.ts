import { resolve } from 'node:path';
import { type HsmdConfig, hsmdSchema, tokenAt } from '@coffer/hsmd/config';
import { z } from 'zod';

/** Evidence is named after sites: a name that is none there would end a ceremony at its last step. */
const siteName = z.string().regex(/^[a-z0-9][a-z0-9-]{0,31}$/, 'not 1 to 32 of a-z, 0-9 and -, the first no -');

/** An HSM is started by this program, as new and then as a member, and inherits no descriptor of its caller. */
const keyStore = hsmdSchema.shape.keyStore.refine(
  (keys) => typeof keys === 'string' || !('fd' in keys.pkcs11.pin),
  'a PIN comes from a file or from the environment',
);

/** A name, or a name and where its HSM keeps its keys, as in the HSM's own configuration. */
const site = z
  .union([siteName, z.strictObject({ name: siteName, keyStore })])
  .transform((either): { readonly name: string; readonly keyStore?: HsmdConfig['keyStore'] } =>
    typeof either === 'string' ? { name: either } : either,
  );

/** What kind of fleet a ceremony makes, and who is present: the script of `coffer fleet create`. */
export const fleetPlanSchema = z.strictObject({
  sites: z.array(site).min(1).max(15),
  /** Default: one for each site to lead. */
  groups: z.int().min(1).max(32).optional(),
  budgetLimit: z.int().min(1).max(10).default(10),
  rollbackTolerance: z.int().min(0).max(14).default(0),
  /** Default: the floor for the tolerance. */
  quorum: z.int().min(1).max(15).optional(),
  /** File with the operator's key: 64 hexadecimal digits, mode 0600. */
  operator: z.string().min(1),
  /** Files with the keys of independent witnesses who are present. */
  witnesses: z.array(z.string().min(1)).max(15).default([]),
  /** Where the source of the HSM image is public, if it is. */
  source: z
    .strictObject({ repository: z.string().min(1).max(256), commit: z.string().regex(/^[0-9a-f]{40,64}$/) })
    .optional(),
  /** Serial numbers of media that the ceremony used, and of those that were destroyed after it. */
  media: z
    .strictObject({
      issued: z.array(z.string().min(1).max(64)).max(64),
      destroyed: z.array(z.string().min(1).max(64)).max(64),
    })
    .optional(),
});
export type FleetPlan = z.output<typeof fleetPlanSchema>;

/** The plan with absolute paths. @param folder - where relative ones start: the script's. */
export function planAt(folder: string, plan: FleetPlan): FleetPlan {
  const at = (path: string): string => resolve(folder, path);
  const keysAt = (keys: HsmdConfig['keyStore']): HsmdConfig['keyStore'] =>
    typeof keys === 'string' ? at(keys) : { pkcs11: tokenAt(keys.pkcs11, at) };
  return {
    ...plan,
    operator: at(plan.operator),
    witnesses: plan.witnesses.map(at),
    sites: plan.sites.map(({ name, keyStore: keys }) =>
      keys === undefined ? { name } : { name, keyStore: keysAt(keys) },
    ),
  };
}
