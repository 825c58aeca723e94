import { type Entropy, equalBytes, fromHex, hex, utf8 } from '@coffer/base';
import { sha256 } from '@coffer/crypto';
import { BackupError } from './errors.js';

/** 32 random bytes, written down as 64 digits. */
export const recoveryKeyBytes = 32;
const groupDigits = 4;
const keyDigits = 2 * recoveryKeyBytes;
const checkDigits = 4;

/** A new recovery key. All of its 256 bits are random; the check is extra. */
export function newRecoveryKey(entropy: Entropy): Uint8Array {
  return entropy.bytes(recoveryKeyBytes);
}

/**
 * A recovery key as people see it: 64 hexadecimal digits in 16 groups of four, and a 17th group that checks them, all
 * joined by single spaces. The check is the first two bytes of SHA-256("coffer/recovery-key-check/v1" ‖ key).
 * @throws BackupError `bad-argument` unless `key` has 32 bytes.
 */
export function formatRecoveryKey(key: Uint8Array): string {
  if (key.length !== recoveryKeyBytes) throw new BackupError('bad-argument', 'a recovery key has 32 bytes');
  return (hex(key) + hex(check(key))).replace(/.{4}(?=.)/g, '$& ');
}

/**
 * The recovery key that someone typed. Case, spaces, line ends, dashes and the letters that look like 0 and 1 do not
 * matter. The check group may be left out, for those who noted only the 64 digits; a slip is then found only when the
 * key opens nothing.
 * @throws BackupError `recovery-key-malformed` for another character or number of digits; `recovery-key-typo` when the
 * check does not fit.
 */
export function parseRecoveryKey(text: string): Uint8Array {
  const digits = text
    .toLowerCase()
    .replace(/[\s\-\u2010-\u2015_.,:]/g, '')
    .replace(/o/g, '0')
    .replace(/[il]/g, '1');
  if (!/^[0-9a-f]*$/.test(digits)) {
    throw new BackupError('recovery-key-malformed', 'a recovery key has only the digits 0 to 9 and a to f');
  }
  if (digits.length !== keyDigits && digits.length !== keyDigits + checkDigits) {
    throw new BackupError(
      'recovery-key-malformed',
      `a recovery key has ${keyDigits} digits, and ${groupDigits} to check them`,
    );
  }
  const key = fromHex(digits.slice(0, keyDigits));
  if (digits.length > keyDigits && !equalBytes(fromHex(digits.slice(keyDigits)), check(key))) {
    throw new BackupError('recovery-key-typo', 'a digit of the recovery key is mistyped');
  }
  return key;
}

function check(key: Uint8Array): Uint8Array {
  return sha256(utf8('coffer/recovery-key-check/v1'), key).subarray(0, checkDigits / 2);
}
