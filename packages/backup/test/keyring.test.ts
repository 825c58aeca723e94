import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  addWrap,
  createKeyring,
  FolderBackupStore,
  formatRecoveryKey,
  keyringName,
  listWraps,
  loadKeyring,
  newRecoveryKey,
  parseRecoveryKey,
  removeWrap,
  saveKeyring,
  unwrapFromVault,
  unwrapKey,
  unwrapWithPasskey,
  unwrapWithRecoveryKey,
  type WrapPurpose,
  wrapBytes,
  wrapForVault,
  wrapKey,
  wrapSecretBytesMin,
  wrapsMax,
  wrapWithPasskey,
  wrapWithRecoveryKey,
} from '@coffer/backup';
import { fromHex, hex } from '@coffer/base';
import fc from 'fast-check';
import { once } from '../dist/sealed-object.js';
import { account, backupKey, coded, folder, MemoryStore, seeded } from './helpers.js';

const entropy = seeded('keyring');
const recoveryKey = newRecoveryKey(seeded('recovery'));
const other = seeded('other').bytes(32);

test('recovery key: 64 digits in groups of four, and a group that checks them', () => {
  const shown = formatRecoveryKey(fromHex(`${'00'.repeat(31)}01`));
  assert.match(shown, /^([0-9a-f]{4} ){16}[0-9a-f]{4}$/);
  // The format of record: SHA-256("coffer/recovery-key-check/v1" ‖ key) starts with these two bytes.
  assert.equal(shown, `${'0000 '.repeat(15)}0001 ${shown.slice(-4)}`);
  assert.deepEqual(parseRecoveryKey(shown), fromHex(`${'00'.repeat(31)}01`));
  assert.throws(() => formatRecoveryKey(recoveryKey.slice(1)), coded('bad-argument'));
});

test('recovery key: however it is typed, it is read', () => {
  const shown = formatRecoveryKey(recoveryKey);
  const typed = [
    shown,
    shown.toUpperCase(),
    shown.replaceAll(' ', ''),
    shown.replaceAll(' ', '-'),
    shown.replaceAll(' ', '\u2013'),
    ` ${shown.replaceAll(' ', '\r\n')}\n`,
    shown.replaceAll('0', 'O').replaceAll('1', 'l'),
    shown.replaceAll('1', 'I'),
    shown.slice(0, -5),
    hex(recoveryKey),
  ];
  for (const text of typed) assert.deepEqual(parseRecoveryKey(text), recoveryKey, text);
});

test('recovery key: any one wrong digit, and two exchanged ones, are found', () => {
  const digits = formatRecoveryKey(recoveryKey).replaceAll(' ', '');
  let missed = 0;
  for (let at = 0; at < digits.length; at++) {
    const wrong = digits[at] === '7' ? '8' : '7';
    assert.throws(
      () => parseRecoveryKey(digits.slice(0, at) + wrong + digits.slice(at + 1)),
      coded('recovery-key-typo'),
    );
    const exchanged =
      digits.slice(0, at) +
      digits
        .slice(at, at + 2)
        .split('')
        .reverse()
        .join('') +
      digits.slice(at + 2);
    if (exchanged === digits) continue;
    try {
      parseRecoveryKey(exchanged);
      missed++;
    } catch (error) {
      assert.ok(coded('recovery-key-typo')(error));
    }
  }
  assert.equal(missed, 0);
});

test('recovery key: another character or number of digits is malformed', () => {
  const digits = formatRecoveryKey(recoveryKey).replaceAll(' ', '');
  const bad = [
    '',
    'z',
    digits.slice(1),
    digits.slice(0, 63),
    digits.slice(0, 65),
    `${digits}0`,
    `g${digits.slice(1)}`,
    `${digits}\0`,
  ];
  for (const text of bad) assert.throws(() => parseRecoveryKey(text), coded('recovery-key-malformed'), text);
});

test('recovery key: every key makes the round trip', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (key) => {
      assert.deepEqual(parseRecoveryKey(formatRecoveryKey(key)), key);
    }),
  );
});

test('wraps: open under the secret, account and purpose they were made for, and under nothing else', () => {
  const purposes: readonly WrapPurpose[] = ['recovery-key', 'passkey', 'vault'];
  for (const purpose of purposes) {
    const wrapped = wrapKey(purpose, recoveryKey, account, backupKey, entropy);
    assert.equal(wrapped.length, wrapBytes);
    assert.deepEqual(unwrapKey(purpose, recoveryKey, account, wrapped), backupKey);
    assert.throws(() => unwrapKey(purpose, other, account, wrapped), coded('unwrap-failed'));
    assert.throws(() => unwrapKey(purpose, recoveryKey, other, wrapped), coded('unwrap-failed'));
    for (const another of purposes.filter((each) => each !== purpose)) {
      assert.throws(() => unwrapKey(another, recoveryKey, account, wrapped), coded('unwrap-failed'));
    }
    for (let at = 0; at < wrapped.length; at++) {
      const flipped = wrapped.slice();
      flipped[at] = (flipped[at] as number) ^ (1 << (at % 8));
      const code = at === 0 ? 'unsupported-version' : 'unwrap-failed';
      assert.throws(() => unwrapKey(purpose, recoveryKey, account, flipped), coded(code));
      assert.throws(() => unwrapKey(purpose, recoveryKey, account, wrapped.slice(0, at)), coded('unwrap-failed'));
    }
  }
  const short = recoveryKey.slice(0, wrapSecretBytesMin - 1);
  assert.throws(() => wrapKey('vault', short, account, backupKey, entropy), coded('bad-argument'));
  assert.throws(() => wrapKey('vault', recoveryKey, account, backupKey.slice(1), entropy), coded('bad-argument'));
});

test('wraps: two of one key look unrelated', () => {
  const [a, b] = [
    wrapKey('vault', other, account, backupKey, entropy),
    wrapKey('vault', other, account, backupKey, entropy),
  ];
  assert.notDeepEqual(a.slice(1, 33), b.slice(1, 33));
  assert.notDeepEqual(a.slice(33), b.slice(33));
});

test('vault payload: fits a vault, opens under OPAQUE’s 64-byte export key', () => {
  const exportKey = seeded('export').bytes(64);
  const payload = wrapForVault(exportKey, backupKey, account, entropy);
  assert.ok(payload.length <= 256);
  assert.deepEqual(unwrapFromVault(exportKey, payload, account), backupKey);
  assert.throws(() => unwrapFromVault(seeded('another').bytes(64), payload, account), coded('unwrap-failed'));
  assert.throws(() => unwrapFromVault(exportKey, payload, other), coded('unwrap-failed'));
});

test('keyring: recovery keys and passkeys, each for itself', () => {
  const credentialId = seeded('credential').bytes(64);
  const passkey = { credentialId, prfSalt: seeded('salt').bytes(32), prfOutput: seeded('prf').bytes(32) };
  let keyring = createKeyring();
  assert.deepEqual(listWraps(keyring), []);
  assert.throws(() => unwrapWithRecoveryKey(keyring, recoveryKey, account), coded('no-such-wrap'));
  keyring = addWrap(keyring, wrapWithRecoveryKey(account, recoveryKey, backupKey, entropy));
  keyring = addWrap(keyring, wrapWithPasskey(account, passkey, backupKey, entropy));
  const second = wrapWithRecoveryKey(account, other, backupKey, entropy);
  keyring = addWrap(keyring, second);
  assert.deepEqual(
    listWraps(keyring).map((wrap) => wrap.type),
    ['recovery-key', 'passkey', 'recovery-key'],
  );

  assert.deepEqual(unwrapWithRecoveryKey(keyring, recoveryKey, account), backupKey);
  assert.deepEqual(unwrapWithRecoveryKey(keyring, other, account), backupKey);
  assert.deepEqual(unwrapWithPasskey(keyring, passkey, account), backupKey);
  // A secret of one kind is none of the other.
  assert.throws(() => unwrapWithRecoveryKey(keyring, passkey.prfOutput, account), coded('recovery-key-wrong'));
  assert.throws(() => unwrapWithRecoveryKey(keyring, recoveryKey, other), coded('recovery-key-wrong'));
  assert.throws(
    () => unwrapWithPasskey(keyring, { ...passkey, prfOutput: recoveryKey }, account),
    coded('unwrap-failed'),
  );
  assert.throws(() => unwrapWithPasskey(keyring, { ...passkey, credentialId: other }, account), coded('no-such-wrap'));

  assert.throws(() => addWrap(keyring, second), coded('wrap-exists'));
  keyring = removeWrap(keyring, second.id);
  assert.throws(() => unwrapWithRecoveryKey(keyring, other, account), coded('recovery-key-wrong'));
  assert.throws(() => removeWrap(keyring, second.id), coded('no-such-wrap'));
  assert.throws(() => addWrap(keyring, { ...second, id: other }), coded('bad-argument'));
});

test('keyring: 16 wraps and no more', () => {
  let keyring = createKeyring();
  const next = () => wrapWithRecoveryKey(account, entropy.bytes(32), backupKey, entropy);
  for (let i = 0; i < wrapsMax; i++) keyring = addWrap(keyring, next());
  assert.equal(listWraps(keyring).length, wrapsMax);
  assert.throws(() => addWrap(keyring, next()), coded('over-limit'));
  const passkey = { credentialId: new Uint8Array(1023), prfSalt: other, prfOutput: other };
  const full = Array.from({ length: wrapsMax }, () => wrapWithPasskey(account, passkey, backupKey, entropy));
  assert.equal(listWraps(createKeyring(full)).length, wrapsMax);
  const tooLong = wrapWithPasskey(account, { ...passkey, credentialId: new Uint8Array(1024) }, backupKey, entropy);
  assert.throws(() => createKeyring([tooLong]), coded('bad-argument'));
});

test('keyring: malformed bytes are refused', () => {
  const wrap = wrapWithRecoveryKey(account, recoveryKey, backupKey, entropy);
  const keyring = createKeyring([wrap]);
  for (let length = 0; length < keyring.length; length++) {
    assert.throws(() => listWraps(keyring.slice(0, length)), coded('bad-keyring'), String(length));
  }
  assert.throws(() => listWraps(Uint8Array.of(...keyring, 0)), coded('bad-keyring'));
  assert.throws(() => listWraps(Uint8Array.of(0, ...keyring.slice(1))), coded('bad-keyring'));
  assert.throws(
    () => listWraps(Uint8Array.of(...keyring.slice(0, 4), 2, ...keyring.slice(5))),
    coded('unsupported-version'),
  );
  const body = keyring.slice(9);
  const doubled = Uint8Array.of(...keyring.slice(0, 8), 2, ...body, ...body);
  assert.throws(() => listWraps(doubled), coded('bad-keyring'));
});

test('keyring: stored, replaced, and missing', async (t) => {
  for (const store of [new MemoryStore(), new FolderBackupStore(await folder(t))]) {
    await assert.rejects(loadKeyring(store, account), coded('no-keyring'));
    const keyring = createKeyring([wrapWithRecoveryKey(account, recoveryKey, backupKey, entropy)]);
    await saveKeyring(store, account, keyring);
    assert.deepEqual(await loadKeyring(store, account), keyring);
    await assert.rejects(saveKeyring(store, account, keyring.slice(1)), coded('bad-keyring'));
    assert.deepEqual(await loadKeyring(store, account), keyring);
    await saveKeyring(store, account, createKeyring());
    assert.deepEqual(listWraps(await loadKeyring(store, account)), []);
    await assert.rejects(loadKeyring(store, other), coded('no-keyring'));
    await store.put(keyringName(account), once(new Uint8Array(40_000)));
    await assert.rejects(loadKeyring(store, account), coded('bad-keyring'));
  }
});
