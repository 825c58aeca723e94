import { fromHex, hex } from '@coffer/base';
import { parseConfiguration } from '@coffer/host';
import type { TrustRootPlan } from '@coffer/operator';
import { decodeVerifierKey, type NoteKey, TransparencyError } from '@coffer/transparency';
import { z } from 'zod';
import { CliError } from '../cli-error.js';
import { inputText } from '../input-file.js';

const key = z.string().regex(/^[0-9a-f]{64}$/, 'not a public key of 64 hexadecimal digits');
const vkey = z.string().min(1).max(512);
const threshold = z.int().min(1).max(64);

/** What people write to make a trust root; everything that they do not decide is left out. */
const planSchema = z.strictObject({
  /** `NAME.encrypted_backups.fleet_keys.v1`. */
  namespace: z.string(),
  /** Of the log: the name of its keys. */
  origin: z.string(),
  rootKeys: z.strictObject({ threshold, keys: z.array(key).min(1) }),
  auditors: z.array(key).min(1),
  operators: z.array(key).min(1),
  /** vkeys of the log. */
  logs: z.array(vkey).min(1),
  /** `url` without `/add-checkpoint`. */
  witnesses: z.array(z.strictObject({ name: z.string(), vkey, url: z.url({ protocol: /^https?$/ }) })).min(1),
  /** How many of the witnesses have to cosign. */
  quorum: threshold,
  /** Who watches the birth of a fleet, and who rebuilds the image. */
  ceremony: z
    .strictObject({ threshold: z.int().min(0), witnesses: z.array(key) })
    .default({ threshold: 0, witnesses: [] }),
  rebuilders: z.strictObject({ threshold: z.int().min(0), keys: z.array(key) }).default({ threshold: 0, keys: [] }),
});

/** @throws HostError `bad-config`, CliError `usage`. */
export function readRootPlan(path: string): TrustRootPlan {
  const plan = parseConfiguration(path, inputText(path), planSchema);
  const group = 'quorum';
  return {
    namespace: plan.namespace,
    origin: plan.origin,
    rootKeys: { threshold: plan.rootKeys.threshold, keys: sorted(plan.rootKeys.keys) },
    auditors: sorted(plan.auditors),
    operators: sorted(plan.operators),
    policy: {
      logs: plan.logs.map((text) => ({ key: noteKeyOf(text, path) })),
      witnesses: plan.witnesses.map(({ name, vkey: text, url }) => ({ name, key: noteKeyOf(text, path), url })),
      groups: [{ name: group, threshold: plan.quorum, members: plan.witnesses.map(({ name }) => name) }],
      quorum: group,
    },
    ceremony: { threshold: plan.ceremony.threshold, witnesses: sorted(plan.ceremony.witnesses) },
    rebuilders: { threshold: plan.rebuilders.threshold, keys: sorted(plan.rebuilders.keys) },
  };
}

const sorted = (keys: readonly string[]): Uint8Array[] => keys.map(fromHex).sort((a, b) => (hex(a) < hex(b) ? -1 : 1));

function noteKeyOf(text: string, path: string): NoteKey {
  try {
    return decodeVerifierKey(text);
  } catch (cause) {
    if (!(cause instanceof TransparencyError)) throw cause;
    throw new CliError('usage', 'bad-plan', `${path}: not a vkey: ${text}`, { cause });
  }
}
