import { hex } from '@coffer/base';
import { encodeCanonicalJson } from '@coffer/wire';
import { JsonForm } from '../json.js';
import { artifactFleetsMax, leafBytesMax } from '../limits.js';
import type { Countersignatures, Countersigned } from './countersignature.js';
import { namespacePattern } from './namespace.js';

/** One entry of the log: an epoch, signed by the auditor and counter-signed by the operator. */
export interface Leaf {
  readonly namespace: string;
  /** From 1; the leaf's index in the log is `epoch - 1`. */
  readonly epoch: number;
  /** Digest of the artifact. */
  readonly digest: Uint8Array;
  readonly auditor: {
    /** Bytes of the Plexi message, suite 1. */
    readonly message: Uint8Array;
    readonly key: Uint8Array;
    readonly signature: Uint8Array;
  };
  readonly operator: { readonly key: Uint8Array; readonly signatures: Countersignatures };
  /** Evidence digests of the artifact's fleets, in its order. */
  readonly evidence: readonly Uint8Array[];
  /** RFC 6962 hash of the leaf before; absent at epoch 1. */
  readonly previous?: Uint8Array;
  /** Milliseconds since 1970. */
  readonly notAfterMs: number;
  /** Version of the trust root in force when it was signed. */
  readonly trustRootVersion: number;
}

const form = new JsonForm('bad-leaf');
const messageBytesMax = 512;

/** Canonical JSON (docs/spec/transparency.md §6); checked by decoding it again. @throws TransparencyError `bad-leaf`. */
export function encodeLeaf(leaf: Leaf): Uint8Array {
  const { auditor, operator } = leaf;
  const bytes = encodeCanonicalJson({
    v: 1,
    ns: leaf.namespace,
    epoch: leaf.epoch,
    digest: hex(leaf.digest),
    auditor: { msg: hex(auditor.message), key: hex(auditor.key), sig: hex(auditor.signature) },
    operator: {
      key: hex(operator.key),
      sigCompat: hex(operator.signatures.compatible),
      sig: hex(operator.signatures.full),
    },
    evidence: leaf.evidence.map(hex),
    prevLeaf: leaf.previous === undefined ? null : hex(leaf.previous),
    notAfter: leaf.notAfterMs,
    trustRootVersion: leaf.trustRootVersion,
  });
  decodeLeaf(bytes);
  return bytes;
}

/** Form and ranges only; no signature. @throws TransparencyError `bad-leaf`. */
export function decodeLeaf(bytes: Uint8Array): Leaf {
  const top = form.object(form.parse(bytes, leafBytesMax), [
    'v',
    'ns',
    'epoch',
    'digest',
    'auditor',
    'operator',
    'evidence',
    'prevLeaf',
    'notAfter',
    'trustRootVersion',
  ]);
  if (top.v !== 1) form.fail('version');
  const auditor = form.object(top.auditor, ['msg', 'key', 'sig']);
  const operator = form.object(top.operator, ['key', 'sigCompat', 'sig']);
  const epoch = form.integer(top.epoch, 1);
  const previous = top.prevLeaf === null ? undefined : form.hexBytes(top.prevLeaf, 32);
  if ((previous === undefined) !== (epoch === 1)) form.fail('prevLeaf exactly from epoch 2 on');
  return {
    namespace: form.text(top.ns, namespacePattern),
    epoch,
    digest: form.hexBytes(top.digest, 32),
    auditor: {
      message: form.anyHex(auditor.msg, messageBytesMax),
      key: form.hexBytes(auditor.key, 32),
      signature: form.hexBytes(auditor.sig, 64),
    },
    operator: {
      key: form.hexBytes(operator.key, 32),
      signatures: { compatible: form.hexBytes(operator.sigCompat, 64), full: form.hexBytes(operator.sig, 64) },
    },
    evidence: form.list(top.evidence, artifactFleetsMax).map((digest) => form.hexBytes(digest, 32)),
    notAfterMs: form.integer(top.notAfter, 0),
    trustRootVersion: form.integer(top.trustRootVersion, 1),
    ...(previous === undefined ? {} : { previous }),
  };
}

/** What the operator's signatures of this leaf are over. */
export function countersignedBy({ auditor, evidence, notAfterMs }: Leaf): Countersigned {
  return {
    auditorMessage: auditor.message,
    auditorSignature: auditor.signature,
    auditorKey: auditor.key,
    evidence,
    notAfterMs,
  };
}
