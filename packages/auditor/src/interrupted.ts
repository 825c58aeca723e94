import { equalBytes } from '@coffer/base';
import { isEd25519Signature } from '@coffer/crypto';
import { artifactDigest, encodePlexiMessage, type Leaf, TransparencyError } from '@coffer/transparency';
import { putDigest } from './epoch-signer.js';
import { AuditorError } from './errors.js';
import { verifyLeafSignatures } from './leaf-checks.js';
import type { SignedRecord } from './log/signed-record.js';
import type { TrustRoots } from './log/trust-roots.js';
import type { NamespaceParts } from './namespace-parts.js';
import { logSignerFor } from './signing-keys.js';
import { artifactName, digestName, NamespaceNames } from './store/names.js';

/**
 * Checks and finishes what a crash may have left undone, before anything is asked of the namespace; see `AuditLog` for the order of writes.
 * @throws AuditorError `log-damaged`, `no-signing-key`, `halted`.
 */
export function finishInterrupted(parts: NamespaceParts): void {
  const { log, roots, store, logSigners } = parts;
  const pending = log.record(log.size + 1);
  if (pending !== undefined) {
    verifyPending(parts, pending);
    putDigest(store, pending);
  }
  renewLast(parts, pending);
  const { newest, head, size } = log;
  if (newest !== undefined && size > (head?.size ?? 0)) verifyUncounted(newest.leaf, roots);
  if (head === undefined || size > head.size) log.seal(logSignerFor(logSigners, roots.current, size));
}

/**
 * Stores once more whatever may have been the last write of a process that was killed: it is seen, but a power cut could
 * still take it back after this process has answered for it. Evidence is stored again when it is posted again.
 */
function renewLast({ namespace, log, roots, store }: NamespaceParts, pending: SignedRecord | undefined): void {
  const names = new NamespaceNames(namespace);
  const { size, newest } = log;
  const digests = [pending?.message.digest, newest?.leaf.digest].filter((digest) => digest !== undefined);
  const last = [
    names.trustRoot(roots.current.version),
    ...digests.flatMap((digest) => [artifactName(digest), digestName(digest)]),
    ...(pending === undefined ? [] : [names.record(size + 1)]),
    ...(size === 0 ? [] : [names.record(size), names.leaf(size)]),
    names.head,
    names.checkpoint(log.head?.size ?? 0),
    names.published,
  ];
  for (const name of last) store.renew(name);
}

function verifyPending({ namespace, log, epochs }: NamespaceParts, { message, key, signature }: SignedRecord): void {
  const isNext = message.namespace === namespace && message.epoch === log.size + 1;
  if (!isNext || !equalBytes(artifactDigest(epochs.artifact(message.digest)), message.digest))
    throw new AuditorError('log-damaged', 'the epoch that waits is not the next one');
  if (signature !== undefined && !isEd25519Signature(key, encodePlexiMessage(message), signature))
    throw new AuditorError('log-damaged', 'the epoch that waits has a signature that does not verify');
}

/** A leaf that no checkpoint counts yet has nothing but its own signatures to vouch for it. */
function verifyUncounted(leaf: Leaf, roots: TrustRoots): void {
  try {
    verifyLeafSignatures(leaf, roots.current);
  } catch (cause) {
    if (!(cause instanceof TransparencyError || cause instanceof AuditorError)) throw cause;
    throw new AuditorError('log-damaged', 'the last leaf is not signed', { cause });
  }
}
