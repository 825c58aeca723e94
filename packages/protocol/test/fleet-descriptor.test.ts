import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hex, utf8, utf8Text } from '@coffer/base';
import { sha256 } from '@coffer/crypto';
import { decodeFleetDescriptor, encodeFleetDescriptor, ProtocolError, quorumFloor } from '@coffer/protocol';
import { encodeCanonicalJson, type Json } from '@coffer/wire';
import { descriptorBytes, testFleet } from './fleet.js';

type Tree = { [name: string]: Json };
const good = (): Tree & { keys: Tree[] } => JSON.parse(utf8Text(descriptorBytes()));
const refused = (bytes: Uint8Array, what?: string) =>
  assert.throws(
    () => decodeFleetDescriptor(bytes),
    (e) => e instanceof ProtocolError && e.code === 'bad-descriptor',
    what,
  );

test('a descriptor comes back, and its hash is the SHA-256 of its bytes', () => {
  const fleet = testFleet();
  assert.equal(hex(fleet.configHash), hex(sha256(descriptorBytes())));
  assert.deepEqual(encodeFleetDescriptor(fleet), descriptorBytes());
  assert.deepEqual(
    fleet.members.map((m) => m.id),
    [1, 2, 3, 4, 5],
  );
});

test('every rule of a descriptor is checked', () => {
  const broken: [string, (json: ReturnType<typeof good>) => void][] = [
    ['version', (j) => Object.assign(j, { v: 2 })],
    ['an extra name', (j) => Object.assign(j, { note: 'x' })],
    ['a missing name', (j) => Reflect.deleteProperty(j, 'groups')],
    ['keys that are no list', (j) => Object.assign(j, { keys: {} })],
    ['a key that is no object', (j) => Object.assign(j.keys, { 2: 'key' })],
    ['no groups', (j) => Object.assign(j, { groups: 0 })],
    ['too many groups', (j) => Object.assign(j, { groups: 33 })],
    ['budget over ten', (j) => Object.assign(j, { budgetLimit: 11 })],
    ['quorum below its floor', (j) => Object.assign(j, { quorum: 2 })],
    ['quorum below the floor of its tolerance', (j) => Object.assign(j, { rollbackTolerance: 1 })],
    ['quorum above the fleet', (j) => Object.assign(j, { quorum: 6 })],
    ['a fraction', (j) => Object.assign(j, { quorum: 3.5 })],
    ['an upper-case key', (j) => Object.assign(j.keys[2] as Tree, { key: String(j.keys[2]?.key).toUpperCase() })],
    ['a short key', (j) => Object.assign(j.keys[2] as Tree, { key: 'aa' })],
    ['a site twice', (j) => Object.assign(j.keys[2] as Tree, { site: 'site-2' })],
    ['a key twice', (j) => Object.assign(j.keys[2] as Tree, { key: j.keys[3]?.key as string })],
    ['a site with a space', (j) => Object.assign(j.keys[2] as Tree, { site: 'a b' })],
    ['an unknown role', (j) => Object.assign(j.keys[2] as Tree, { role: 'root' })],
    ['an unknown algorithm', (j) => Object.assign(j.keys[0] as Tree, { alg: 'RSA' })],
    ['keys in another order', (j) => j.keys.reverse()],
    ['no members', (j) => j.keys.splice(2)],
  ];
  for (const [what, breakIt] of broken) {
    const json = good();
    breakIt(json);
    refused(encodeCanonicalJson(json), what);
  }
  refused(utf8(` ${utf8Text(descriptorBytes())}`), 'another spelling');
  refused(utf8('{'), 'no JSON');
  refused(new Uint8Array(20_000), 'too large');
});

test('the floor makes any two quorums share s + 1 members', () => {
  for (let n = 1; n <= 15; n++) {
    for (let s = 0; s < n; s++) {
      const quorum = quorumFloor(n, s);
      if (quorum <= n) assert.ok(2 * quorum - n >= s + 1, `${n} members, tolerance ${s}`);
    }
  }
  assert.equal(quorumFloor(5, 1), 4);
  assert.equal(quorumFloor(7, 1), 5);
});

test('fifteen members are the most', () => {
  assert.equal(decodeFleetDescriptor(descriptorBytes({ members: 15, quorum: 8 })).members.length, 15);
  refused(descriptorBytes({ members: 16, quorum: 9 }));
});
