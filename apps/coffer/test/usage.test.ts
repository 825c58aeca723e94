import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { outcome, Place } from './fixture.js';

const commands = [
  'up',
  'backup',
  'restore',
  'status',
  'change-password',
  'refill',
  'erase',
  'recovery-key',
  'evidence rebuild',
  'evidence verify',
  'key create',
  'witness serve',
  'audit',
  'fraud verify',
  'fleet publish',
  'fleet revoke',
  'trust-root create',
  'trust-root sign',
  'trust-root rotate',
  'trust-root show',
  'trust-root publish',
  'demo',
];

test('help names every command and every exit code; each command has examples of its own', async () => {
  const place = new Place();
  const { code, out } = await place.run(['--help']);
  assert.equal(code, 0);
  for (const command of commands) assert.match(out, new RegExp(`^ {2}${command.split(' ')[0]}`, 'm'));
  for (const exit of ['0   done', '1   refused', '2   usage', '3   unavailable']) assert.ok(out.includes(exit), exit);
  const helps = await Promise.all(commands.map((command) => place.run([...command.split(' '), '--help'])));
  for (const help of helps) {
    assert.equal(help.code, 0);
    assert.match(help.out, /Examples?:\n {2}(coffer|npm)/);
    assert.match(help.out, /Exit codes: 0/);
  }
});

test('wrong arguments end with 2 and change nothing', async () => {
  const place = new Place();
  mkdirSync(place.path('files'));
  writeFileSync(place.path('file'), 'x');
  const account = ['--account', 'ada'];
  const cases: readonly (readonly string[])[] = [
    ['nonsense'],
    ['up', '--sites', '0'],
    ['up', '--sites', '16'],
    ['up', '--sites', '2.5'],
    ['up', '--nonsense'],
    ['backup', 'files', '--store', 'store'],
    ['backup', 'files', ...account],
    ['backup', ...account, '--store', 'store'],
    ['backup', 'files', ...account, '--store', 'store', '--budget', '11'],
    ['restore', ...account, '--store', 'store', '--to', 'out', '--overwrite', '--skip-existing'],
    ['status', ...account, '--fleet', 'fleet.json'],
    ['evidence', 'nonsense'],
    ['evidence', 'rebuild', '--expect', 'A'.repeat(64)],
    ['evidence', 'rebuild', '--expect', 'a'.repeat(63)],
    ['evidence', 'rebuild', '--source=--upload-pack=x'],
    ['evidence', 'rebuild', '--ref=--orphan'],
    ['evidence', 'verify', 'files'],
    ['evidence', 'verify', 'files', '--trust-root', 'file'],
    ['evidence', 'verify', 'files', '--trust-root', 'file', '--digest', '00'],
    ['demo', '--path', 'nowhere'],
    ['demo', '--path', 'file'],
  ];
  for (const args of cases) {
    const { code, out, json } = await place.run([...args, '--json']);
    assert.equal(code, 2, args.join(' '));
    assert.equal(json.ok, false, `${args.join(' ')}: ${out}`);
  }
  assert.deepEqual(readdirSync(place.root).sort(), ['file', 'files', 'tmp']);
});

test('without a fleet an account command ends with 3 and says what to do', async () => {
  const place = new Place();
  const { code, err, json } = await place.run(['status', '--account', 'ada', '--json']);
  assert.equal(code, 3);
  assert.equal(json.reason, 'no-fleet');
  assert.match(err, /coffer up/);
});

test('a folder that holds something else is never taken for a fleet', async () => {
  const place = new Place();
  mkdirSync(place.path('mine'));
  writeFileSync(place.path('mine', 'letter.txt'), 'x');
  const { code, json } = await place.run(['up', '--dir', 'mine', '--json']);
  assert.equal(code, 2);
  assert.equal(json.reason, 'not-a-fleet');
  assert.ok(readdirSync(place.path('mine')).includes('letter.txt'));
});

test('in a folder of a long name the socket is elsewhere, and gone at the end; nobody has to read what is said', async () => {
  const place = new Place();
  const dir = place.path('long'.repeat(30));
  const child = place.spawn(['up', '--sites', '1', '--dir', dir]);
  const ended = outcome(child);
  let said = '';
  let sockets: string[] = [];
  child.stdout?.on('data', (text: string) => {
    said += text;
    if (!said.includes('Ctrl-C stops everything.')) return;
    sockets = readdirSync(place.path('tmp'));
    child.stdout?.destroy();
    child.kill('SIGINT');
  });
  const { code, err } = await ended;
  assert.equal(code, 0, err);
  assert.match(said, /any 1 of the HSMs decide: 0 sites may be gone/);
  assert.equal(sockets.length, 1);
  assert.ok(!existsSync(place.path('tmp', sockets[0] as string)));
  assert.deepEqual(place.processes(), []);
});
