import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { systemEntropy } from '@coffer/crypto';
import { createDevIssuer, createGateway, createTokenVerifier, serveGateway } from '@coffer/gateway';
import { decodeVaultAnswer, sealedReplyBytes } from '@coffer/protocol';
import { bench, vaultCall } from './harness.js';

test('the example of the README runs', async () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const code = /```js\n([\s\S]*?)```/.exec(readme)?.[1];
  assert.ok(code !== undefined);
  const { fleet, agents: routes, time } = bench();
  const issuer = createDevIssuer({
    seed: systemEntropy.bytes(32),
    issuer: 'https://id.example',
    audience: 'coffer',
    clock: time,
  });
  const given = {
    createGateway,
    createTokenVerifier,
    serveGateway,
    decodeVaultAnswer,
    sealedReplyBytes,
    assert,
    fleet,
    routes,
    clock: time,
    timers: time,
    keys: issuer.keys,
    token: await issuer.issue({ tenant: 'example', account: 'alice' }),
    vaultCall: vaultCall(fleet),
  };
  await new Function(...Object.keys(given), `return (async () => {${code}})();`)(...Object.values(given));
});
