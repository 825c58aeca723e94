import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { quoteVerifiers } from '../dist/evidence/quote-verifiers.js';
import { vendorRoot } from './vendor-root.js';

const folder = mkdtempSync(join(tmpdir(), 'coffer-quotes-'));
after(() => rmSync(folder, { recursive: true, force: true }));

test('TPMs are believed where somebody says which, and then no simulated ones', () => {
  const write = (policy: unknown): string => {
    const file = join(folder, 'tpm2.json');
    writeFileSync(file, JSON.stringify(policy));
    return file;
  };
  const root = vendorRoot();
  const policy = { roots: [root], imagePcr: 14, pcrs: [] };
  const types = (file: string | undefined) => quoteVerifiers(file).map(({ type }) => type);
  const ofRoot = (text: string) => ({ ...policy, roots: [{ ...root, certificate: text }] });
  assert.throws(() => quoteVerifiers(join(folder, 'none')), { code: 'usage', reason: 'no-such-file' });
  assert.deepEqual(types(undefined), ['simulated']);
  assert.deepEqual(types(write(policy)), ['tpm2']);
  for (const bad of [
    {},
    { ...policy, roots: [] },
    { ...policy, imagePcr: 24 },
    { ...policy, extra: 1 },
    ofRoot('AAAA'),
    ofRoot('==='),
  ]) {
    assert.throws(() => quoteVerifiers(write(bad)), { code: 'usage', reason: 'bad-tpm2-policy' });
  }
});
