import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, openSync, renameSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { CodedError, type Entropy, InvariantError } from '@coffer/base';
import { isEd25519Signature, systemEntropy } from '@coffer/crypto';
import {
  identityLabel,
  KeyStoreError,
  Pkcs11KeyStore,
  pinBytesMax,
  sealingLabel,
  type TokenConfig,
  tokenSealOverheadBytes,
} from '@coffer/keystore-pkcs11';
import { SoftHsm } from '@coffer/keystore-pkcs11/softhsm';
import { type Cryptoki, ck } from '../dist/cryptoki.js';

spawnSync(process.execPath, [fileURLToPath(new URL('../../../tools/build-pkcs11js.mjs', import.meta.url))]);
const missing = SoftHsm.missing();
const options = missing === undefined ? {} : { skip: `needs ${missing}` };

let root: string;
before(() => {
  root = mkdtempSync(join(tmpdir(), 'coffer-token-'));
});
after(() => rmSync(root, { recursive: true, force: true }));

let made = 0;
/** A folder of its own for each test, since SoftHSM keeps what it has seen for as long as it is loaded. */
function softHsm(): SoftHsm {
  const folder = join(root, String(++made));
  mkdirSync(folder);
  const soft = new SoftHsm(folder);
  // The module takes its configuration with C getenv, which sees Node's environment.
  process.env.SOFTHSM2_CONF = soft.env.SOFTHSM2_CONF;
  return soft;
}

const code = (wanted: string) => (error: unknown) => error instanceof CodedError && error.code === wanted;
const opened = new Set<Pkcs11KeyStore>();
// A test that fails leaves no login behind, which would fail the others.
afterEach(() => {
  for (const store of opened) store.close();
  opened.clear();
});
const tracked = (store: Pkcs11KeyStore): Pkcs11KeyStore => {
  opened.add(store);
  return store;
};
const open = (config: TokenConfig) => tracked(Pkcs11KeyStore.open(config, systemEntropy));
const generate = (config: TokenConfig) => tracked(Pkcs11KeyStore.generate(config, systemEntropy));
const message = Uint8Array.of(1, 2, 3);
const aad = Uint8Array.of(4, 5);

/** Does something to a token as another program with its PIN would. */
function meddle(config: TokenConfig, pin: string, work: (cryptoki: Cryptoki, session: Uint8Array) => void): void {
  const { PKCS11 } = createRequire(import.meta.url)('pkcs11js') as { PKCS11: new () => Cryptoki };
  const cryptoki = new PKCS11();
  cryptoki.load(config.module);
  cryptoki.C_Initialize();
  try {
    const slot = cryptoki.C_GetSlotList(true)[0] as Uint8Array;
    const session = cryptoki.C_OpenSession(slot, ck.CKF_SERIAL_SESSION | ck.CKF_RW_SESSION);
    cryptoki.C_Login(session, ck.CKU_USER, pin);
    work(cryptoki, session);
  } finally {
    cryptoki.C_Finalize();
    cryptoki.close();
  }
}

function find(cryptoki: Cryptoki, session: Uint8Array, objectClass: number, label: string): Uint8Array {
  cryptoki.C_FindObjectsInit(session, [
    { type: ck.CKA_CLASS, value: objectClass },
    { type: ck.CKA_LABEL, value: label },
  ]);
  const [object] = cryptoki.C_FindObjects(session, 1);
  cryptoki.C_FindObjectsFinal(session);
  return object as Uint8Array;
}

test('keys made in a token are the same after a restart: they sign, seal and open', options, () => {
  const token = softHsm().create('one', '1234');
  const first = generate(token);
  const { publicKey } = first;
  assert.match(first.platform, /^SIMULATED HARDWARE, keys in PKCS#11: SoftHSM v2$/);
  assert.ok(isEd25519Signature(publicKey, message, first.sign(message)));
  const sealed = first.seal(aad, message);
  assert.equal(sealed.length, message.length + tokenSealOverheadBytes);
  first.close();
  const second = open(token);
  assert.deepEqual(second.publicKey, publicKey);
  assert.deepEqual(second.open(aad, sealed), message);
  assert.ok(isEd25519Signature(publicKey, aad, second.sign(aad)));
  second.close();
});

test('a flipped bit, other associated data or another token: open-failed, and the token goes on', options, () => {
  const soft = softHsm();
  const [one, two] = [soft.create('one', '1234'), soft.create('two', '5678')].map(generate) as [
    Pkcs11KeyStore,
    Pkcs11KeyStore,
  ];
  const sealed = one.seal(aad, message);
  for (let bit = 0; bit < 8 * sealed.length; bit++) {
    const changed = sealed.slice();
    changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
    assert.throws(() => one.open(aad, changed), code('open-failed'));
  }
  for (const length of [0, 1, tokenSealOverheadBytes - 1, tokenSealOverheadBytes, sealed.length - 1]) {
    assert.throws(() => one.open(aad, sealed.subarray(0, length)), code('open-failed'), `${length} bytes`);
  }
  assert.throws(() => one.open(message, sealed), code('open-failed'));
  assert.throws(() => two.open(aad, sealed), code('open-failed'));
  assert.deepEqual(one.open(aad, sealed), message);
  assert.throws(() => one.seal(aad, new Uint8Array()), InvariantError);
  one.close();
  two.close();
});

test('no message key is used twice: one plaintext sealed twice has nothing in common', options, () => {
  const store = generate(softHsm().create('one', '1234'));
  const zeros = new Uint8Array(64);
  const [a, b] = [store.seal(aad, zeros), store.seal(aad, zeros)];
  assert.notDeepEqual(a.subarray(0, 32), b.subarray(0, 32));
  assert.notDeepEqual(a.subarray(32, 96), b.subarray(32, 96));
  store.close();
  // With its salts repeated it would be the same stream: the salt is all that separates two messages.
  const stuck: Entropy = { bytes: (length) => new Uint8Array(length) };
  const again = Pkcs11KeyStore.generate(softHsm().create('one', '1234'), stuck);
  assert.deepEqual(again.seal(aad, zeros), again.seal(aad, zeros));
  again.close();
});

test('neither key can be read, wrapped or made extractable, by whoever has the PIN', options, () => {
  const token = softHsm().create('one', '1234');
  generate(token).close();
  meddle(token, '1234', (cryptoki, session) => {
    for (const [objectClass, label] of [
      [ck.CKO_PRIVATE_KEY, identityLabel],
      [ck.CKO_SECRET_KEY, sealingLabel],
    ] as const) {
      const key = find(cryptoki, session, objectClass, label);
      const value = 0x11; // CKA_VALUE
      assert.throws(() => cryptoki.C_GetAttributeValue(session, key, [{ type: value }]), /CKR_ATTRIBUTE_SENSITIVE/);
      const { C_SetAttributeValue } = cryptoki as unknown as Record<
        'C_SetAttributeValue',
        (...args: unknown[]) => void
      >;
      assert.throws(
        () => C_SetAttributeValue.call(cryptoki, session, key, [{ type: ck.CKA_EXTRACTABLE, value: true }]),
        /CKR_/,
      );
    }
    const key = find(cryptoki, session, ck.CKO_SECRET_KEY, sealingLabel);
    const gcm = { mechanism: ck.CKM_AES_GCM, parameter: Buffer.alloc(12) };
    assert.throws(() => cryptoki.C_EncryptInit(session, gcm, key), /CKR_/);
  });
});

test('keys are made once: a token that has them is not given others', options, () => {
  const token = softHsm().create('one', '1234');
  const store = generate(token);
  store.close();
  assert.throws(() => generate(token), code('key-exists'));
  const again = open(token);
  assert.deepEqual(again.publicKey, store.publicKey);
  again.close();
});

test('a wrong PIN is tried once, and the right one works afterwards', options, () => {
  const token = softHsm().create('one', '1234');
  generate(token).close();
  writeFileSync(token.pin.file, '9999\n');
  assert.throws(() => open(token), code('wrong-pin'));
  writeFileSync(token.pin.file, '1234\n');
  open(token).close();
});

test('the PIN comes from a file, a variable that is then gone, or a descriptor', options, () => {
  const token = softHsm().create('one', '1234');
  generate(token).close();
  process.env.COFFER_TEST_PIN = '1234';
  open({ ...token, pin: { env: 'COFFER_TEST_PIN' } }).close();
  assert.equal(process.env.COFFER_TEST_PIN, undefined);
  open({ ...token, pin: { fd: openSync(token.pin.file, 'r') } }).close();
  const bad: TokenConfig['pin'][] = [
    { env: 'COFFER_TEST_PIN' },
    { fd: 1000 },
    { file: join(root, 'nothing') },
    { file: join(root, 'empty') },
    { file: join(root, 'long') },
    { file: join(root, 'open') },
  ];
  writeFileSync(join(root, 'empty'), '\n', { mode: 0o600 });
  writeFileSync(join(root, 'long'), 'x'.repeat(pinBytesMax + 1), { mode: 0o600 });
  writeFileSync(join(root, 'open'), '1234\n');
  chmodSync(join(root, 'open'), 0o644);
  for (const pin of bad) assert.throws(() => open({ ...token, pin }), code('no-pin'), JSON.stringify(pin));
  // At the edge it is taken, and the token says what it thinks of it.
  writeFileSync(join(root, 'edge'), 'x'.repeat(pinBytesMax), { mode: 0o600 });
  assert.throws(() => open({ ...token, pin: { file: join(root, 'edge') } }), code('wrong-pin'));
});

test('no module, no token of that label or slot, two of one label: told apart', options, () => {
  const soft = softHsm();
  const token = soft.create('one', '1234');
  generate(token).close();
  assert.throws(() => open({ ...token, module: join(root, 'nothing.so') }), code('no-module'));
  assert.throws(() => open({ ...token, module: token.pin.file }), code('no-module'));
  assert.throws(() => open({ ...token, token: { label: 'two' } }), code('no-token'));
  assert.throws(() => open({ ...token, token: { slot: 4096 } }), code('no-token'));
  let slot: Uint8Array | undefined;
  meddle(token, '1234', (cryptoki) => {
    slot = cryptoki.C_GetSlotList(true)[0];
  });
  const number = Number(Buffer.from(slot as Uint8Array).readBigUInt64LE());
  open({ ...token, token: { slot: number } }).close();
  soft.create('one', '5678');
  assert.throws(() => open(token), code('no-token'));
});

test('a token that was wiped has no key; one that lost a half has none either', options, () => {
  const token = softHsm().create('one', '1234');
  assert.throws(() => open(token), code('no-key'));
  generate(token).close();
  meddle(token, '1234', (cryptoki, session) => {
    cryptoki.C_DestroyObject(session, find(cryptoki, session, ck.CKO_SECRET_KEY, sealingLabel));
  });
  assert.throws(() => open(token), code('no-key'));
});

test('a key that may leave the token, a second one, or halves of two keys are refused', options, () => {
  const token = softHsm().create('one', '1234');
  generate(token).close();
  const aes = (extractable: boolean) => [
    { type: ck.CKA_TOKEN, value: true },
    { type: ck.CKA_SENSITIVE, value: true },
    { type: ck.CKA_EXTRACTABLE, value: extractable },
    { type: ck.CKA_DERIVE, value: true },
    { type: ck.CKA_VALUE_LEN, value: 32 },
    { type: ck.CKA_LABEL, value: sealingLabel },
  ];
  meddle(token, '1234', (cryptoki, session) => {
    cryptoki.C_GenerateKey(session, { mechanism: ck.CKM_AES_KEY_GEN }, aes(false));
  });
  assert.throws(() => open(token), code('bad-key'));
  meddle(token, '1234', (cryptoki, session) => {
    for (let i = 0; i < 2; i++) {
      cryptoki.C_DestroyObject(session, find(cryptoki, session, ck.CKO_SECRET_KEY, sealingLabel));
    }
    cryptoki.C_GenerateKey(session, { mechanism: ck.CKM_AES_KEY_GEN }, aes(true));
  });
  assert.throws(() => open(token), code('bad-key'));

  const other = softHsm().create('one', '1234');
  generate(other).close();
  meddle(other, '1234', (cryptoki, session) => {
    const edwards = { mechanism: ck.CKM_EC_EDWARDS_KEY_PAIR_GEN };
    const label = { type: ck.CKA_LABEL, value: identityLabel };
    const parameters = { type: ck.CKA_EC_PARAMS, value: Buffer.from('06032b6570', 'hex') };
    const stored = { type: ck.CKA_TOKEN, value: true };
    cryptoki.C_DestroyObject(session, find(cryptoki, session, ck.CKO_PUBLIC_KEY, identityLabel));
    cryptoki.C_GenerateKeyPair(session, edwards, [stored, parameters, label], [{ type: ck.CKA_TOKEN, value: false }]);
  });
  assert.throws(() => open(other), code('bad-key'));
});

test('a process is logged in to a token once, so that a second PIN is never waved through', options, () => {
  const token = softHsm().create('one', '1234');
  const store = generate(token);
  writeFileSync(token.pin.file, '9999\n');
  assert.throws(() => open(token), code('in-use'));
  assert.ok(isEd25519Signature(store.publicKey, message, store.sign(message)));
  store.close();
});

test(
  'a token that goes away while in use: token-failed for every call, and all is there when it is back',
  options,
  () => {
    const soft = softHsm();
    const token = soft.create('one', '1234');
    const store = generate(token);
    const sealed = store.seal(aad, message);
    const away = `${soft.tokens}.away`;
    renameSync(soft.tokens, away);
    assert.throws(() => store.sign(message), code('token-failed'));
    assert.throws(() => store.seal(aad, message), code('token-failed'));
    // Good state must not be called damaged because the token is gone.
    assert.throws(() => store.open(aad, sealed), code('token-failed'));
    store.close();
    mkdirSync(soft.tokens);
    assert.throws(() => open(token), code('no-token'));
    rmdirSync(soft.tokens);
    renameSync(away, soft.tokens);
    const back = open(token);
    assert.deepEqual(back.publicKey, store.publicKey);
    assert.deepEqual(back.open(aad, sealed), message);
    back.close();
  },
);

test('a key that is destroyed while in use fails the next call', options, () => {
  const token = softHsm().create('one', '1234');
  const store = generate(token);
  // Another process: within this one the module is initialised once.
  const script = `
    const { PKCS11 } = require('pkcs11js'); const p = new PKCS11(); p.load(${JSON.stringify(token.module)}); p.C_Initialize();
    const s = p.C_OpenSession(p.C_GetSlotList(true)[0], 6); p.C_Login(s, 1, '1234'); p.C_FindObjectsInit(s, []);
    for (const o of p.C_FindObjects(s, 10)) p.C_DestroyObject(s, o); p.C_Finalize();`;
  execFileSync(process.execPath, ['-e', script], { cwd: fileURLToPath(new URL('../', import.meta.url)) });
  assert.throws(() => store.sign(message), code('token-failed'));
  store.close();
  assert.throws(() => open(token), code('no-key'));
});

test('speed of a SoftHSM token', options, (t) => {
  const store = generate(softHsm().create('one', '1234'));
  const state = randomBytes(600);
  for (const [name, work] of [
    ['sign', () => store.sign(message)],
    ['seal 600 bytes', () => store.seal(aad, state)],
  ] as const) {
    const start = performance.now();
    for (let i = 0; i < 500; i++) work();
    t.diagnostic(`${name}: ${Math.round(500_000 / (performance.now() - start))}/s`);
  }
  store.close();
  assert.throws(() => store.sign(message), KeyStoreError);
});
