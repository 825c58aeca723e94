import { base64url, fromBase64url } from './bytes.js';

/** Standard base64 with padding (RFC 4648 §4). */
export function base64(bytes: Uint8Array): string {
  const digits = base64url(bytes).replaceAll('-', '+').replaceAll('_', '/');
  return digits.padEnd(Math.ceil(digits.length / 4) * 4, '=');
}

/**
 * Bytes of padded standard base64; exactly one text decodes to given bytes, so that a flipped bit in a signature line is
 * never a second spelling of the same line. @throws BytesError `bad-base64`.
 */
export function fromBase64(text: string): Uint8Array {
  // Characters of the other alphabet become one that neither has.
  const digits = text
    .replace(/={1,2}$/, '')
    .replaceAll(/[-_]/g, '=')
    .replaceAll('+', '-')
    .replaceAll('/', '_');
  const bytes = fromBase64url(digits);
  return base64(bytes) === text ? bytes : fromBase64url('=');
}
