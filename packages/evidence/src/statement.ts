import { hex } from '@coffer/base';
import type { ConfigHash } from '@coffer/protocol';
import { encodeCanonicalJson, type Json, JsonForm } from '@coffer/wire';
import { encodeEnvelope, signEnvelope } from './envelope.js';
import { EvidenceError, fail } from './errors.js';
import { type CeremonyRecord, ceremonyForm } from './forms/ceremony-record.js';
import { type ConfigStatement, configForm } from './forms/config.js';
import {
  type BuildStatement,
  buildForm,
  type RebuildStatement,
  rebuildForm,
  type SourceStatement,
  sourceForm,
} from './forms/image.js';
import { type MediaStatement, mediaForm } from './forms/media.js';
import { type MemberStatement, memberForm } from './forms/member.js';
import type { PredicateForm } from './forms/predicate-form.js';
import { type SelfTestStatement, selfTestForm } from './forms/self-test.js';
import { evidenceFileBytesMax } from './limits.js';

/** What each kind of statement says. */
export interface Predicates {
  readonly config: ConfigStatement;
  readonly member: MemberStatement;
  readonly source: SourceStatement;
  readonly build: BuildStatement;
  readonly rebuild: RebuildStatement;
  readonly ceremony: CeremonyRecord;
  readonly 'self-test': SelfTestStatement;
  readonly media: MediaStatement;
}
export type StatementKind = keyof Predicates;

/** An in-toto statement about one fleet. */
export interface Statement<K extends StatementKind> {
  readonly kind: K;
  /** The subject. */
  readonly configHash: ConfigHash;
  readonly predicate: Predicates[K];
}

const forms: { readonly [K in StatementKind]: PredicateForm<Predicates[K]> } = {
  config: configForm,
  member: memberForm,
  source: sourceForm,
  build: buildForm,
  rebuild: rebuildForm,
  ceremony: ceremonyForm,
  'self-test': selfTestForm,
  media: mediaForm,
};

const statementType = 'https://in-toto.io/Statement/v1';
const predicateType = (kind: StatementKind): string => `urn:coffer:evidence:${kind}:v1`;
const form = new JsonForm((what, cause) => new EvidenceError('bad-statement', what, { cause }));

/** Payload of an envelope: canonical JSON of an in-toto Statement v1. @throws EvidenceError as {@link decodeStatement}. */
export function encodeStatement<K extends StatementKind>({ kind, configHash, predicate }: Statement<K>): Uint8Array {
  const bytes = encodeCanonicalJson({
    _type: statementType,
    subject: [{ name: 'fleet-descriptor', digest: { sha256: hex(configHash) } }],
    predicateType: predicateType(kind),
    predicate: forms[kind].encode(predicate),
  });
  decodeStatement(kind, bytes);
  return bytes;
}

/**
 * @throws EvidenceError `bad-statement` for the form, `wrong-kind` for a statement that is another one, `bad-ceremony`
 *   for a ceremony's record out of form.
 */
export function decodeStatement<K extends StatementKind>(kind: K, payload: Uint8Array): Statement<K> {
  const top = form.object(form.parse(payload, evidenceFileBytesMax), [
    '_type',
    'subject',
    'predicateType',
    'predicate',
  ]);
  if (top._type !== statementType) form.fail('no in-toto statement');
  if (top.predicateType !== predicateType(kind)) fail('wrong-kind', `no ${kind} statement`);
  return { kind, configHash: decodeSubject(top.subject), predicate: forms[kind].decode(top.predicate) };
}

function decodeSubject(json: Json): ConfigHash {
  const [only] = form.list(json, 1);
  const subject = form.object(only, ['name', 'digest']);
  if (subject.name !== 'fleet-descriptor') form.fail('another subject');
  const digest = form.object(subject.digest, ['sha256']);
  return form.hexBytes(digest.sha256, 32) as ConfigHash;
}

/** The file of a statement that one key signs. @param seed - 32 bytes. */
export function signStatement<K extends StatementKind>(statement: Statement<K>, seed: Uint8Array): Uint8Array {
  const payload = encodeStatement(statement);
  return encodeEnvelope({ payload, signatures: [signEnvelope(payload, seed)] });
}
