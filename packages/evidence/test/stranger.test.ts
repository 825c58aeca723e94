import assert from 'node:assert/strict';
import { createHash, createPublicKey, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { goldenFolder } from './golden.js';

/**
 * The published set, read with nothing of this project: JSON, SHA-256 and Ed25519 of Node.js. What is computed here is what
 * docs/spec/evidence.md says, written down a second time.
 */
const file = (name: string): Buffer => readFileSync(new URL(`good/${name}`, goldenFolder));
const sha256 = (...parts: readonly (string | Buffer)[]): Buffer => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};
const isSigned = (key: string, message: Buffer, signature: Buffer): boolean => {
  const der = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), Buffer.from(key, 'hex')]);
  return verify(null, message, createPublicKey({ key: der, format: 'der', type: 'spki' }), signature);
};
/** RFC 8785 for what is in evidence: names sorted, no fractions, no characters that need care. */
const canonical = (value: unknown): string => {
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([name, each]) => `${JSON.stringify(name)}:${canonical(each)}`).join()}}`;
};

interface Index {
  readonly configHash: string;
  readonly items: readonly {
    readonly kind: string;
    readonly name: string;
    readonly digest: string;
    readonly bytes: number;
  }[];
}
interface Envelope {
  readonly payloadType: string;
  readonly payload: string;
  readonly signatures: readonly { readonly keyid: string; readonly sig: string }[];
}
interface Step {
  readonly step: { readonly seq: number; readonly prev: string; readonly kind: string };
  readonly signatures: readonly { readonly key: string; readonly sig: string }[];
}
const index = JSON.parse(file('index.json').toString()) as Index;

/** Verifies a DSSE envelope. @returns its payload. */
function opened(digest: string): { predicateType: string; subject: unknown; predicate: unknown } {
  const { payloadType, payload, signatures } = JSON.parse(file(digest).toString()) as Envelope;
  const body = Buffer.from(payload, 'base64');
  const type = `DSSEv1 ${payloadType.length} ${payloadType} ${body.length} `;
  assert.ok(signatures.length > 0);
  for (const { keyid, sig } of signatures) {
    assert.ok(isSigned(keyid, Buffer.concat([Buffer.from(type), body]), Buffer.from(sig, 'base64')));
  }
  return JSON.parse(body.toString());
}

test('digests, sizes, envelopes and subjects are what the specification says', () => {
  for (const { kind, digest, bytes } of index.items) {
    assert.deepEqual([sha256(file(digest)).toString('hex'), file(digest).length], [digest, bytes]);
    if (kind === 'descriptor') assert.equal(digest, index.configHash);
    if (kind === 'descriptor' || kind === 'transcript') continue;
    const { predicateType, subject } = opened(digest);
    assert.equal(predicateType, `urn:coffer:evidence:${kind}:v1`);
    assert.deepEqual(subject, [{ name: 'fleet-descriptor', digest: { sha256: index.configHash } }]);
  }
});

test('the ceremony is a chain of hashes, signed step by step', () => {
  const { digest } = index.items.find(({ kind }) => kind === 'ceremony') as Index['items'][0];
  const { steps } = opened(digest).predicate as { steps: readonly Step[] };
  let prev: Buffer = Buffer.alloc(32);
  for (const [seq, { step, signatures }] of steps.entries()) {
    assert.deepEqual([step.seq, step.prev], [seq, prev.toString('hex')]);
    prev = sha256('coffer/ceremony-step/v1\0', canonical(step));
    for (const { key, sig } of signatures) {
      const message = Buffer.concat([Buffer.from('coffer/ceremony-signature/v1\0'), prev]);
      assert.ok(isSigned(key, message, Buffer.from(sig, 'hex')), step.kind);
    }
  }
  assert.equal(steps.length, 17);
});
