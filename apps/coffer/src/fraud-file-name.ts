import { hex } from '@coffer/base';
import { sha256 } from '@coffer/crypto';

/** Name of the file of a fraud proof: the same proof has the same name, whichever command met it. @param code - of the doubt. */
export function fraudFileName(code: string, proof: Uint8Array): string {
  return `fraud-${code}-${hex(sha256(proof)).slice(0, 8)}.json`;
}
