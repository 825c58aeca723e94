import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemEntropy, xwingKeyPair } from '@coffer/crypto';
import {
  channelPlaintextBytes,
  decodeSealedRequest,
  openFreshRequest,
  openReply,
  openTicketedRequest,
  ProtocolError,
  sealedRequestBytesMax,
  sealReply,
  sealRequest,
  sealTicketedRequest,
  type Vault,
  type VaultRequest,
  vaultIdOf,
} from '@coffer/protocol';
import { WireError } from '@coffer/wire';
import { testFleet } from './fleet.js';

const { secretKey } = xwingKeyPair(new Uint8Array(32).fill(77));
const vault: Vault = { fleet: testFleet(), vaultId: vaultIdOf('t', 'ann') };
const other: Vault = { fleet: vault.fleet, vaultId: vaultIdOf('t', 'bob') };
const staging: Vault = { fleet: testFleet({ budgetLimit: 9 }), vaultId: vault.vaultId };
const request: VaultRequest = { type: 'erase', version: 3 };

function open(vault: Vault, sealed: Uint8Array) {
  const outer = decodeSealedRequest(sealed);
  assert.ok(outer.type === 'fresh');
  return openFreshRequest(vault, secretKey, sealed, outer);
}

const refused = (open: () => unknown) =>
  assert.throws(open, (e) => e instanceof ProtocolError || e instanceof WireError);

test('a request and its reply go through, and only for their own vault and fleet', () => {
  const sealed = sealRequest(vault, request, systemEntropy);
  const opened = open(vault, sealed.sealed);
  assert.deepEqual(opened.request, request);
  const reply = sealReply(vault, opened, { type: 'wrong-secret', budget: 2 }, systemEntropy);
  assert.deepEqual(openReply(vault, sealed, reply), { type: 'wrong-secret', budget: 2 });
  refused(() => open(other, sealed.sealed));
  refused(() => open(staging, sealed.sealed));
  refused(() => openReply(other, sealed, reply));
});

test('the reply to one request does not open as the reply to another', () => {
  const [one, two] = [sealRequest(vault, request, systemEntropy), sealRequest(vault, request, systemEntropy)];
  const reply = sealReply(vault, open(vault, one.sealed), { type: 'limit' }, systemEntropy);
  refused(() => openReply(vault, two, reply));
});

test('a second message opens under the secret of its ticket, and its reply under a key of its own', () => {
  const ticket = { ticket: new Uint8Array(272), resumptionSecret: systemEntropy.bytes(32) };
  const sealed = sealTicketedRequest(vault, ticket, request, systemEntropy);
  const outer = decodeSealedRequest(sealed.sealed);
  assert.ok(outer.type === 'ticketed');
  const opened = openTicketedRequest(vault, ticket.resumptionSecret, sealed.sealed, outer);
  assert.deepEqual(opened.request, request);
  const reply = sealReply(vault, opened, { type: 'stale-ticket' }, systemEntropy);
  assert.deepEqual(openReply(vault, sealed, reply), { type: 'stale-ticket' });
  refused(() => openTicketedRequest(vault, new Uint8Array(32), sealed.sealed, outer));
  refused(() => openTicketedRequest(other, ticket.resumptionSecret, sealed.sealed, outer));
});

test('lengths tell nothing: every request of a kind and every reply has one size', () => {
  const requests: VaultRequest[] = [{ type: 'status' }, { type: 'recover.start', ke1: new Uint8Array(96) }, request];
  const sizes = new Set(requests.map((r) => sealRequest(vault, r, systemEntropy).sealed.length));
  assert.equal(sizes.size, 1);
  assert.ok(Math.max(...sizes) <= sealedRequestBytesMax);
  const opened = open(vault, sealRequest(vault, request, systemEntropy).sealed);
  const recovered = {
    type: 'recovered',
    payload: new Uint8Array(256),
    version: 1,
    budget: 1,
    openAttempts: [],
    authTicket: new Uint8Array(272),
  } as const;
  assert.equal(sealReply(vault, opened, recovered, systemEntropy).length, 32 + channelPlaintextBytes + 16);
  assert.equal(sealReply(vault, opened, { type: 'limit' }, systemEntropy).length, 32 + channelPlaintextBytes + 16);
});

test('no flipped bit of a sealed request or reply goes through', () => {
  const sealed = sealRequest(vault, request, systemEntropy);
  const reply = sealReply(vault, open(vault, sealed.sealed), { type: 'limit' }, systemEntropy);
  for (let bit = 0; bit < 8 * sealed.sealed.length; bit += 211) {
    const flipped = sealed.sealed.slice();
    flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
    refused(() => open(vault, flipped));
  }
  for (let bit = 0; bit < 8 * reply.length; bit += 97) {
    const flipped = reply.slice();
    flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
    refused(() => openReply(vault, sealed, flipped));
  }
});
