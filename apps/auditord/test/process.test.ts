import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { AuditorClient, AuditorError } from '@coffer/auditor';
import { hex } from '@coffer/base';
import { exitCodes } from '@coffer/host';
import { decodeCheckpoint, decodeNote, type PlexiAnswer } from '@coffer/transparency';
import { artifacts, freePort, HttpWitness, namespace, seedOf, trustRoot, writeConfig } from './world.js';

const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const killed = fileURLToPath(new URL('./killed-daemon.js', import.meta.url));
const folders: string[] = [];
const children = new Set<ChildProcess>();
const witness = new HttpWitness('w0');
await witness.listen();
after(() => {
  for (const child of children) child.kill('SIGKILL');
  witness.close();
  for (const folder of folders) rmSync(folder, { recursive: true });
});

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'coffer-auditord-'));
  folders.push(folder);
  return folder;
}

function start(config: string, program = main, env: Record<string, string> = {}): ChildProcess {
  const child = spawn(process.execPath, [program, '--config', config], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...env },
  });
  children.add(child);
  child.once('exit', () => children.delete(child));
  return child;
}

/** Collects what it says on standard error. */
function saidBy(child: ChildProcess): () => string {
  let err = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  return () => err;
}

async function ended(child: ChildProcess): Promise<{ code: number | null; err: string }> {
  const said = saidBy(child);
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, err: said() };
}

const isGone = ({ exitCode, signalCode }: ChildProcess): boolean => exitCode !== null || signalCode !== null;

/** @returns whether it answers; false when it ended before. */
async function isUp(child: ChildProcess, port: number): Promise<boolean> {
  while (!isGone(child)) {
    const isOk = await fetch(`http://127.0.0.1:${port}/healthz`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isOk) return true;
  }
  return false;
}

test('a configuration that does not fit ends with 2 and names the field; no seed is in the message', async () => {
  const folder = newFolder();
  const root = trustRoot([witness]);
  writeFileSync(join(folder, 'short.seed'), 'abcd', { mode: 0o600 });
  writeFileSync(join(folder, 'open.seed'), hex(seedOf('auditor')));
  chmodSync(join(folder, 'open.seed'), 0o644);
  const key = (seed: string) => ({ auditorKeys: [{ seed, notBeforeMs: 0 }] });
  const one = { trustRoot: 'root.json', logKeys: ['log.seed'] };
  const cases: readonly [changes: Record<string, unknown>, message: RegExp][] = [
    [{ namespaces: [] }, /: namespaces: /],
    [{ namespaces: [one, one] }, /one namespace twice \(bad-config\)/],
    [{ namespaces: [{ ...one, trustRoot: 'auditord.json' }] }, /not a trust root \(bad-config\)/],
    [{ namespaces: [{ ...one, trustRoot: 'none' }] }, /no file at /],
    [key('none'), /no seed at /],
    [key('short.seed'), /not a seed of 64 hexadecimal digits/],
    [key('open.seed'), /it has to have mode 0600/],
    [{ refreshMs: 0 }, /: refreshMs: /],
    [
      { store: 'new', namespaces: [{ ...one, logKeys: ['auditor.seed'] }] },
      /no log key of the trust root is held \(no-signing-key\)/,
    ],
    [{ listen: { port: 0, tls: { key: 'none', cert: 'none' } } }, /cannot read /],
  ];
  for (const [changes, message] of cases) {
    const { code, err } = await ended(start(writeConfig(folder, root, 0, changes)));
    assert.equal(code, exitCodes.usage, err);
    assert.match(err, /^auditord: [^\n]+\n$/);
    assert.match(err, message);
    assert.ok(!err.includes(hex(seedOf('auditor')).slice(0, 8)));
  }
});

/** Publishes all epochs against whatever answers on `port`. */
function publishAll(port: number, count: number, onAnswer: (answer: PlexiAnswer) => void): Promise<void> {
  const client = new AuditorClient({ url: `http://127.0.0.1:${port}`, namespace });
  const run = async () => {
    for (const { artifact, evidence } of artifacts(count)) {
      const request = { artifact, evidence, operatorSeed: seedOf('operator') };
      onAnswer(await client.postAudit(request));
      await client.publish({ ...request, trustRoot: trustRoot([witness]), notAfterMs: tomorrowMs });
    }
  };
  return run();
}
const tomorrowMs = Date.now() + 86_400_000;

test('evidence is judged by its own package: what is none is refused, and the log names the item', async () => {
  const folder = newFolder();
  const port = await freePort();
  witness.cosigned.length = 0;
  const child = start(writeConfig(folder, trustRoot([witness]), port, { simulatedHardware: true }));
  assert.ok(await isUp(child, port));
  const isRefused = (error: unknown) => error instanceof AuditorError && error.code === 'evidence-failed';
  await assert.rejects(
    publishAll(port, 1, () => undefined),
    isRefused,
  );
  child.kill('SIGTERM');
  assert.equal((await ended(child)).code, 0);
  const log = readFileSync(join(folder, 'auditord.log'), 'utf8');
  assert.match(log, /"failures":\[\{"name":"index","code":"[a-z-]+"\}/);
  assert.match(log, /SIMULATED HARDWARE/);
});

test('it publishes, logs no secret, holds its store alone, stops cleanly, and refuses a log that was changed', async () => {
  const folder = newFolder();
  const port = await freePort();
  witness.cosigned.length = 0;
  const config = writeConfig(folder, trustRoot([witness]), port);
  const child = start(config, killed);
  assert.ok(await isUp(child, port));
  await publishAll(port, 1, () => undefined);
  const second = await ended(start(config, killed));
  assert.equal(second.code, exitCodes.unavailable);
  assert.match(second.err, /in-use/);
  child.kill('SIGTERM');
  assert.deepEqual(await ended(child), { code: 0, err: '' });
  const log = readFileSync(join(folder, 'auditord.log'), 'utf8');
  assert.match(log, /"msg":"published"/);
  for (const secret of ['auditor', 'log', 'operator']) assert.ok(!log.includes(hex(seedOf(secret))), secret);

  const leaf = join(folder, 'store', namespace, 'leaves', '0', '1');
  const bytes = readFileSync(leaf);
  bytes[100]! ^= 1;
  writeFileSync(leaf, bytes);
  const refused = await ended(start(config, killed));
  assert.equal(refused.code, exitCodes.stateRefused, refused.err);
  assert.match(refused.err, /^auditord: .*\(log-(damaged|forked)\)\n$/);
});

test('a write that fails during the start ends with 3, and the same store starts once it can be written', async () => {
  const folder = newFolder();
  const port = await freePort();
  const config = writeConfig(folder, trustRoot([witness]), port);
  const comesUp = async (): Promise<void> => {
    const child = start(config, killed);
    const said = saidBy(child);
    assert.ok(await isUp(child, port), said());
    child.kill('SIGTERM');
    assert.equal((await ended(child)).code, 0);
  };
  await comesUp();
  // A folder in the place of the temporary file fails the write for any user.
  const obstacle = join(folder, 'store', namespace, 'trust-roots', '0', '1.new');
  mkdirSync(obstacle);
  const { code, err } = await ended(start(config, killed));
  assert.equal(code, exitCodes.unavailable, err);
  assert.match(err, /a write failed \(halted\)\n$/);
  rmdirSync(obstacle);
  await comesUp();
});

/** What was heard in one run of the kill test. */
interface Heard {
  readonly answers: Map<number, string>;
  readonly epochs: number;
}

/** Publishes two epochs, with one SIGKILL on the way. @returns false when there is no such write. */
async function killOnce(at: number, when: 'before' | 'after'): Promise<boolean> {
  const folder = newFolder();
  const port = await freePort();
  witness.cosigned.length = 0;
  const config = writeConfig(folder, trustRoot([witness]), port, { log: { file: 'log', level: 'error' } });
  const heard: Heard = { answers: new Map(), epochs: 2 };
  const hear = ({ message, signature }: PlexiAnswer): void => {
    const said = `${message.timestampMs} ${hex(message.digest)} ${hex(signature)}`;
    assert.equal(heard.answers.get(message.epoch) ?? said, said, 'two answers for one epoch');
    heard.answers.set(message.epoch, said);
  };
  const child = start(config, killed, { KILL_AT: String(at), KILL_WHEN: when });
  if (await isUp(child, port)) {
    const isDown = (error: unknown) => error instanceof AuditorError && error.code === 'unreachable';
    try {
      await publishAll(port, heard.epochs, hear);
      child.kill('SIGTERM');
      await ended(child);
      return false;
    } catch (error) {
      assert.ok(isDown(error), String(error));
    }
  }
  if (!isGone(child)) await once(child, 'exit');
  assert.equal(child.signalCode, 'SIGKILL');
  const again = start(config, killed);
  const said = saidBy(again);
  assert.ok(await isUp(again, port), `after the kill ${when} write ${at} it does not start: ${said()}`);
  await publishAll(port, heard.epochs, hear);
  const note = await new AuditorClient({ url: `http://127.0.0.1:${port}`, namespace }).checkpoint();
  assert.equal(decodeCheckpoint(decodeNote(note!).text).size, heard.epochs);
  again.kill('SIGTERM');
  assert.equal((await ended(again)).code, 0);
  const roots = new Map<number, string>();
  for (const { size, root } of witness.cosigned) {
    assert.equal(roots.get(size) ?? hex(root), hex(root), 'two roots for one size');
    roots.set(size, hex(root));
  }
  return true;
}

// `COFFER_KILLS=all node --test apps/auditord/test/process.test.js` kills at every write, before and after.
const all = process.env.COFFER_KILLS === 'all';
test('SIGKILL at a write: it starts again, and everything that was said still stands', async () => {
  if (!all) {
    // The record of epoch 1 is there without its signature; the leaf is there without a checkpoint.
    assert.ok(await killOnce(6, 'after'));
    assert.ok(await killOnce(9, 'after'));
    return;
  }
  for (let at = 1; ; at++) {
    for (const when of ['before', 'after'] as const) {
      if (await killOnce(at, when)) continue;
      assert.ok(at > 20, `only ${at - 1} writes`);
      process.stdout.write(`# killed before and after each of ${at - 1} writes\n`);
      return;
    }
  }
});
