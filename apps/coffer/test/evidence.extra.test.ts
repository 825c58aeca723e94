import assert from 'node:assert/strict';
import { once } from 'node:events';
import { appendFileSync, cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { sha256 } from '@coffer/crypto';
import { evidenceFileBytesMax, evidenceIndexBytesMax, evidenceRoles, verifyEvidence } from '@coffer/evidence';
import { decodeTrustRoot } from '@coffer/transparency';
import { auditorEvidence, type EvidenceSource, evidenceFolder } from '../dist/evidence/evidence-source.js';
import { quoteVerifiers } from '../dist/evidence/quote-verifiers.js';
import { escaped, reportHtml } from '../dist/evidence/report-html.js';
import { type Ended, Place } from './fixture.js';
import { vendorRoot } from './vendor-root.js';

const vectors = fileURLToPath(new URL('../../../vectors/evidence/', import.meta.url));
const good = join(vectors, 'good');
const trust = ['--trust-root', join(vectors, 'trust-root.json')];
const digest = Buffer.from(sha256(new Uint8Array(readFileSync(join(good, 'index.json'))))).toString('hex');

interface Item {
  readonly kind: string;
  readonly verdict: string;
  readonly code?: string;
}
const itemsOf = ({ json }: Ended): Item[] => json.items as Item[];
const failedOf = (ended: Ended): (string | undefined)[] =>
  itemsOf(ended)
    .filter(({ verdict }) => verdict === 'failed')
    .map(({ code }) => code);

function fileOf(folder: string, kind: string): string {
  const { items } = JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8')) as {
    items: { kind: string; digest: string }[];
  };
  return join(folder, items.find((item) => item.kind === kind)?.digest as string);
}

/** Codes of what failed, in process. */
function codesOf({ digest, read }: EvidenceSource): unknown[] {
  const { trustRoot } = decodeTrustRoot(new Uint8Array(readFileSync(join(vectors, 'trust-root.json'))));
  const { items } = verifyEvidence(read, digest, {
    ...evidenceRoles(trustRoot),
    quoteVerifiers: quoteVerifiers(undefined),
  });
  return items.flatMap(({ code }) => code ?? []);
}

test('a good folder: 0, what each item is worth, and an HTML report that loads and runs nothing', async () => {
  const place = new Place();
  const ended = await place.run([
    'evidence',
    'verify',
    good,
    ...trust,
    '--digest',
    digest,
    '--html',
    'r.html',
    '--json',
  ]);
  assert.equal(ended.code, 0, ended.err);
  assert.deepEqual([ended.json.ok, ended.json.simulated, ended.json.digest], [true, true, digest]);
  assert.deepEqual(failedOf(ended), []);
  assert.equal(itemsOf(ended).length, 20);
  const html = readFileSync(place.path('r.html'), 'utf8');
  assert.match(html, /SIMULATED HARDWARE: everything holds/);
  for (const item of itemsOf(ended)) assert.ok(html.includes(`>${item.verdict}</strong>`));
  assert.doesNotMatch(html, /<script|<link|<img|<iframe|url\(|src=|href=|@import/i);
});

test('a changed file: 1, its code, and the report says it first', async () => {
  const place = new Place();
  const copy = place.path('copy');
  cpSync(good, copy, { recursive: true });
  appendFileSync(fileOf(copy, 'media'), ' ');
  const ended = await place.run(['evidence', 'verify', copy, ...trust, '--html', 'bad.html', '--json']);
  assert.deepEqual([ended.code, ended.json.ok, failedOf(ended)], [1, false, ['changed-file']]);
  assert.match(ended.err, /--digest says which one/);
  assert.match(readFileSync(place.path('bad.html'), 'utf8'), /What failed[\s\S]*<code>changed-file<\/code>/);
});

test('a folder: files by digest; none that is too large; no set without an index', () => {
  const place = new Place();
  const copy = place.path('copy');
  cpSync(good, copy, { recursive: true });
  const media = fileOf(copy, 'media');
  assert.deepEqual(codesOf(evidenceFolder(copy, undefined)), []);
  assert.deepEqual(codesOf(evidenceFolder(copy, 'a'.repeat(64))), ['changed-index']);
  rmSync(media);
  assert.deepEqual(codesOf(evidenceFolder(copy, digest)), ['missing-file']);
  writeFileSync(media, new Uint8Array(evidenceFileBytesMax + 1));
  assert.throws(() => codesOf(evidenceFolder(copy, digest)), { reason: 'too-large' });
  assert.throws(() => evidenceFolder(place.path('tmp'), undefined), { reason: 'no-evidence' });
});

test('an auditor: files by digest, from its address or that of the index', async () => {
  const place = new Place();
  const asked: string[] = [];
  const server = createServer(({ url = '' }, response) => {
    asked.push(url);
    const name = /^\/evidence\/([0-9a-f]{64})$/.exec(url)?.[1] ?? '';
    const file = join(good, name === digest ? 'index.json' : name);
    if (url.includes('/large/')) response.end(new Uint8Array(evidenceIndexBytesMax + 1));
    else if (url.includes('/moved/')) response.writeHead(302, { location: `/evidence/${digest}` }).end();
    else if (name === '' || !existsSync(file)) response.writeHead(404).end();
    else response.end(readFileSync(file));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  after(() => server.close());
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const ended = await place.run(['evidence', 'verify', base, '--digest', digest, ...trust, '--json']);
  assert.deepEqual([ended.code, failedOf(ended)], [0, []], ended.err);
  assert.equal(asked.length, 18, 'the index and every file once');
  assert.deepEqual(codesOf(await auditorEvidence(`${base}/evidence/${digest}`, undefined)), []);
  assert.deepEqual(codesOf(await auditorEvidence(base, 'b'.repeat(64))), ['missing-index']);
  await assert.rejects(auditorEvidence(base, undefined), { code: 'usage', reason: 'no-digest' });
  await assert.rejects(auditorEvidence(`${base}/evidence/${digest}`, 'b'.repeat(64)), { reason: 'bad-argument' });
  await assert.rejects(auditorEvidence(`${base}/large`, digest), { code: 'refused', reason: 'too-large' });
  await assert.rejects(auditorEvidence(`${base}/moved`, digest), { code: 'unavailable', reason: 'no-answer' });
});

test('attack: a member whose quote anybody can make, where TPMs are asked for', async () => {
  const place = new Place();
  const roots = [vendorRoot()];
  writeFileSync(place.path('tpm2.json'), JSON.stringify({ roots, imagePcr: 14, pcrs: [] }));
  const ended = await place.run(['evidence', 'verify', good, ...trust, '--tpm2', 'tpm2.json', '--json']);
  assert.deepEqual([ended.code, ended.json.ok], [1, false]);
  assert.ok(failedOf(ended).includes('unknown-quote'), ended.out);
});

test('what it is told does not become HTML', () => {
  const evil = '<img src=x onerror="alert(1)">&\'';
  assert.equal(escaped(evil), '&lt;img src=x onerror=&quot;alert(1)&quot;&gt;&amp;&#39;');
  const item = { kind: evil, name: `${evil}2`, verdict: 'failed', code: 'bad-quote', why: evil } as const;
  const report = { digest: new Uint8Array(32), configHash: undefined, items: [item], exceptions: [evil] };
  const html = reportHtml(report, { namespace: evil, trustRootVersion: 1, checkedAtMs: 0, isPinned: true });
  assert.ok(!html.includes('<img'));
  // Twice for the item, which stands first and in its place, with kind, name and why; namespace and exception.
  assert.equal(html.split('&lt;img').length - 1, 8);
});
