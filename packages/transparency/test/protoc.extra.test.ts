import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { hex, utf8 } from '@coffer/base';
import { decodePlexiMessage, encodePlexiMessage, type PlexiMessage } from '@coffer/transparency';
import { newSeed, Random } from './random.js';

const folder = fileURLToPath(new URL('../../../test/oracles', import.meta.url));
const hasProtoc = spawnSync('protoc', ['--version']).status === 0;
const options = { skip: !hasProtoc && 'no protoc here: apt-get install protobuf-compiler' };

function protoc(mode: '--encode' | '--decode', input: Uint8Array): Uint8Array {
  const args = [`--proto_path=${folder}`, `${mode}=coffer.oracle.Plexi`, 'plexi.proto'];
  const { status, stdout, stderr } = spawnSync('protoc', args, { input });
  assert.equal(status, 0, String(stderr));
  return Uint8Array.from(stdout);
}

/** protobuf's text format; every byte of a string is escaped. */
function textFormat({ suite, namespace, timestampMs, epoch, digest }: PlexiMessage): string {
  const quoted = (bytes: Uint8Array) => `"${[...bytes].map((byte) => `\\x${hex(Uint8Array.of(byte))}`).join('')}"`;
  return [
    `ciphersuite: ${suite} namespace: ${quoted(utf8(namespace))} timestamp: ${timestampMs}`,
    `epoch { number: ${epoch} } digest: ${quoted(digest)}`,
  ].join(' ');
}

const max = Number.MAX_SAFE_INTEGER;
const edges = [0, 1, 127, 128, 255, 256, 16_383, 16_384, 2 ** 21, 2 ** 28 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 49];
const namespaces = ['x', 'log1.example.com', 'x'.repeat(127), 'x'.repeat(128), 'x'.repeat(255), 'é\u{1f512}\0"\\\n'];

/** Every edge in every field, and random values. */
function messages(random: Random): PlexiMessage[] {
  const plain: PlexiMessage = { suite: 1, namespace: 'x', timestampMs: 1, epoch: 1, digest: new Uint8Array(32) };
  const ofEdges = [...edges, max - 1, max].flatMap((value) => [
    { ...plain, timestampMs: value },
    { ...plain, epoch: value },
  ]);
  const drawn = Array.from({ length: 60 }, () => ({
    ...plain,
    namespace: random.pick(namespaces),
    timestampMs: Math.floor((random.below(2 ** 32) / 2 ** 32) * 2 ** random.below(54)),
    epoch: Math.floor((random.below(2 ** 32) / 2 ** 32) * 2 ** random.below(54)),
    digest: random.bytes(32),
  }));
  return [...ofEdges, ...namespaces.map((namespace) => ({ ...plain, namespace })), ...drawn];
}

test('protoc encodes Plexi messages to the same bytes', options, (t) => {
  const random = new Random(`${newSeed()} protoc`);
  t.diagnostic(`ORACLE_SEED=${newSeed()}`);
  const all = messages(random);
  assert.ok(all.length > 90);
  for (const message of all) {
    const text = textFormat(message);
    const encoded = encodePlexiMessage(message);
    assert.equal(hex(encoded), hex(protoc('--encode', utf8(text))), text);
    assert.deepEqual(decodePlexiMessage(encoded), message);
  }
  // The comparison can fail: another value gives other bytes.
  const [message] = all as [PlexiMessage];
  assert.notEqual(
    hex(protoc('--encode', utf8(textFormat({ ...message, epoch: 2 })))),
    hex(encodePlexiMessage(message)),
  );
});

test('what protoc decodes from our bytes is the message', options, () => {
  const message = { suite: 1, namespace: 'log1.example.com', timestampMs: 0, epoch: max, digest: utf8('d'.repeat(32)) };
  const text = new TextDecoder().decode(protoc('--decode', encodePlexiMessage(message as PlexiMessage)));
  assert.equal(
    text,
    `ciphersuite: 1\nnamespace: "log1.example.com"\ntimestamp: 0\nepoch {\n  number: ${max}\n}\ndigest: "${'d'.repeat(32)}"\n`,
  );
});
