import assert from 'node:assert/strict';
import { test } from 'node:test';
import { packBytesMax, packsMax } from '@coffer/backup';
import fc from 'fast-check';
import { ByteSource, collect } from '../dist/byte-source.js';
import { Channel } from '../dist/channel.js';
import { openHead, sealHead } from '../dist/head.js';
import { deriveBackupKeys } from '../dist/labels.js';
import { Tally } from '../dist/progress.js';
import { account, backupKey, bytesOf, chunked, coded, seeded } from './helpers.js';

test('byte source: exact reads of any stream give its bytes, whatever the chunks', async () => {
  const sizes = fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 1, maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(sizes, sizes, async (chunks, reads) => {
      const bytes = seeded('bytes').bytes(chunks.reduce((sum, size) => sum + size, 0));
      const stream = (async function* () {
        let at = 0;
        for (const size of chunks) {
          yield bytes.subarray(at, at + size);
          at += size;
        }
      })();
      const source = new ByteSource(stream);
      let at = 0;
      for (const read of reads) {
        const isAtEnd = await source.atEnd();
        assert.equal(isAtEnd, at >= bytes.length);
        assert.deepEqual((await source.read(read)).slice(), bytes.slice(at, at + read));
        at += read;
      }
    }),
  );
});

test('byte source: closing it ends the stream', async () => {
  let closed = false;
  const stream = (async function* () {
    try {
      for (;;) yield new Uint8Array(5);
    } finally {
      closed = true;
    }
  })();
  const source = new ByteSource(stream);
  assert.deepEqual((await bytesOf(source.take(12))).length, 12);
  await source.close();
  assert.equal(closed, true);
});

test('collect: up to the limit and not over it', async () => {
  const tooLong = () => new Error('too long');
  assert.equal((await collect(chunked(new Uint8Array(10), 3), 10, tooLong)).length, 10);
  await assert.rejects(collect(chunked(new Uint8Array(11), 3), 10, tooLong), /too long/);
});

test('channel: hands over in order, one at a time', async () => {
  const channel = new Channel();
  const pushing = (async () => {
    for (let i = 0; i < 100; i++) await channel.push(Uint8Array.of(i));
    channel.end();
  })();
  assert.deepEqual([...(await bytesOf(channel))], [...Array(100).keys()]);
  await pushing;
});

test('channel: a failure reaches whoever waits, on either side', async () => {
  const failing = new Channel();
  await failing.push(Uint8Array.of(1));
  const waiting = failing.push(Uint8Array.of(2));
  failing.fail(new Error('reader is gone'));
  await assert.rejects(waiting, /reader is gone/);
  await assert.rejects(failing.push(Uint8Array.of(3)), /reader is gone/);
  const ended = new Channel();
  const reading = bytesOf(ended);
  ended.fail(new Error('writer is gone'));
  await assert.rejects(reading, /writer is gone/);
});

test('head: every limit at its edge', () => {
  const keys = deriveBackupKeys(account, backupKey);
  const head = {
    generation: 1n,
    backupId: new Uint8Array(16),
    previousGeneration: 0n,
    files: 1,
    folders: 2,
    links: 3,
    contentBytes: 4,
    manifestBytes: 5,
    packBytes: packBytesMax,
  };
  const through = (change: object) => openHead(keys, sealHead(keys, { ...head, ...change }, seeded('head')));
  assert.deepEqual(through({}), head);
  const good = [
    { files: 2 ** 24 - 5 },
    { packBytes: 16_384 },
    { contentBytes: packsMax * packBytesMax },
    { manifestBytes: 2 ** 40 },
  ];
  for (const change of good) assert.deepEqual(through(change), { ...head, ...change });
  const bad = [
    { files: 2 ** 24 - 4 },
    { packBytes: 0 },
    { packBytes: 16_385 },
    { packBytes: 2 * packBytesMax },
    { contentBytes: packsMax * packBytesMax + 1 },
    { contentBytes: packsMax * 16_384 + 1, packBytes: 16_384 },
    { contentBytes: Number.MAX_SAFE_INTEGER },
    { manifestBytes: 2 ** 40 + 1 },
  ];
  for (const change of bad) assert.throws(() => through(change), coded('bad-manifest'), JSON.stringify(change));
});

test('tally: as many entries as its limit', () => {
  const tally = new Tally({ files: 0, bytes: 0 }, undefined, 2);
  const entry = { type: 'link', path: 'x', target: 'y' } as const;
  tally.entry(entry, 1);
  tally.entry(entry, 1);
  assert.throws(() => tally.entry(entry, 1), coded('over-limit'));
});
