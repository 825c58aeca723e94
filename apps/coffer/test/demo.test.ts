import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { Place, smallFolder } from './fixture.js';

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
