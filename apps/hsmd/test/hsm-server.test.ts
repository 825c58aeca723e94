import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { encodeHostReply, hostFrameBytesMax } from '@coffer/hsm';
import { encodeFrame } from '@coffer/wire';
import { connectionsMax, HsmServer, type Steps } from '../dist/hsm-server.js';
import { Host } from './fixture.js';

const root = mkdtempSync(join(tmpdir(), 'coffer-server-'));
after(() => rmSync(root, { recursive: true }));

/** An HSM that answers everything with a refusal, and counts. */
class CountingHsm implements Steps {
  halted = false;
  readonly stepFrames: number[] = [];
  haltsAtStep = Number.POSITIVE_INFINITY;

  step(frames: readonly Uint8Array[]): Uint8Array[] {
    this.stepFrames.push(frames.length);
    if (this.stepFrames.length >= this.haltsAtStep) this.halted = true;
    const body = { type: 'refused', code: 'bad-request', message: '' } as const;
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

test('a halted HSM answers nothing, not even what it said in that step', async () => {
  const hsm = new CountingHsm();
  hsm.haltsAtStep = 2;
  const { server, host, events } = await serve(hsm, 'halted');
  host.socket.write(frames(1));
  assert.equal((await host.reply())?.id, 0);
  host.socket.write(frames(3));
  assert.equal(await host.reply(), undefined);
  assert.deepEqual(events, ['halt']);
  await server.close();
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
