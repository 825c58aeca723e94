import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { AuditorClient } from '@coffer/auditor';
import { fromHex, hex } from '@coffer/base';
import { readSeedFile, replaceFile } from '@coffer/host';
import { createTrustRoot, rotateTrustRoot, signaturesOf, signRoot } from '@coffer/operator';
import {
  decodeTrustRoot,
  encodeTrustRoot,
  encodeVerifierKey,
  type Revocation,
  type SignedTrustRoot,
  TransparencyError,
  type TrustRoot,
  verifyRotation,
} from '@coffer/transparency';
import { InvalidArgumentError } from 'commander';
import { CliError } from '../cli-error.js';
import { readTrustRoot } from '../device/fleet-link.js';
import { readRootPlan } from '../operator/root-plan.js';
import type { Terminal } from '../terminal/terminal.js';

/** Trust roots are public. */
const publicFileMode = 0o644;

export interface TrustRootCreateOptions {
  readonly out: string;
}
export interface TrustRootRotateOptions {
  readonly out: string;
  readonly plan?: string | undefined;
  readonly revoke?: readonly Revocation[] | undefined;
}
export interface TrustRootSignOptions {
  readonly key: readonly string[];
  readonly previous?: string | undefined;
}
export interface TrustRootShowOptions {
  readonly previous?: string | undefined;
}
export interface TrustRootPublishOptions {
  readonly auditor: string;
}

/** `coffer trust-root create`. */
export async function trustRootCreateCommand(
  plan: string,
  options: TrustRootCreateOptions,
  terminal: Terminal,
): Promise<void> {
  writeNew(options.out, createTrustRoot(readRootPlan(resolve(plan))), terminal);
}

/** `coffer trust-root rotate`: the next version, to be signed. */
export async function trustRootRotateCommand(
  path: string,
  { out, plan, revoke = [] }: TrustRootRotateOptions,
  terminal: Terminal,
): Promise<void> {
  const { trustRoot } = readRoot(path);
  const next = plan === undefined ? {} : { plan: readRootPlan(resolve(plan)) };
  writeNew(out, rotateTrustRoot(trustRoot, { ...next, revoke }), terminal);
}

/** `coffer trust-root sign`: adds signatures of root keys to the file. */
export async function trustRootSignCommand(
  path: string,
  { key, previous }: TrustRootSignOptions,
  { output }: Terminal,
): Promise<void> {
  const before = previous === undefined ? undefined : readRoot(previous).trustRoot;
  const signed = key.reduce((root, file) => signedBy(root, before, resolve(file)), readRoot(path));
  replaceFile(resolve(path), encodeTrustRoot(signed), publicFileMode);
  const { text, ...counts } = counted(signed, before);
  output.done({ ok: true, version: signed.trustRoot.version, ...counts }, [text]);
}

function signedBy(root: SignedTrustRoot, before: TrustRoot | undefined, file: string): SignedTrustRoot {
  const seed = readSeedFile(file);
  try {
    return signRoot(root, before, seed);
  } finally {
    seed.fill(0);
  }
}

/** `coffer trust-root show`: what it says, and whether it follows from the one before. */
export async function trustRootShowCommand(
  path: string,
  { previous }: TrustRootShowOptions,
  { output }: Terminal,
): Promise<void> {
  const root = readRoot(path);
  const before = previous === undefined ? undefined : readRoot(previous).trustRoot;
  if (before !== undefined) verifyFollows(before, root);
  const { text, ...counts } = counted(root, before);
  output.done({ ok: true, ...rootJson(root.trustRoot), ...counts }, [...rootLines(root.trustRoot), text]);
}

/** `coffer trust-root publish`: hands it to the auditor. */
export async function trustRootPublishCommand(
  path: string,
  { auditor }: TrustRootPublishOptions,
  { output }: Terminal,
): Promise<void> {
  const bytes = readTrustRoot(resolve(path));
  const { namespace, version } = decodeTrustRoot(bytes).trustRoot;
  await new AuditorClient({ url: auditor, namespace }).postTrustRoot(bytes);
  output.done({ ok: true, version }, [
    `Trust root ${version} is published. Run "coffer fleet publish --renew" now: clients follow it with the first leaf that names it.`,
  ]);
}

/** `KEY@SIZE`. */
export function revocation(text: string, previous: readonly Revocation[] = []): readonly Revocation[] {
  const [, key, size] = /^([0-9a-f]{64})@(0|[1-9][0-9]{0,14})$/.exec(text) ?? [];
  if (key === undefined) throw new InvalidArgumentError('not KEY@SIZE: 64 hex digits and a size of the log');
  return [...previous, { key: fromHex(key), revokedAtSize: Number(size) }];
}

const readRoot = (path: string): SignedTrustRoot => decodeTrustRoot(readTrustRoot(resolve(path)));

function writeNew(out: string, root: SignedTrustRoot, { output }: Terminal): void {
  const file = resolve(out);
  // The one before is still what clients hold.
  if (existsSync(file)) throw new CliError('usage', 'file-exists', `${file} is there already`);
  replaceFile(file, encodeTrustRoot(root), publicFileMode);
  const { version, rootKeys } = root.trustRoot;
  output.done({ ok: true, file, version }, [
    ...rootLines(root.trustRoot),
    `Written to ${file}, unsigned: ${rootKeys.threshold} of its root keys have to sign it${version > 1 ? ', and of those before' : ''}.`,
  ]);
}

function counted(root: SignedTrustRoot, before: TrustRoot | undefined) {
  const own = signaturesOf(root, root.trustRoot.rootKeys);
  const old = before === undefined ? undefined : signaturesOf(root, before.rootKeys);
  const isComplete = [own, ...(old === undefined ? [] : [old])].every(({ signed, threshold }) => signed >= threshold);
  const older = old === undefined ? '' : `, by ${old.signed} of the ${old.threshold} keys before`;
  const state = isComplete ? 'complete' : 'more are needed';
  return {
    signed: own.signed,
    threshold: own.threshold,
    isComplete,
    ...(old === undefined ? {} : { signedBefore: old.signed, thresholdBefore: old.threshold }),
    text: `Signed by ${own.signed} of the ${own.threshold} root keys that are needed${older}: ${state}.`,
  };
}

function verifyFollows(before: TrustRoot, root: SignedTrustRoot): void {
  try {
    verifyRotation(before, root);
  } catch (cause) {
    if (!(cause instanceof TransparencyError)) throw cause;
    throw new CliError('refused', cause.code, `it does not follow: ${cause.message} (${cause.code})`, { cause });
  }
}

function rootJson(root: TrustRoot) {
  return {
    version: root.version,
    namespace: root.namespace,
    origin: root.origin,
    rootKeys: { threshold: root.rootKeys.threshold, keys: root.rootKeys.keys.map(hex) },
    auditors: root.auditors.map(hex),
    operators: root.operators.map(hex),
    logs: root.policy.logs.map(({ key }) => encodeVerifierKey(key)),
    witnesses: root.policy.witnesses.map(({ name, key, url }) => ({ name, vkey: encodeVerifierKey(key), url })),
    ceremony: { threshold: root.ceremony.threshold, witnesses: root.ceremony.witnesses.map(hex) },
    rebuilders: { threshold: root.rebuilders.threshold, keys: root.rebuilders.keys.map(hex) },
    revocations: root.revocations.map(({ key, revokedAtSize }) => ({ key: hex(key), revokedAtSize })),
  };
}

function rootLines(root: TrustRoot): string[] {
  const keys = (what: string, list: readonly Uint8Array[]): string[] => list.map((key) => `  ${what} ${hex(key)}`);
  const { policy, rootKeys, ceremony, rebuilders } = root;
  return [
    `Trust root ${root.version} of ${root.namespace}`,
    `  log      ${root.origin}`,
    ...policy.logs.map(({ key }) => `  log key  ${encodeVerifierKey(key)}`),
    ...keys(`root key (${rootKeys.threshold} of ${rootKeys.keys.length})`, rootKeys.keys),
    ...keys('auditor ', root.auditors),
    ...keys('operator', root.operators),
    ...policy.groups.map(({ threshold, members }) => `  ${threshold} of ${members.join(', ')} have to cosign`),
    ...policy.witnesses.map(({ name, key, url }) => `  witness ${name}: ${encodeVerifierKey(key)} at ${url ?? '-'}`),
    ...keys(`ceremony witness (${ceremony.threshold} of ${ceremony.witnesses.length})`, ceremony.witnesses),
    ...keys(`rebuilder (${rebuilders.threshold} of ${rebuilders.keys.length})`, rebuilders.keys),
    ...root.revocations.map(({ key, revokedAtSize }) => `  revoked at size ${revokedAtSize}: ${hex(key)}`),
  ];
}
