import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import { httpSource, LogAudit, MonitorError } from '@coffer/monitor';
import { goodWorld, nowMs, ShownWorld, testEvidence } from './harness.js';

const source = new ShownWorld(goodWorld());
const server = createServer((request, response) => {
  const path = request.url ?? '/';
  if (path === '/moved') response.writeHead(302, { location: '/info' }).end();
  else if (path === '/broken') response.writeHead(500).end();
  else {
    void source.get(path.replace(/^\/base/, ''), Number.POSITIVE_INFINITY).then((bytes) => {
      if (bytes === undefined) response.writeHead(404).end();
      else response.end(bytes);
    });
  }
});
const url = new Promise<string>((resolve) => {
  server.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
});
after(() => server.close());

test('the example of the README runs, over HTTP', async () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const code = /```js\n([\s\S]*?)```/.exec(readme)?.[1];
  assert.ok(code !== undefined);
  const base = await url;
  const given = {
    LogAudit,
    httpSource: () => httpSource(`${base}/base/`),
    trustRoot: source.world.trustRoot(),
    evidence: testEvidence,
    clock: { nowMs: () => nowMs },
    seen: [],
    assert,
  };
  await new Function(...Object.keys(given), `return (async () => {${code}})();`)(...Object.values(given));
});

test('HTTP: nothing, too much, a redirect, a failure, an address that is none', async () => {
  const http = httpSource(await url);
  const code = (wanted: string) => (error: unknown) => error instanceof MonitorError && error.code === wanted;
  assert.equal(await http.get('/nothing', 10), undefined);
  const info = (await source.get('/info', 10_000)) as Uint8Array;
  assert.deepEqual(await http.get('/info', info.length), info);
  await assert.rejects(http.get('/info', info.length - 1), code('too-large'));
  await assert.rejects(http.get('/moved', 10_000), code('unreachable'));
  await assert.rejects(http.get('/broken', 10_000), code('unreachable'));
  await assert.rejects(httpSource('http://127.0.0.1:1').get('/info', 10), code('unreachable'));
  for (const bad of ['', 'auditor.example', 'file:///etc/passwd', 'https://a.example/?x=1'])
    assert.throws(() => httpSource(bad), code('bad-url'));
});
