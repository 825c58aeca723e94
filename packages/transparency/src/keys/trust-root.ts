import { concat, hex, utf8 } from '@coffer/base';
import { ed25519Sign, isEd25519Signature } from '@coffer/crypto';
import { encodeCanonicalJson, type Json } from '@coffer/wire';
import { decodePolicy, encodePolicy, type Policy } from '../c2sp/policy.js';
import { JsonForm } from '../json.js';
import { policyBytesMax, revocationsMax, trustRootBytesMax, trustRootKeysMax } from '../limits.js';
import { namespacePattern } from './namespace.js';
import { plexiKeyId } from './plexi.js';

/**
 * A key that must not be believed for anything at or after a position of the log. A position cannot be backdated by
 * whoever stole the key; a time can.
 */
export interface Revocation {
  /** 32-byte Ed25519 public key of an auditor, operator, log, ceremony witness or rebuilder. */
  readonly key: Uint8Array;
  /** The log's size when it was revoked: leaves below that index, and checkpoints up to that size, keep their value. */
  readonly revokedAtSize: number;
}

/** Whom a client believes. Everything else about fleets follows from it and the log. */
export interface TrustRoot {
  /** From 1, one by one. */
  readonly version: number;
  readonly namespace: string;
  /** Of the log; every log key has it as its name. */
  readonly origin: string;
  /** Who may change this: `threshold` of `keys`. */
  readonly rootKeys: { readonly threshold: number; readonly keys: readonly Uint8Array[] };
  readonly auditors: readonly Uint8Array[];
  readonly operators: readonly Uint8Array[];
  /** Logs and witnesses, with a quorum. */
  readonly policy: Policy;
  /** Who watches the birth of a fleet, and how many of them have to: docs/spec/evidence.md. They sign no checkpoints. */
  readonly ceremony: { readonly threshold: number; readonly witnesses: readonly Uint8Array[] };
  /** Who builds the HSM image from its source too, and how many of them have to get the same. */
  readonly rebuilders: { readonly threshold: number; readonly keys: readonly Uint8Array[] };
  readonly revocations: readonly Revocation[];
}

export interface RootSignature {
  readonly key: Uint8Array;
  readonly signature: Uint8Array;
}

/** A trust root with the signatures of root keys, as it is published. Decoded, none of them is checked. */
export interface SignedTrustRoot {
  readonly trustRoot: TrustRoot;
  /** Ascending by key. */
  readonly signatures: readonly RootSignature[];
}

const form = new JsonForm('bad-trust-root');

function trustRootJson(root: TrustRoot): Json {
  return {
    v: 1,
    version: root.version,
    namespace: root.namespace,
    origin: root.origin,
    rootKeys: { threshold: root.rootKeys.threshold, keys: sortedHex(root.rootKeys.keys) },
    auditors: sortedHex(root.auditors),
    operators: sortedHex(root.operators),
    policy: encodePolicy(root.policy),
    ceremony: { threshold: root.ceremony.threshold, witnesses: sortedHex(root.ceremony.witnesses) },
    rebuilders: { threshold: root.rebuilders.threshold, keys: sortedHex(root.rebuilders.keys) },
    revocations: [...root.revocations]
      .sort((a, b) => (hex(a.key) < hex(b.key) ? -1 : 1))
      .map(({ key, revokedAtSize }) => ({ key: hex(key), revokedAtSize })),
  };
}

/** `"coffer/trust-root/v1\0" ‖ canonical JSON of the root`: what root keys sign. */
export function trustRootMessage(root: TrustRoot): Uint8Array {
  return concat(utf8('coffer/trust-root/v1\0'), encodeCanonicalJson(trustRootJson(root)));
}

/** One root key's signature. @param seed - 32 bytes. @param key - its public key. */
export function signTrustRoot(root: TrustRoot, seed: Uint8Array, key: Uint8Array): RootSignature {
  return { key, signature: ed25519Sign(seed, trustRootMessage(root)) };
}

/** Whether one line verifies; whose key it is, and whether that counts, is the caller's question. */
export function isRootSignature(root: TrustRoot, { key, signature }: RootSignature): boolean {
  return isEd25519Signature(key, trustRootMessage(root), signature);
}

/** Canonical JSON (docs/spec/transparency.md §7); checked by decoding it again. @throws TransparencyError `bad-trust-root`. */
export function encodeTrustRoot({ trustRoot, signatures }: SignedTrustRoot): Uint8Array {
  const bytes = encodeCanonicalJson({
    signed: trustRootJson(trustRoot),
    signatures: signatures
      .map(({ key, signature }) => ({ key: hex(key), sig: hex(signature) }))
      .sort((a, b) => (a.key < b.key ? -1 : 1)),
  });
  decodeTrustRoot(bytes);
  return bytes;
}

/**
 * Form and ranges; no signature. An app that compiled the bytes in needs no more for its first root; every later one goes
 * through `verifyRotations`.
 * @throws TransparencyError `bad-trust-root`.
 */
export function decodeTrustRoot(bytes: Uint8Array): SignedTrustRoot {
  const file = form.object(form.parse(bytes, trustRootBytesMax), ['signed', 'signatures']);
  const signatures = form.list(file.signatures, 2 * trustRootKeysMax).map((json) => {
    const fields = form.object(json, ['key', 'sig']);
    return { key: form.hexBytes(fields.key, 32), signature: form.hexBytes(fields.sig, 64) };
  });
  if (signatures.length > 0) {
    const keys = signatures.map(({ key }) => hex(key));
    form.ascendingHex(keys, 32, keys.length);
  }
  return { trustRoot: decodeSigned(file.signed), signatures };
}

function decodeSigned(json: Json): TrustRoot {
  const top = form.object(json, [
    'v',
    'version',
    'namespace',
    'origin',
    'rootKeys',
    'auditors',
    'operators',
    'policy',
    'ceremony',
    'rebuilders',
    'revocations',
  ]);
  if (top.v !== 1) form.fail('version');
  const rootKeys = form.object(top.rootKeys, ['threshold', 'keys']);
  const keys = form.ascendingHex(rootKeys.keys, 32, trustRootKeysMax);
  const ceremony = form.object(top.ceremony, ['threshold', 'witnesses']);
  const witnesses = form.anyAscendingHex(ceremony.witnesses, 32, trustRootKeysMax);
  const rebuilders = form.object(top.rebuilders, ['threshold', 'keys']);
  const rebuilderKeys = form.anyAscendingHex(rebuilders.keys, 32, trustRootKeysMax);
  const root: TrustRoot = {
    version: form.integer(top.version, 1),
    namespace: form.text(top.namespace, namespacePattern),
    origin: form.text(top.origin, /^[^\s+]{1,255}$/u),
    rootKeys: { threshold: form.integer(rootKeys.threshold, 1, keys.length), keys },
    auditors: form.ascendingHex(top.auditors, 32, trustRootKeysMax),
    operators: form.ascendingHex(top.operators, 32, trustRootKeysMax),
    policy: decodeRootPolicy(top.policy),
    ceremony: { threshold: form.integer(ceremony.threshold, 0, witnesses.length), witnesses },
    rebuilders: { threshold: form.integer(rebuilders.threshold, 0, rebuilderKeys.length), keys: rebuilderKeys },
    revocations: decodeRevocations(top.revocations),
  };
  checkKeys(root);
  return root;
}

function decodeRootPolicy(json: Json): Policy {
  if (typeof json !== 'string' || json.length > policyBytesMax) return form.fail('policy');
  let policy: Policy;
  try {
    policy = decodePolicy(utf8(json));
    // The plainest spelling only, so that a root has one encoding.
    if (encodePolicy(policy) !== json) form.fail('a policy spelt in another way');
  } catch (cause) {
    return form.fail(cause instanceof Error ? cause.message : 'policy');
  }
  // Without witnesses nothing says how old a checkpoint is, or that others see the same one.
  if (policy.quorum === 'none') form.fail('no quorum of witnesses');
  return policy;
}

function decodeRevocations(json: Json): readonly Revocation[] {
  const revocations = form.list(json, revocationsMax).map((item) => {
    const fields = form.object(item, ['key', 'revokedAtSize']);
    return { key: form.hexBytes(fields.key, 32), revokedAtSize: form.integer(fields.revokedAtSize, 0) };
  });
  const keys = revocations.map(({ key }) => hex(key));
  if (keys.length > 0) form.ascendingHex(keys, 32, keys.length);
  return revocations;
}

function checkKeys(root: TrustRoot): void {
  const { origin, auditors, policy } = root;
  if (policy.logs.length === 0 || policy.logs.some(({ key }) => key.name !== origin))
    form.fail('log keys of the origin');
  if (new Set(auditors.map(plexiKeyId)).size !== auditors.length) form.fail('two auditor keys with one key id');
  // One key in two roles could be made to sign in the one what counts in the other.
  const all = listedKeys(root);
  if (new Set(all.map(hex)).size !== all.length) form.fail('one key in two roles');
}

/** Every key that a trust root lists, in whatever role. */
export function listedKeys({ rootKeys, auditors, operators, policy, ceremony, rebuilders }: TrustRoot): Uint8Array[] {
  const named = [...policy.logs, ...policy.witnesses].map(({ key }) => key.key);
  return [rootKeys.keys, auditors, operators, named, ceremony.witnesses, rebuilders.keys].flat();
}

const sortedHex = (keys: readonly Uint8Array[]): string[] => keys.map(hex).sort();
