import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { encodeHostReply, hostFrameBytesMax } from '@coffer/hsm';
import { encodeFrame } from '@coffer/wire';
import { connectionsMax, HsmServer, type Steps } from '../dist/hsm-server.js';
import { Host } from './fixture.js';

const root = mkdtempSync(join(tmpdir(), 'coffer-server-'));
after(() => rmSync(root, { recursive: true }));

/** An HSM that answers everything with a refusal, and counts. In the step that halts it, it still says something else. */
class CountingHsm implements Steps {
  halted = false;
  readonly stepFrames: number[] = [];
  haltsAtStep = Number.POSITIVE_INFINITY;

  message = '';

  step(frames: readonly Uint8Array[]): Uint8Array[] {
    const code = this.halted ? 'halted' : 'bad-request';
    this.stepFrames.push(frames.length);
    if (this.stepFrames.length >= this.haltsAtStep) this.halted = true;
    const body = { type: 'refused', code, message: this.message } as const;
    return frames.map((_, id) => encodeHostReply({ id, body }));
  }
}

async function serve(hsm: CountingHsm, name: string) {
  const path = join(root, name);
  const events: string[] = [];
  const server = await HsmServer.listen(hsm, path, {
    onHalt: () => void events.push('halt'),
    onBadPeer: (reason) => void events.push(reason),
  });
  const host = (await Host.connect(path)) as Host;
  return { server, host, path, events };
}

const frames = (count: number): Uint8Array =>
  Buffer.concat(Array.from({ length: count }, () => encodeFrame(Uint8Array.of(9), hostFrameBytesMax)));

test('frames that arrive together go into one step', async () => {
  const hsm = new CountingHsm();
  const { server, host } = await serve(hsm, 'together');
  host.socket.write(frames(20));
  for (let id = 0; id < 20; id++) assert.equal((await host.reply())?.id, id);
  assert.deepEqual(hsm.stepFrames, [20]);
  host.close();
  await server.close();
});

test('a halted HSM says `halted` to whoever waits, nothing of what it said in that step, and closes', async () => {
  const hsm = new CountingHsm();
  hsm.haltsAtStep = 2;
  const { server, host, path, events } = await serve(hsm, 'halted');
  const idle = (await Host.connect(path)) as Host;
  host.socket.write(frames(1));
  assert.equal((await host.reply())?.id, 0);
  host.socket.write(frames(3));
  for (let id = 0; id < 3; id++)
    assert.deepEqual(await host.reply(), { id, body: { type: 'refused', code: 'halted', message: '' } });
  assert.equal(await host.reply(), undefined);
  assert.equal(await idle.reply(), undefined);
  assert.deepEqual(events, ['halt']);
  await server.close();
});

test('whoever does not read does not keep a halted HSM from ending', { timeout: 10_000 }, async () => {
  const hsm = new CountingHsm();
  hsm.message = 'x'.repeat(256);
  const { server, host, path, events } = await serve(hsm, 'unread');
  const deaf = connect(path);
  await once(deaf, 'connect');
  deaf.pause();
  // Replies to so many are more than the system keeps for one connection.
  deaf.write(frames(5_000));
  while (hsm.stepFrames.reduce((a, b) => a + b, 0) < 5_000) await new Promise((resolve) => setImmediate(resolve));
  hsm.haltsAtStep = hsm.stepFrames.length + 1;
  host.socket.write(frames(1));
  const reply = await host.reply();
  assert.ok(reply?.body.type === 'refused' && reply.body.code === 'halted');
  await server.close();
  assert.deepEqual(events, ['halt']);
  deaf.destroy();
});

test(`connection ${connectionsMax + 1} is closed, and the others go on`, async () => {
  const { server, host, path, events } = await serve(new CountingHsm(), 'many');
  const more: Host[] = [];
  while (more.length < connectionsMax - 1) more.push((await Host.connect(path)) as Host);
  for (const one of [host, ...more]) {
    one.socket.write(frames(1));
    assert.equal((await one.reply())?.id, 0);
  }
  const tooMany = (await Host.connect(path)) as Host;
  if (!tooMany.socket.destroyed) await once(tooMany.socket, 'close');
  assert.deepEqual(events, ['too-many-connections']);
  host.socket.write(frames(1));
  assert.equal((await host.reply())?.id, 0);
  for (const one of [host, ...more]) one.close();
  await server.close();
});

test('closing answers what has arrived', async () => {
  const hsm = new CountingHsm();
  const { server, host } = await serve(hsm, 'closing');
  host.socket.write(frames(1));
  await host.reply();
  host.socket.write(frames(2));
  while (hsm.stepFrames.length < 2) await new Promise((resolve) => setImmediate(resolve));
  await server.close();
  assert.equal((await host.reply())?.id, 0);
  assert.equal((await host.reply())?.id, 1);
});
