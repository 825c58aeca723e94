import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { deterministicRun } from './deterministic-run.js';

const chromium = [
  process.env.CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
].find((path) => path !== undefined && existsSync(path));
const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'];
const quiet = [
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-extensions',
];

/** Removes a profile that processes may still write to while they end: `rmSync` looks into each folder once. */
async function removed(folder: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return rmSync(folder, { recursive: true, force: true });
    } catch (error) {
      if (attempt === 50) throw error;
      await setTimeout(100);
    }
  }
}

/** Loads a page that runs `script` and posts what it prints; resolves with the posted body. */
async function inBrowser(script: Uint8Array): Promise<string> {
  const profile = mkdtempSync(join(tmpdir(), 'coffer-chromium-'));
  let answer: (body: string) => void = () => undefined;
  let fail: (error: Error) => void = () => undefined;
  const posted = new Promise<string>((resolve, reject) => {
    answer = resolve;
    fail = reject;
  });
  const server = createServer((request, response) => {
    if (request.url === '/script.js') return response.setHeader('content-type', 'text/javascript').end(script);
    if (request.method !== 'POST') {
      return response.setHeader('content-type', 'text/html').end('<script type="module" src="/script.js"></script>');
    }
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      response.end();
      answer(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}/`;
  const browser = spawn(chromium as string, [...flags, ...quiet, `--user-data-dir=${profile}`, url], {
    stdio: 'ignore',
    detached: true,
  });
  const ended = new Promise<void>((resolve) => browser.once('exit', () => resolve()));
  browser.once('exit', (code) => fail(new Error(`the browser ended with ${code} before it answered`)));
  try {
    return await posted;
  } finally {
    // Its other processes as well, which write to the profile.
    process.kill(-(browser.pid as number), 'SIGKILL');
    await ended;
    server.closeAllConnections();
    server.close();
    await removed(profile);
  }
}

test('Chromium computes the same bytes as Node', {
  skip: chromium === undefined && 'no Chromium here: apt-get install chromium, or name one in CHROMIUM',
}, async () => {
  const entry = fileURLToPath(new URL('./deterministic-run.js', import.meta.url));
  const contents = `
      import { deterministicRun } from ${JSON.stringify(entry)};
      const answer = await deterministicRun().catch((error) => ({ error: String(error) }));
      await fetch('/', { method: 'POST', body: JSON.stringify(answer) });`;
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: fileURLToPath(new URL('.', import.meta.url)) },
    bundle: true,
    format: 'esm',
    platform: 'browser',
    write: false,
    logLevel: 'silent',
  });
  assert.deepEqual(JSON.parse(await inBrowser(outputFiles[0]?.contents as Uint8Array)), await deterministicRun());
});
