import { bytesOf, jsonOf, operation } from './operations.js';
import { schemas } from './schemas.js';

const json = 'application/json';
const text = 'text/plain; charset=utf-8';
const octets = 'application/octet-stream';

/** The auditor's API (OpenAPI 3.1). Every path and status in it is exercised by a test, and no route is missing. */
export const openApiDocument = {
  openapi: '3.1.0',
  info: {
    title: 'Coffer auditor',
    version: '1',
    description:
      'Signs, logs and serves the fleet keys of operators. `/info` and `/namespaces` are those of a Plexi auditor. Nothing is ' +
      'shown of an epoch before it is in a checkpoint that a quorum of witnesses cosigned. A refusal is `{"error": code}`.',
  },
  paths: {
    '/info': { get: operation('Keys and namespaces', [], { 200: jsonOf('Info', 'Plexi Configuration') }) },
    '/namespaces': {
      get: operation('All namespaces', [], { 200: jsonOf('Namespaces', 'Plexi Namespaces') }),
    },
    '/namespaces/{ns}': {
      get: operation('One namespace', ['ns'], { 200: jsonOf('Namespace', 'Plexi NamespaceInfo') }, [
        'unknown-namespace',
      ]),
    },
    '/namespaces/{ns}/last-verified-epoch': {
      get: operation('The newest epoch', ['ns'], { 200: jsonOf('LastVerifiedEpoch', 'Plexi LastVerifiedEpoch') }, [
        'unknown-namespace',
        'namespace-disabled',
        'not-found',
      ]),
    },
    '/namespaces/{ns}/audits': {
      post: operation(
        'Has an artifact audited and signed for its epoch',
        ['ns'],
        {
          200: jsonOf('Signature', 'the same artifact was signed before'),
          201: jsonOf('Signature', 'signed; to be counter-signed'),
        },
        [
          'unknown-namespace',
          'namespace-disabled',
          'bad-operator-signature',
          'key-revoked',
          'bad-artifact',
          'wrong-namespace',
          'epoch-signed',
          'epoch-not-next',
          'wrong-previous',
          'digest-reused',
          'fleet-returned',
          'evidence-mismatch',
          'evidence-missing',
          'evidence-failed',
          'no-signing-key',
          'no-witness-quorum',
          'log-unconfirmed',
        ],
        { type: json, schema: 'AuditRequest' },
      ),
    },
    '/namespaces/{ns}/audits/{epoch}': {
      get: operation(
        'The auditor’s signature of a published epoch',
        ['ns', 'epoch'],
        { 200: jsonOf('Signature', 'Plexi SignatureResponse') },
        ['unknown-namespace', 'namespace-disabled', 'not-found'],
      ),
    },
    '/namespaces/{ns}/audits/{epoch}/countersignature': {
      post: operation(
        'Logs a signed epoch under the operator’s counter-signature',
        ['ns', 'epoch'],
        { 200: jsonOf('Logged', 'it was logged before'), 201: jsonOf('Logged', 'logged and published') },
        [
          'unknown-namespace',
          'namespace-disabled',
          'not-found',
          'not-signed',
          'already-logged',
          'trust-root-version',
          'bad-operator-signature',
          'key-revoked',
          'not-after',
          'no-signing-key',
          'no-witness-quorum',
        ],
        { type: json, schema: 'Countersignature' },
      ),
    },
    '/logs/{ns}/checkpoint': {
      get: operation(
        'The newest published checkpoint',
        ['ns'],
        { 200: bytesOf(text, 'signed note with cosignatures') },
        ['unknown-namespace', 'not-found'],
      ),
    },
    '/logs/{ns}/tile/{tile}': {
      get: operation('A tile or an entry bundle', ['ns', 'tile'], { 200: bytesOf(octets, 'C2SP tlog-tiles') }, [
        'unknown-namespace',
        'not-found',
      ]),
    },
    '/leaves/{ns}/{epoch}': {
      get: operation('A leaf of the log', ['ns', 'epoch'], { 200: bytesOf(json, 'canonical JSON') }, [
        'unknown-namespace',
        'not-found',
      ]),
    },
    '/checkpoints/{ns}/{size}': {
      get: operation(
        'The checkpoint of a size, with its earliest cosignatures',
        ['ns', 'size'],
        { 200: bytesOf(text, 'signed note with cosignatures') },
        ['unknown-namespace', 'not-found'],
      ),
    },
    '/artifacts/{digest}': {
      get: operation('An artifact by its SHA-256', ['digest'], { 200: bytesOf(json, 'canonical JSON') }, ['not-found']),
    },
    '/evidence/{digest}': {
      get: operation('A file of evidence by its SHA-256', ['digest'], { 200: bytesOf(octets, 'as it was handed in') }, [
        'not-found',
      ]),
    },
    '/trust-roots/{ns}': {
      post: operation(
        'Takes the next trust root, signed by thresholds of the old and new root keys',
        ['ns'],
        {
          200: jsonOf('TrustRootVersion', 'in force already'),
          201: jsonOf('TrustRootVersion', 'in force now'),
        },
        [
          'unknown-namespace',
          'namespace-disabled',
          'bad-trust-root',
          'version-not-next',
          'other-log',
          'below-threshold',
          'revocation-undone',
        ],
        { type: json, schema: undefined },
      ),
    },
    '/trust-roots/{ns}/{version}': {
      get: operation('A trust root with its signatures', ['ns', 'version'], { 200: bytesOf(json, 'canonical JSON') }, [
        'unknown-namespace',
        'not-found',
      ]),
    },
    '/openapi.json': {
      get: operation('This document', [], { 200: { description: 'OpenAPI 3.1', content: { [json]: {} } } }),
    },
    '/healthz': {
      get: operation('Whether the process answers', [], { 200: bytesOf('text/plain; charset=UTF-8', '`ok`') }),
    },
  },
  components: { schemas },
};
