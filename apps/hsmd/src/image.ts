import { readFileSync } from 'node:fs';
import { sha256 } from '@coffer/crypto';

/**
 * SHA-256 of the program file that this process was started from. For the image that `npm run build:hsm-image` makes, this
 * is all of the program but the native modules beside it, and its published digest. Run from a checkout, the file
 * is one of many, and its digest is that of no image.
 *
 * SIMULATED HARDWARE: the program measures itself, after it was loaded, so a changed program can say what it likes. It
 * tells honest operators what they run, and nobody else anything. Hardware measures a program before it runs, and a quote
 * says what it measured.
 *
 * @param main - path of the program file.
 */
export function ownImage(main: string): Uint8Array {
  return sha256(readFileSync(main));
}
