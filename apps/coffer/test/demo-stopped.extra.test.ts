import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { eventually, outcome, Place, smallFolder } from './fixture.js';

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
