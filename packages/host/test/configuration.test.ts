import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import {
  configBytesMax,
  HostError,
  logSchema,
  originSchema,
  pathSchema,
  portSchema,
  readConfiguration,
} from '@coffer/host';
import { z } from 'zod';

const root = mkdtempSync(join(tmpdir(), 'coffer-config-'));
after(() => rmSync(root, { recursive: true }));
const file = join(root, 'c.json');
const schema = z.strictObject({
  state: pathSchema,
  listen: z.strictObject({ port: portSchema }),
  peer: originSchema.optional(),
  log: logSchema.prefault({}),
});

function refusal(text: string): string {
  writeFileSync(file, text);
  try {
    readConfiguration(file, schema);
  } catch (error) {
    assert.ok(error instanceof HostError);
    assert.equal(error.code, 'bad-config');
    return error.message;
  }
  return 'accepted';
}

test('relative paths start at the folder of the file', () => {
  writeFileSync(file, JSON.stringify({ state: 'a/b', listen: { port: 0 } }));
  const { value, path } = readConfiguration(file, schema);
  assert.equal(value.log.level, 'info');
  assert.equal(path(value.state), join(root, 'a/b'));
  assert.equal(path('/x/y'), '/x/y');
});

test('every refusal names the file and the field', () => {
  const cases: readonly [config: unknown, field: string][] = [
    [{ listen: { port: 1 } }, 'state'],
    [{ state: '', listen: { port: 1 } }, 'state'],
    [{ state: 's', listen: { port: 65_536 } }, 'listen.port'],
    [{ state: 's', listen: { port: -1 } }, 'listen.port'],
    [{ state: 's', listen: { port: '1' } }, 'listen.port'],
    [{ state: 's', listen: { port: 1, prot: 2 } }, 'listen'],
    [{ state: 's', listen: { port: 1 }, log: { level: 'loud' } }, 'log.level'],
    [{ state: 's', listen: { port: 1 }, peer: 'ftp://x' }, 'peer'],
    [{ state: 's', listen: { port: 1 }, peer: 'http://x/path' }, 'peer'],
    [[], 'the whole file'],
    [{ state: 's', listen: { port: 1 }, extra: 1 }, 'the whole file'],
  ];
  for (const [config, field] of cases) {
    const message = refusal(JSON.stringify(config));
    assert.ok(message.startsWith(`${file}: ${field}: `), `${JSON.stringify(config)}: ${message}`);
  }
});

test('no file, no JSON, too much of it', () => {
  assert.equal(refusal('{'), `${file}: not JSON`);
  assert.equal(refusal(' '.repeat(configBytesMax + 1)), `${file}: over ${configBytesMax} bytes`);
  assert.equal(refusal(' '.repeat(configBytesMax)), `${file}: not JSON`);
  rmSync(file);
  assert.throws(() => readConfiguration(file, schema), /cannot be read \(ENOENT\)/);
});
