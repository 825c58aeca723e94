import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { replaceFile } from '@coffer/host';
import { hostFrameBytesMax } from '@coffer/hsm';
import { socketPathBytesMax } from '../dist/socket-path.js';
import { ended, Host, Site } from './fixture.js';

const term = { round: 3n, leaderId: 2 };
const nonce = new Uint8Array(32);

test('an HSM process answers on its own socket, which only its user can open, and says SIMULATED HARDWARE', async () => {
  const site = new Site();
  const { child, host } = await site.start();
  assert.equal(statSync(site.path('hsm.sock')).mode & 0o777, 0o600);
  const described = await host.ask({ type: 'describe' });
  assert.ok(described?.type === 'described');
  assert.equal(described.hsm, 1);
  assert.equal(described.platform, 'SIMULATED HARDWARE');
  assert.match(readFileSync(site.path('log'), 'utf8'), /SIMULATED HARDWARE/);
  child.kill('SIGTERM');
  assert.deepEqual(await ended(child), { code: 0, err: '' });
});

test('replies go to the connection that asked, also where two use the same ids', async () => {
  const site = new Site();
  const { host } = await site.start();
  const second = (await Host.connect(site.path('hsm.sock'))) as Host;
  for (const [id, group] of [
    [7, 0],
    [8, 1],
  ] as const) {
    host.send(id, { type: 'describe' });
    second.send(id, { type: 'inspect', group });
  }
  for (const id of [7, 8]) {
    assert.deepEqual([(await host.reply())?.id, (await second.reply())?.id], [id, id]);
  }
});

test('what it promised, it remembers after SIGKILL, and the socket that it left behind is no obstacle', async () => {
  const site = new Site();
  const { child, host } = await site.start();
  assert.equal((await host.ask({ type: 'promise', group: 1, t: term, nonce }))?.type, 'promised');
  child.kill('SIGKILL');
  await ended(child);
  const again = await site.start();
  const position = await again.host.ask({ type: 'inspect', group: 1 });
  assert.ok(position?.type === 'inspected');
  assert.deepEqual(position.promised, term);
});

test('two processes on one state: the second does not start, whatever socket it would use', async () => {
  const site = new Site();
  const { host } = await site.start();
  const second = await site.end({ ...site.config, socket: 'other.sock' });
  assert.equal(second.code, 3);
  assert.match(second.err, /^hsmd: another process holds [^\n]+state\.bin\.lock \(in-use\)\n$/);
  assert.equal((await host.ask({ type: 'describe' }))?.type, 'described');
});

test('it refuses to start without its state, and says why', async () => {
  const site = new Site();
  rmSync(site.path('state.bin'));
  const { code, err } = await site.end();
  assert.equal(code, 4);
  assert.match(err, /^hsmd: refuses to start: [^\n]*vote against what it has forgotten[^\n]*\(no-state\)\n$/);
  assert.match(readFileSync(site.path('log'), 'utf8'), /"code":"no-state","exitCode":4/);
});

test('it refuses to start on state that does not authenticate, or is another member’s', async () => {
  const site = new Site();
  const state = readFileSync(site.path('state.bin'));
  for (const place of [0, 40, state.length - 1]) {
    const changed = Uint8Array.from(state);
    changed[place] = (changed[place] as number) ^ 1;
    replaceFile(site.path('state.bin'), changed);
    const { code, err } = await site.end();
    assert.equal(code, 4, `byte ${place}`);
    assert.match(err, /\(bad-state\)\n$/);
  }
  for (const bytes of [new Uint8Array(0), state.subarray(0, 100), site.othersState]) {
    replaceFile(site.path('state.bin'), bytes);
    assert.equal((await site.end()).code, 4);
  }
});

test('it refuses a key store that is missing, damaged, or open to others', async () => {
  const site = new Site();
  chmodSync(site.path('keys.bin'), 0o640);
  assert.match((await site.end()).err, /mode must be 0600/);
  replaceFile(site.path('keys.bin'), Uint8Array.of(1, 2, 3));
  assert.equal((await site.end()).code, 4);
  rmSync(site.path('keys.bin'));
  const missing = await site.end();
  assert.equal(missing.code, 3);
  assert.match(missing.err, /no key store/);
});

test('a state that cannot be persisted halts it: no answer but `halted`, exit code 5', async () => {
  const site = new Site();
  const { child, host } = await site.start();
  // A folder in the place of the temporary file fails the write for any user.
  mkdirSync(site.path('state.bin.new'));
  const end = ended(child);
  host.send(1, { type: 'promise', group: 0, t: term, nonce });
  host.send(2, { type: 'describe' });
  // Two frames may be one step or two; after the first of them there is nothing but `halted`, or a closed connection.
  const reply = await host.reply();
  assert.deepEqual(reply, { id: 1, body: { type: 'refused', code: 'halted', message: 'halted' } });
  for (let next = await host.reply(); next !== undefined; next = await host.reply())
    assert.deepEqual(next.body, { type: 'refused', code: 'halted', message: 'halted' });
  const { code, err } = await end;
  assert.equal(code, 5);
  assert.match(err, /^hsmd: halted: [^\n]+\n$/);
});

test('bytes that are no request are refused; an oversized frame ends its connection and no other', async () => {
  const site = new Site();
  const { host } = await site.start();
  host.sendFrame(Uint8Array.of(1, 2, 3));
  assert.deepEqual(await host.reply(), {
    id: 0,
    body: { type: 'refused', code: 'bad-request', message: 'not a request' },
  });
  const bad = (await Host.connect(site.path('hsm.sock'))) as Host;
  const header = Buffer.alloc(4);
  header.writeUInt32BE(hostFrameBytesMax + 1);
  bad.socket.write(header);
  assert.equal(await bad.reply(), undefined);
  assert.equal((await host.ask({ type: 'describe' }))?.type, 'described');
});

test('a socket path that the system would cut off, or that is something else, is refused', async () => {
  const site = new Site();
  const long = 'x'.repeat(socketPathBytesMax + 1 - Buffer.byteLength(site.root) - 1);
  const tooLong = await site.end({ ...site.config, socket: long });
  assert.equal(tooLong.code, 2);
  assert.match(tooLong.err, /socket: its path has \d+ bytes/);
  writeFileSync(site.path('file'), 'precious');
  const taken = await site.end({ ...site.config, socket: 'file' });
  assert.equal(taken.code, 3);
  assert.equal(readFileSync(site.path('file'), 'utf8'), 'precious');
});

test('a configuration with an unknown field or a descriptor that is none ends with 2', async () => {
  const site = new Site();
  const unknown = await site.end({ ...site.config, stat: 'x' });
  assert.equal(unknown.code, 2);
  writeFileSync(site.path('fleet.json'), '{}');
  const noFleet = await site.end();
  assert.equal(noFleet.code, 2);
  assert.match(noFleet.err, /fleet descriptor/);
});
