import { utf8 } from '@coffer/base';
import { ClientError } from './errors.js';
import { passwordBytesMax } from './limits.js';

/**
 * Password preparation: the OpaqueString profile (RFC 8265 §4.2) over the PRECIS FreeformClass (RFC 8264 §4.3, §8).
 *
 * Categories come from the Unicode tables of the runtime, so a code point that is newer than the runtime is refused as
 * unassigned, before anything is sent. Zero-width joiners are accepted after a virama only: the other half of that rule
 * (RFC 5892 §A.1) needs joining types, which no JavaScript runtime has.
 */

const nonAsciiSpaces = /(?! )\p{Zs}/gu;

/** Exceptions of RFC 5892 §2.6 that the categories below would let through. */
const exceptionsDisallowed = /[\u0640\u07FA\u302E\u302F\u3031-\u3035\u303B]/u;
/** RFC 8264 §9.9 to §9.13: controls, conjoining Hangul, ignorable code points, non-characters, unassigned, private use, surrogates. */
const classDisallowed =
  /[\p{Cc}\p{Cn}\p{Co}\p{Cs}\p{Noncharacter_Code_Point}\u1100-\u11FF\uA960-\uA97C\uD7B0-\uD7C6\uD7CB-\uD7FB]|(?![\u200C\u200D])\p{Default_Ignorable_Code_Point}/u;
/** RFC 8264 §9.1, §9.15, §9.18, §9.14 to §9.16: letters, digits, marks, spaces, symbols and punctuation. */
const classAllowed = /^[\p{L}\p{N}\p{M}\p{Zs}\p{S}\p{P}]$/u;

/** Code points of canonical combining class 9 (Unicode 15), after which a joiner has a meaning. */
const virama =
  /[\u094D\u09CD\u0A4D\u0ACD\u0B4D\u0BCD\u0C4D\u0CCD\u0D3B\u0D3C\u0D4D\u0DCA\u0E3A\u0EBA\u0F84\u1039\u103A\u1714\u1715\u1734\u17D2\u1A60\u1B44\u1BAA\u1BAB\u1BF2\u1BF3\u2D7F\uA806\uA82C\uA8C4\uA953\uA9C0\uAAF6\uABED\u{10A3F}\u{11046}\u{11070}\u{1107F}\u{110B9}\u{11133}\u{11134}\u{111C0}\u{11235}\u{112EA}\u{1134D}\u{11442}\u{114C2}\u{115BF}\u{1163F}\u{116B6}\u{1172B}\u{11839}\u{1193D}\u{1193E}\u{119E0}\u{11A34}\u{11A47}\u{11A99}\u{11C3F}\u{11D44}\u{11D45}\u{11D97}\u{11F41}\u{11F42}]/u;

/**
 * Bytes of a password or PIN that OPAQUE works on. Spaces of other scripts become U+0020, the rest is NFC; case, width and
 * leading zeros stay as they are.
 * @returns UTF-8, 1 to {@link passwordBytesMax} bytes; the caller zeroes them. (The string itself cannot be zeroed.)
 * @throws ClientError `bad-password`. The message says what kind of character is wrong, never which.
 */
export function preparePassword(password: string): Uint8Array {
  const prepared = password.replace(nonAsciiSpaces, ' ').normalize('NFC');
  const points = [...prepared];
  if (points.length === 0) throw new ClientError('bad-password', 'a password has at least one character');
  points.forEach((point, at) => {
    if (!isFreeform(point) || !fitsContext(points, at)) {
      throw new ClientError('bad-password', 'a password holds no control, invisible or unassigned characters');
    }
  });
  const bytes = utf8(prepared);
  if (bytes.length > passwordBytesMax)
    throw new ClientError('bad-password', `a password has at most ${passwordBytesMax} bytes`);
  return bytes;
}

/** Whether a code point is PVALID, FREE_PVAL or contextual in the FreeformClass (RFC 8264 §8). */
function isFreeform(point: string): boolean {
  if (exceptionsDisallowed.test(point) || classDisallowed.test(point)) return false;
  return classAllowed.test(point) || isJoiner(point);
}

const isJoiner = (point: string): boolean => point === '\u200C' || point === '\u200D';

/** The contextual rules (RFC 5892 appendix A) of the code point at `at`; true for one that has none. */
function fitsContext(points: readonly string[], at: number): boolean {
  const point = points[at] as string;
  const before = points[at - 1] ?? '';
  const after = points[at + 1] ?? '';
  if (isJoiner(point)) return virama.test(before);
  if (point === '\u00B7') return before === 'l' && after === 'l';
  if (point === '\u0375') return /\p{Script=Greek}/u.test(after);
  if (point === '\u05F3' || point === '\u05F4') return /\p{Script=Hebrew}/u.test(before);
  if (point === '\u30FB')
    return points.some((other) => /[\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Han}]/u.test(other));
  if (/[\u0660-\u0669]/u.test(point)) return !points.some((other) => /[\u06F0-\u06F9]/u.test(other));
  if (/[\u06F0-\u06F9]/u.test(point)) return !points.some((other) => /[\u0660-\u0669]/u.test(other));
  return true;
}
