import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { utf8 } from '@coffer/base';
import { sha256 } from '@coffer/crypto';
import {
  decodeSignatureLines,
  decodeVerifierKey,
  encodeAddCheckpoint,
  encodeCheckpoint,
  encodeNote,
  encodeVerifierKey,
  leafHash,
  nodeHash,
  noteSigner,
  signNote,
  verifyCosignature,
} from '@coffer/transparency';
import { outcome, Place } from './fixture.js';

const log = noteSigner('log.example/fleet-keys', 'log', sha256(utf8('a log')));
const [a, b, c] = ['a', 'b', 'c'].map((leaf) => leafHash(utf8(leaf))) as [Uint8Array, Uint8Array, Uint8Array];

function note(size: number, root: Uint8Array): { readonly text: string; readonly bytes: Uint8Array } {
  const text = encodeCheckpoint({ origin: log.name, size, root });
  return { text, bytes: encodeNote({ text, signatures: [signNote(text, log)] }) };
}

async function printed(child: ChildProcess): Promise<Record<string, string>> {
  const ended = outcome(child);
  const line = once(child.stdout as NodeJS.ReadableStream, 'data').then(([text]) => String(text));
  const first = await Promise.race([line, ended.then(({ code, err }) => `ended with ${code}: ${err}`)]);
  return JSON.parse(first) as Record<string, string>;
}

test('coffer key create and witness serve: killed and started again, it knows what it cosigned', async () => {
  const place = new Place();
  const created = await place.run(['key', 'create', 'w1.seed', '--name', 'witness.example/w1', '--json']);
  assert.equal(created.code, 0, created.err);
  assert.equal(statSync(place.path('w1.seed')).mode & 0o777, 0o600);
  assert.ok(!created.out.includes(readFileSync(place.path('w1.seed'), 'utf8').trim()), 'the seed is not printed');
  assert.equal((await place.run(['key', 'create', 'w1.seed'])).code, 2, 'a key is never overwritten');
  const witnessKey = decodeVerifierKey(created.json.witnessVkey as string);

  const args = ['witness', 'serve', '--key', 'w1.seed', '--name', 'witness.example/w1', '--state', 'w1', '--json'];
  const logArgs = ['--log', encodeVerifierKey(log), '--listen', '127.0.0.1:0'];
  const serve = () => place.spawn([...args, ...logArgs]);
  const post = async (url: string, oldSize: number, hashes: Uint8Array[], checkpoint: Uint8Array) => {
    const body = encodeAddCheckpoint({ oldSize, hashes, checkpoint }).slice().buffer;
    return fetch(`${url}/add-checkpoint`, { method: 'POST', body });
  };

  const first = serve();
  const one = await printed(first);
  assert.equal(one.vkey, created.json.witnessVkey);
  const two = note(2, nodeHash(a, b));
  const answer = await post(one.url as string, 0, [], two.bytes);
  assert.equal(answer.status, 200);
  const [line] = decodeSignatureLines(new Uint8Array(await answer.arrayBuffer()));
  assert.ok(line);
  verifyCosignature(two.text, witnessKey, line);
  assert.equal((await place.run([...args, ...logArgs])).code, 3, 'a second process on one state');
  const killed = once(first, 'close');
  first.kill('SIGKILL');
  await killed;

  const second = serve();
  const { url } = (await printed(second)) as { url: string };
  assert.equal((await post(url, 0, [], note(2, nodeHash(a, c)).bytes)).status, 409, 'it forgot what it cosigned');
  assert.equal((await post(url, 2, [], note(2, nodeHash(a, c)).bytes)).status, 409, 'it cosigned another tree');
  const kept = () => readdirSync(place.path('w1')).filter((name) => name.endsWith('-shown.note'));
  assert.match(kept().join(), /^conflict-[0-9a-f]{16}-shown\.note$/);
  assert.equal((await post(url, 2, [a], note(3, nodeHash(nodeHash(a, c), b)).bytes)).status, 422);
  assert.equal(kept().filter((name) => name.startsWith('unproven-')).length, 1);
  assert.equal((await post(url, 2, [c], note(3, nodeHash(nodeHash(a, b), c)).bytes)).status, 200);
  const stopped = outcome(second);
  second.kill('SIGTERM');
  assert.equal((await stopped).code, 0);

  const state = readdirSync(place.path('w1')).find((name) => name.endsWith('.checkpoint')) as string;
  writeFileSync(place.path('w1', state), readFileSync(place.path('w1', state), 'utf8').replace('\n3\n', '\n2\n'));
  const damaged = await place.run([...args, ...logArgs]);
  assert.deepEqual([damaged.code, damaged.json.reason], [4, 'state-damaged']);
});

test('wrong arguments of witness and key end with 2', async () => {
  const place = new Place();
  await place.run(['key', 'create', 'k']);
  const vkey = encodeVerifierKey(log);
  const good = ['--key', 'k', '--name', 'w', '--log', vkey, '--state', 's', '--listen', '127.0.0.1:0'];
  const instead = (name: string, value: string) => good.map((each, i) => (good[i - 1] === name ? value : each));
  const cases = [
    ['key', 'create', 'x', '--name', 'a b'],
    ['witness', 'serve', ...instead('--log', vkey.slice(0, -4))],
    ['witness', 'serve', ...good, '--log', vkey],
    ['witness', 'serve', ...instead('--listen', '127.0.0.1:65536')],
    ['witness', 'serve', ...instead('--name', 'a+b')],
  ];
  const ended = await Promise.all(cases.map((args) => place.run([...args, '--json'])));
  for (const [i, { code, out }] of ended.entries()) assert.equal(code, 2, `${cases[i]?.join(' ')}: ${out}`);
});
