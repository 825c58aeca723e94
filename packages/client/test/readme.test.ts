import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { VaultClient, verifyErasureReceipt } from '@coffer/client';
import { account, Device, token } from './harness.js';

test('the example of the README runs', async () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const code = /```js\n([\s\S]*?)```/.exec(readme)?.[1];
  assert.ok(code !== undefined);
  const { fleet, transport, store, time } = new Device();
  const given = {
    VaultClient,
    verifyErasureReceipt,
    assert,
    fleet: fleet.fleet,
    transport,
    store,
    account,
    token,
    clock: time,
    timers: time,
  };
  await new Function(...Object.keys(given), `return (async () => {${code}})();`)(...Object.values(given));
});
