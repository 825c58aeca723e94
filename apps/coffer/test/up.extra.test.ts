import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { eventually, Place, Up } from './fixture.js';

const place = new Place();
const account = ['--account', 'ada@example.org', '--json'];
const store = ['--store', 'store'];
const newDevice = (name: string) => ['--state', name];
let up: Up;

before(async () => {
  mkdirSync(place.path('files', 'deep'), { recursive: true });
  writeFileSync(place.path('files', 'deep', 'letter.txt'), 'Dear Ada,\n');
  up = new Up(place, ['--sites', '3']);
  const ready = await up.ready();
  assert.deepEqual([ready.ok, ready.new, ready.sites], [true, true, 3]);
});
after(() => void up.child.kill('SIGKILL'));

let recoveryKey = '';

test('a second up on the same folder says that it is up', async () => {
  const { code, json, err } = await place.run(['up', '--json']);
  assert.equal(code, 3);
  assert.equal(json.reason, 'already-up');
  assert.match(err, /is up already; its gateway is on port \d+/);
});

test('everything that holds a secret is the user’s alone', () => {
  for (const name of [
    'operator-token',
    'issuer/seed.bin',
    'site-1/hsm/keystore.bin',
    'site-1/hsm/state.bin',
    'site-1/hsm/hsm.sock',
  ]) {
    assert.equal(statSync(place.path('.coffer', name)).mode & 0o077, 0, name);
  }
});

test('the first backup takes a password and gives a recovery key; the next one asks for nothing', async () => {
  const first = await place.run(
    ['backup', 'files', ...account, ...store, '--recovery-key', '--budget', '3', '--password-stdin'],
    {
      stdin: 'correct horse\n',
    },
  );
  assert.equal(first.code, 0, first.err);
  assert.deepEqual([first.json.ok, first.json.generation, first.json.files, first.json.protected], [true, 1, 1, true]);
  recoveryKey = first.json.recoveryKey as string;
  assert.match(recoveryKey, /^([0-9a-f]{4} ){16}[0-9a-f]{4}$/);
  assert.ok(!first.err.includes(recoveryKey.slice(0, 9)), 'standard error may end in a log');
  const second = await place.run(['backup', 'files', ...account, ...store]);
  assert.equal(second.code, 0, second.err);
  assert.deepEqual([second.json.generation, second.json.protected, second.json.recoveryKey], [2, false, undefined]);
});

test('status costs nothing and shows all three places', async () => {
  const { code, json } = await place.run(['status', ...account, ...store]);
  assert.equal(code, 0);
  assert.deepEqual(json, {
    ok: true,
    state: 'live',
    version: 1,
    budget: 3,
    budgetMax: 3,
    failures: 0,
    resets: 0,
    pending: false,
    warnings: [],
    device: { hasKey: true, generation: 2 },
    store: { generation: 2, recoveryKeys: 1 },
  });
});

test('a new device restores with the password; a wrong one ends with 1 and says how many guesses are left', async () => {
  const restore = ['restore', ...account, ...store, '--to', 'out', ...newDevice('second'), '--password-stdin'];
  const wrong = await place.run(restore, { stdin: 'wrong horse\n' });
  assert.equal(wrong.code, 1);
  assert.equal(wrong.json.reason, 'wrong-password');
  assert.match(wrong.err, /2 guesses left/);
  assert.ok(!existsSync(place.path('out')));
  const right = await place.run(restore, { stdin: 'correct horse\n' });
  assert.equal(right.code, 0, right.err);
  assert.deepEqual([right.json.generation, right.json.method, right.json.files], [2, 'password', 1]);
  assert.equal(readFileSync(place.path('out', 'deep', 'letter.txt'), 'utf8'), 'Dear Ada,\n');
});

test('what is there is not overwritten without a word, and no terminal means no', async () => {
  writeFileSync(place.path('out', 'deep', 'letter.txt'), 'mine');
  const restore = ['restore', ...account, ...store, '--to', 'out'];
  const asked = await place.run(restore);
  assert.equal(asked.code, 2);
  assert.equal(asked.json.reason, 'aborted');
  const skipped = await place.run([...restore, '--skip-existing']);
  assert.deepEqual([skipped.code, skipped.json.skipped], [0, ['deep/letter.txt']]);
  assert.equal(readFileSync(place.path('out', 'deep', 'letter.txt'), 'utf8'), 'mine');
  const overwritten = await place.run([...restore, '--overwrite']);
  assert.deepEqual([overwritten.code, overwritten.json.method], [0, 'device']);
  assert.equal(readFileSync(place.path('out', 'deep', 'letter.txt'), 'utf8'), 'Dear Ada,\n');
});

test('a password is needed and there is none: usage, and no guess is spent', async () => {
  const restore = ['restore', ...account, ...store, '--to', 'out2', ...newDevice('third')];
  const noTerminal = await place.run(restore);
  assert.deepEqual([noTerminal.code, noTerminal.json.reason], [2, 'no-terminal']);
  const empty = await place.run([...restore, '--password-stdin']);
  assert.deepEqual([empty.code, empty.json.reason], [2, 'no-secret']);
  assert.equal((await place.run(['status', ...account])).json.budget, 3);
});

test('the recovery key restores without the password; a typo is told from a wrong one', async () => {
  const restore = [
    'restore',
    ...account,
    ...store,
    '--to',
    'by-key',
    '--recovery-key',
    '--password-stdin',
    ...newDevice('fourth'),
  ];
  const digit = recoveryKey.startsWith('0') ? '1' : '0';
  const typo = await place.run(restore, { stdin: `${digit}${recoveryKey.slice(1)}\n` });
  assert.deepEqual([typo.code, typo.json.reason], [2, 'recovery-key-typo']);
  const wrong = await place.run(restore, { stdin: `${'0'.repeat(64)}\n` });
  assert.deepEqual([wrong.code, wrong.json.reason], [1, 'recovery-key-wrong']);
  const right = await place.run(restore, { stdin: `${recoveryKey}\n` });
  assert.deepEqual([right.code, right.json.method, right.json.files], [0, 'recovery-key', 1]);
});

test('an HSM that is killed comes back by itself', async () => {
  const cmdline = (id: string): string => readFileSync(`/proc/${id}/cmdline`, 'utf8');
  const victim = place.processes().find((id) => cmdline(id).includes('site-2/hsm/hsmd.json'));
  if (victim === undefined) return;
  process.kill(Number(victim), 'SIGKILL');
  await eventually(async () => up.err.includes('hsmd-2 was killed (SIGKILL); starting it again'));
  await eventually(async () =>
    place.processes().some((id) => id !== victim && cmdline(id).includes('site-2/hsm/hsmd.json')),
  );
});

test('stopped and started again it goes on with the same data, and without the HSM that lost its state', async () => {
  assert.equal((await up.stop()).code, 0);
  assert.deepEqual(place.processes(), []);
  const away = await place.run(['status', ...account]);
  assert.deepEqual([away.code, away.json.reason], [3, 'network']);
  assert.match(away.err, /no answer from the fleet: is it up/);
  const offline = await place.run(['backup', 'files', ...account, ...store]);
  assert.deepEqual([offline.code, offline.json.generation], [0, 3]);

  rmSync(place.path('.coffer', 'site-3', 'hsm', 'state.bin'));
  up = new Up(place);
  assert.equal((await up.ready()).new, false);
  await eventually(async () => /hsmd-3 stays down: hsmd: refuses to start/.test(up.err));
  const { json } = await place.run(['status', ...account]);
  assert.deepEqual([json.state, json.budget, json.version], ['live', 3, 1]);
});

test('a restore that is killed leaves whole files only; a backup that is killed leaves the one before', async () => {
  for (let i = 0; i < 8; i++) writeFileSync(place.path('files', `big-${i}`), randomBytes(4_000_000));
  assert.equal((await place.run(['backup', 'files', ...account, ...store])).json.generation, 4);

  const names = (path: string): string[] =>
    existsSync(path) ? readdirSync(path, { recursive: true }).map(String) : [];
  const killed = await place.run(['restore', ...account, ...store, '--to', 'killed'], {
    onStart: (child) =>
      void eventually(async () => names(place.path('killed')).some((name) => name.endsWith('.part'))).then(() =>
        child.kill('SIGKILL'),
      ),
  });
  assert.equal(killed.code, null);
  for (const name of names(place.path('killed')).filter((name) => /big-\d$/.test(name))) {
    assert.ok(readFileSync(place.path('killed', name)).equals(readFileSync(place.path('files', name))), name);
  }

  const halfway = await place.run(['backup', 'files', ...account, ...store], {
    onStart: (child) =>
      void eventually(async () => names(place.path('store', '.incoming')).length > 0).then(() => child.kill('SIGKILL')),
  });
  assert.equal(halfway.code, null);
  const restored = await place.run(['restore', ...account, ...store, '--to', 'whole']);
  assert.deepEqual([restored.code, restored.json.generation, restored.json.files], [0, 4, 9]);
});

test('a password is changed and forgotten, guesses are refilled', async () => {
  const changed = await place.run(['change-password', ...account, '--password-stdin'], {
    stdin: 'correct horse\nbattery staple\n',
  });
  assert.deepEqual([changed.code, changed.json.version], [0, 2]);
  const refill = ['refill', ...account, '--password-stdin', ...newDevice('second')];
  const old = await place.run(refill, { stdin: 'correct horse\n' });
  assert.deepEqual([old.code, old.json.reason], [1, 'wrong-password']);
  const refilled = await place.run(['refill', ...account, '--password-stdin'], { stdin: 'battery staple\n' });
  assert.equal(refilled.code, 0, refilled.err);
  assert.equal(refilled.json.budget, 10);
  const forgotten = await place.run(['change-password', ...account, '--forgotten', '--password-stdin'], {
    stdin: 'third\n',
  });
  assert.deepEqual([forgotten.code, forgotten.json.version], [0, 3]);
});

test('a recovery key is shown once, and rotated on demand', async () => {
  const there = await place.run(['recovery-key', ...account, ...store]);
  assert.deepEqual(
    [there.code, there.json.exists, there.json.created, there.json.recoveryKey],
    [0, true, false, undefined],
  );
  const rotated = await place.run(['recovery-key', ...account, ...store, '--rotate']);
  assert.deepEqual([rotated.code, rotated.json.rotated], [0, true]);
  const restore = [
    'restore',
    ...account,
    ...store,
    '--to',
    'by-old-key',
    '--recovery-key',
    '--password-stdin',
    ...newDevice('fifth'),
  ];
  const byOld = await place.run(restore, { stdin: `${recoveryKey}\n` });
  assert.deepEqual([byOld.code, byOld.json.reason], [1, 'recovery-key-wrong']);
});

test('an erasure needs a yes, leaves a receipt, and ends the password for every device', async () => {
  const unasked = await place.run(['erase', ...account]);
  assert.deepEqual([unasked.code, unasked.json.reason], [2, 'not-confirmed']);
  const erased = await place.run(['erase', ...account, '--yes', '--forget-key', '--receipt', 'receipt.bin']);
  assert.deepEqual([erased.code, erased.json.version, erased.json.keyForgotten], [0, 4, true]);
  assert.ok(statSync(place.path('receipt.bin')).size > 0);
  const after = await place.run(
    ['restore', ...account, ...store, '--to', 'no', '--password-stdin', ...newDevice('sixth')],
    {
      stdin: 'third\n',
    },
  );
  assert.deepEqual([after.code, after.json.reason], [1, 'erased']);
});

test('a backup with one bit changed is refused, and nothing of it is restored', async () => {
  const [folder] = readdirSync(place.path('store')).filter((name) => !name.startsWith('.'));
  const path = place.path('store', folder as string, 'current');
  const head = readFileSync(path);
  head[head.length - 1] = (head.at(-1) as number) ^ 1;
  writeFileSync(path, head);
  const { code, json } = await place.run(['restore', ...account, ...store, '--to', 'tampered', ...newDevice('second')]);
  assert.deepEqual([code, json.reason], [1, 'damaged']);
  assert.ok(!existsSync(place.path('tampered')));
});

test('bad sources and accounts are usage; an account without a vault is told so', async () => {
  const cases: readonly [args: readonly string[], reason: string][] = [
    [['backup', 'nowhere', ...account, ...store], 'no-folder'],
    [['backup', '.', ...account, ...store], 'store-in-source'],
    [['status', '--account', '', '--json'], 'bad-account'],
    [['status', '--account', 'x'.repeat(257), '--json'], 'bad-account'],
    [['status', ...account, '--gateway', 'nonsense'], 'bad-gateway'],
  ];
  for (const [args, reason] of cases) {
    const { code, json } = await place.run(args);
    assert.deepEqual([code, json.reason], [2, reason], args.join(' '));
  }
  writeFileSync(place.path('a-file'), 'x');
  for (const args of [
    ['--store', 'a-file'],
    [...store, '--state', 'a-file'],
  ]) {
    const { code, json } = await place.run(['backup', 'files', ...account, ...args]);
    assert.deepEqual([code, json.reason], [3, 'file'], args.join(' '));
    assert.match(json.message as string, /a-file.* \((ENOTDIR|EEXIST)\)$/);
  }
  const stranger = await place.run(
    ['restore', '--account', 'bob', '--json', ...store, '--to', 'no', '--password-stdin'],
    { stdin: 'x\n' },
  );
  assert.deepEqual([stranger.code, stranger.json.reason], [1, 'not-registered']);
});

test('no log names the account or says a secret', () => {
  const logs = readdirSync(place.path('.coffer', 'logs'));
  assert.ok(logs.length >= 7);
  for (const name of logs) {
    const text = readFileSync(place.path('.coffer', 'logs', name), 'utf8');
    for (const word of ['ada@example', 'correct horse', 'battery', recoveryKey.slice(0, 9)])
      assert.ok(!text.includes(word), name);
  }
});
