import { equalBytes } from '@coffer/base';
import type { ConfigHash } from '@coffer/protocol';
import { decodeEnvelope, verifyEnvelope } from '../envelope.js';
import { fail } from '../errors.js';
import { decodeStatement, type Predicates, type StatementKind } from '../statement.js';

export interface VerifiedStatement<K extends StatementKind> {
  readonly predicate: Predicates[K];
  /** Who signed it, ascending. */
  readonly signers: readonly Uint8Array[];
}

/**
 * @param roleKeys - who may sign it.
 * @throws EvidenceError `bad-statement`, `unknown-role`, `bad-signature`, `wrong-kind`, `other-subject`, `bad-ceremony`.
 */
export function verifyStatement<K extends StatementKind>(
  kind: K,
  file: Uint8Array,
  configHash: ConfigHash,
  roleKeys: readonly Uint8Array[],
): VerifiedStatement<K> {
  const envelope = decodeEnvelope(file);
  const statement = decodeStatement(kind, verifyEnvelope(envelope, roleKeys));
  if (!equalBytes(statement.configHash, configHash)) fail('other-subject', 'a statement about another fleet');
  return { predicate: statement.predicate, signers: envelope.signatures.map(({ key }) => key) };
}
