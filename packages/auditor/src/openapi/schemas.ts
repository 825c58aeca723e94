import { evidenceFilesMax } from '../limits.js';

const hexOf = (bytes: number) => ({ type: 'string', pattern: `^[0-9a-f]{${2 * bytes}}$` });
const nat = { type: 'integer', minimum: 0 };
const positive = { type: 'integer', minimum: 1 };
const base64 = { type: 'string', contentEncoding: 'base64' };

/** An object that has all of these properties, and no others unless they are listed as optional. */
const object = (properties: Record<string, object>, optional: Record<string, object> = {}) => ({
  type: 'object',
  properties: { ...properties, ...optional },
  required: Object.keys(properties),
  additionalProperties: false,
});

const suite = { type: 'integer', enum: [1], description: '1: protobuf, Ed25519' };

export const schemas = {
  Info: object({
    keys: { type: 'array', items: object({ public_key: hexOf(32), not_before: nat }) },
    logs: { type: 'array', items: { type: 'string' }, description: 'namespaces' },
  }),
  Namespace: object(
    {
      name: { type: 'string' },
      log_directory: { type: 'null', description: 'there are no AKD proofs' },
      root: { type: ['string', 'null'], description: '`1/` and the digest of epoch 1' },
      status: { type: 'string', enum: ['Online', 'Initialization', 'Disabled'] },
      reports_uri: { type: 'string' },
      audits_uri: { type: 'string' },
      signature_version: suite,
      ciphersuite: suite,
    },
    { last_verified_epoch: positive },
  ),
  Namespaces: object({ namespaces: { type: 'array', items: { $ref: '#/components/schemas/Namespace' } } }),
  Signature: object({
    version: suite,
    ciphersuite: suite,
    namespace: { type: 'string' },
    timestamp: { ...nat, description: 'milliseconds since 1970' },
    epoch: positive,
    digest: hexOf(32),
    signature: hexOf(64),
    key_id: { type: 'integer', minimum: 0, maximum: 255, description: 'last byte of the public key' },
    serialized_message: { type: 'string', pattern: '^([0-9a-f]{2})+$', description: 'the bytes that are signed' },
  }),
  LastVerifiedEpoch: object({
    job_id: { type: 'string', format: 'uuid', description: 'from the hash of the leaf' },
    epoch: positive,
    start_hash: { ...hexOf(32), description: 'digest of the epoch before; zeros at epoch 1' },
    end_hash: hexOf(32),
    timestamp: nat,
  }),
  AuditRequest: object({
    artifact: base64,
    evidence: {
      type: 'object',
      description: 'files that the auditor may not have yet, by their SHA-256',
      propertyNames: hexOf(32),
      additionalProperties: base64,
      maxProperties: evidenceFilesMax,
    },
    requestSignature: object({ key: hexOf(32), sig: hexOf(64) }),
  }),
  Countersignature: object({
    key: hexOf(32),
    sigCompat: hexOf(64),
    sig: hexOf(64),
    notAfter: { ...nat, description: 'milliseconds since 1970' },
    trustRootVersion: positive,
  }),
  Logged: object({ epoch: positive, leafHash: hexOf(32), size: positive }),
  TrustRootVersion: object({ version: positive }),
  Error: object({ error: { type: 'string' } }),
};
