import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { eventually, outcome, Place } from './fixture.js';

function smallFolder(place: Place): string {
  const folder = place.path('files');
  mkdirSync(place.path('files', 'sub', 'empty'), { recursive: true });
  mkdirSync(place.path('files', 'node_modules'));
  writeFileSync(place.path('files', 'letter.txt'), 'Dear Ada,\n');
  writeFileSync(place.path('files', 'sub', 'nothing'), '');
  writeFileSync(place.path('files', 'sub', 'run.sh'), '#!/bin/sh\n');
  writeFileSync(place.path('files', 'node_modules', 'left-out'), 'x'.repeat(1_000_000));
  chmodSync(place.path('files', 'sub', 'run.sh'), 0o755);
  symlinkSync('sub/run.sh', place.path('files', 'link'));
  return folder;
}

test('the demo does what it says, and leaves no process and no file behind', async () => {
  const place = new Place();
  const { code, err, json } = await place.run(['demo', '--json', '--path', smallFolder(place)]);
  assert.equal(code, 0, err);
  const { seconds, ...rest } = json;
  assert.deepEqual(rest, {
    ok: true,
    files: 3,
    bytes: 20,
    sites: 5,
    killed: 2,
    restored: true,
    filesMatch: true,
    caughtUp: true,
    wrongGuesses: 5,
    destroyed: true,
    restoredByRecoveryKey: true,
    epochs: 3,
    movedToNewFleet: true,
    auditOk: true,
    evidence: 'SIMULATED HARDWARE',
  });
  assert.ok(typeof seconds === 'number' && seconds > 0 && seconds < 120, `${seconds} s`);
  assert.match(err, /refuses to start: .*vote against what it has forgotten/);
  assert.match(err, /SIMULATED HARDWARE/);
  assert.match(err, /DEMO: 0 ms instead of 72 h/);
  assert.deepEqual(place.processes(), []);
  assert.deepEqual(readdirSync(place.path('tmp')), []);
});

test('Ctrl-C in the middle of the demo leaves no process and no file behind', async () => {
  const place = new Place();
  const { code, err } = await place.run(['demo', '--path', smallFolder(place)], {
    onStart: (child) => {
      child.stdout?.on('data', (text: string) => text.includes('2/12') && child.kill('SIGINT'));
    },
  });
  assert.equal(code, 2);
  assert.match(err, /SIGINT: everything of the demo is stopped and removed/);
  assert.deepEqual(place.processes(), []);
  assert.deepEqual(readdirSync(place.path('tmp')), []);
});

test('a demo that is killed takes its processes with it', async () => {
  const place = new Place();
  const child = place.spawn(['demo', '--path', smallFolder(place)]);
  const ended = outcome(child);
  await eventually(async () => place.processes().length > 10);
  child.kill('SIGKILL');
  await ended;
  await eventually(async () => place.processes().length === 0);
});
