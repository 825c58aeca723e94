import { equalBytes, hex, utf8, utf8Text } from '@coffer/base';
import { encodeCanonicalJson, type Json } from '@coffer/wire';
import { decodeCheckpoint } from '../c2sp/checkpoint.js';
import { decodeNote } from '../c2sp/note.js';
import { decodeProofFile } from '../c2sp/proof-file.js';
import { decodeBundle } from '../client/bundle.js';
import type { ClientTrust } from '../client/client-trust.js';
import { JsonForm } from '../json.js';
import { type PlexiAnswer, parsePlexiAnswer, plexiAnswerJson } from '../keys/plexi-answer.js';
import { entryBytesMax, fraudProofBytesMax, proofHashesMax } from '../limits.js';
import { consistencyRoots } from '../log/proofs.js';

/** What the log has at the place of an epoch. */
export interface LoggedLeaf {
  /** Bytes of a `.tlog-proof` file. */
  readonly proof: Uint8Array;
  /** Bytes of the entry, at most {@link entryBytesMax}; whatever the log has there, also what is no leaf. */
  readonly leaf: Uint8Array;
}

/** A case against a log or an auditor, complete in itself: `verifyFraudProof` needs only the trust root. */
export type FraudProof =
  | {
      readonly kind: 'conflicting-checkpoints';
      /** Bytes of two signed notes, the smaller tree first. */
      readonly first: Uint8Array;
      readonly second: Uint8Array;
      /**
       * For trees of two sizes: the root that the second tree has after as many leaves as the first, and the consistency
       * proof from there. A consistency proof that merely fails would accuse nobody.
       */
      readonly prefix?: { readonly root: Uint8Array; readonly consistency: readonly Uint8Array[] };
    }
  | {
      readonly kind: 'unlogged-bundle';
      /** Bytes of the leaf that the auditor signed. */
      readonly leaf: Uint8Array;
      /** What is in its place, or a later checkpoint (bytes of the note) that is still without it. */
      readonly log: LoggedLeaf | { readonly checkpoint: Uint8Array };
    }
  | { readonly kind: 'contradicted-answer'; readonly answer: PlexiAnswer; readonly log: LoggedLeaf };

const form = new JsonForm('bad-fraud-proof');

/** Canonical JSON. @throws TransparencyError `bad-fraud-proof` when it is over its limit. */
export function encodeFraudProof(proof: FraudProof): Uint8Array {
  const bytes = encodeCanonicalJson({ v: 1, kind: proof.kind, case: caseJson(proof) });
  decodeFraudProof(bytes);
  return bytes;
}

function caseJson(proof: FraudProof): Json {
  switch (proof.kind) {
    case 'conflicting-checkpoints': {
      const { first, second, prefix } = proof;
      const claim = prefix && { root: hex(prefix.root), consistency: prefix.consistency.map(hex) };
      return { first: utf8Text(first), second: utf8Text(second), prefix: claim ?? null };
    }
    case 'unlogged-bundle':
      return { leaf: utf8Text(proof.leaf), log: logJson(proof.log) };
    case 'contradicted-answer':
      return { answer: plexiAnswerJson(proof.answer), log: logJson(proof.log) };
  }
}

function logJson(log: LoggedLeaf | { readonly checkpoint: Uint8Array }): Json {
  if ('checkpoint' in log) return { checkpoint: utf8Text(log.checkpoint) };
  // Hexadecimal, because an auditor may have logged bytes that are no text so as not to be accused with them.
  return { proof: utf8Text(log.proof), leaf: hex(log.leaf) };
}

/** Cuts the file into its parts and verifies nothing. @throws TransparencyError `bad-fraud-proof`. */
export function decodeFraudProof(bytes: Uint8Array): FraudProof {
  const top = form.object(form.parse(bytes, fraudProofBytesMax), ['v', 'kind', 'case']);
  if (top.v !== 1) form.fail('version');
  const kind = form.oneOf(top.kind, ['conflicting-checkpoints', 'unlogged-bundle', 'contradicted-answer']);
  if (kind === 'conflicting-checkpoints') {
    const fields = form.object(top.case, ['first', 'second', 'prefix']);
    const prefix = fields.prefix === null ? undefined : form.object(fields.prefix, ['root', 'consistency']);
    const claim = prefix && {
      root: form.hexBytes(prefix.root, 32),
      consistency: form.list(prefix.consistency, proofHashesMax).map((hash) => form.hexBytes(hash, 32)),
    };
    return { kind, first: text(fields.first), second: text(fields.second), ...(claim && { prefix: claim }) };
  }
  if (kind === 'unlogged-bundle') {
    const fields = form.object(top.case, ['leaf', 'log']);
    const isWithheld = fields.log !== null && typeof fields.log === 'object' && 'checkpoint' in fields.log;
    const log = isWithheld
      ? { checkpoint: text(form.object(fields.log, ['checkpoint']).checkpoint) }
      : loggedLeaf(fields.log);
    return { kind, leaf: text(fields.leaf), log };
  }
  const fields = form.object(top.case, ['answer', 'log']);
  return { kind, answer: answer(fields.answer), log: loggedLeaf(fields.log) };
}

/**
 * The case that a client can make by itself when a bundle shows another history than its own checkpoint does.
 * @returns undefined when the two do not conflict, or when a tree of that size (a power of two) leaves it to someone who
 *   reads the log's tiles.
 */
export function fraudOfBundle(trust: ClientTrust, bundleBytes: Uint8Array): FraudProof | undefined {
  const bundle = decodeBundle(bundleBytes);
  const note = decodeProofFile(bundle.proof).checkpoint;
  const shown = decodeCheckpoint(decodeNote(note).text);
  const known = trust.checkpoint;
  if (known === undefined || known.origin !== shown.origin) return undefined;
  const parts = { kind: 'conflicting-checkpoints', first: known.note, second: note } as const;
  if (known.size === shown.size) return equalBytes(known.root, shown.root) ? undefined : parts;
  const roots = consistencyRoots(known, shown.size, bundle.consistency.hashes);
  if (roots === undefined || !equalBytes(roots.later, shown.root) || equalBytes(roots.earlier, known.root))
    return undefined;
  return { ...parts, prefix: { root: roots.earlier, consistency: bundle.consistency.hashes } };
}

function text(json: Json): Uint8Array {
  return typeof json === 'string' ? utf8(json) : form.fail('not a text');
}

function loggedLeaf(json: Json): LoggedLeaf {
  const fields = form.object(json, ['proof', 'leaf']);
  return { proof: text(fields.proof), leaf: form.anyHex(fields.leaf, entryBytesMax) };
}

function answer(json: Json): PlexiAnswer {
  try {
    return parsePlexiAnswer(json);
  } catch (cause) {
    return form.fail(cause instanceof Error ? cause.message : 'answer');
  }
}
