import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { equalBytes } from '@coffer/base';
import { readFileIfAny, replaceFile } from '@coffer/host';
import { CliError } from '../cli-error.js';
import { fraudFileName } from '../fraud-file-name.js';
import { failureOf } from '../outcome.js';
import type { Output } from '../terminal/output.js';

/**
 * Most fraud proofs that one account's folder holds. A log that goes on lying makes a new one with every bundle, and must
 * not fill the disk with them; each of them convicts it.
 */
export const fraudProofsMax = 64;

/** What became of a fraud proof, as `--json` says it: the file, or why there is none. */
export type KeptFraud = { readonly fraudProof: string } | { readonly fraudProof: null; readonly why: string };

/**
 * Writes a fraud proof to a file in `folder`, once. Never throws: the person's key, which this very call may be about to
 * give back, is worth more than the proof.
 */
export function keepFraud(folder: string, proof: Uint8Array): KeptFraud {
  try {
    // What contradicts a checkpoint that the client has kept is what an audit calls by this code.
    const file = join(folder, fraudFileName('split-view', proof));
    const there = readFileIfAny(file);
    if (there !== undefined && equalBytes(there, proof)) return { fraudProof: file };
    if (there === undefined && proofsIn(folder) >= fraudProofsMax)
      throw new CliError('unavailable', 'enough-proofs', `${folder} holds ${fraudProofsMax} of them already`);
    replaceFile(file, proof);
    return { fraudProof: file };
  } catch (error) {
    return { fraudProof: null, why: failureOf(error).message };
  }
}

/** Keeps what one command meets, and tells each of it once: to people at once, in JSON with the command's last line. */
export function fraudKeeper(folder: string, output: Output): (proof: Uint8Array) => void {
  const told = new Set<string>();
  return (proof) => {
    const name = fraudFileName('split-view', proof);
    if (told.has(name)) return;
    told.add(name);
    const kept = keepFraud(folder, proof);
    output.add('frauds', kept);
    const what = 'the public log of fleet keys is proven to lie';
    if (kept.fraudProof === null) output.warn(`${what}, but the fraud proof could not be kept: ${kept.why}`);
    else output.warn(`${what}: ${kept.fraudProof}; check it with "coffer fraud verify", and show it to others`);
  };
}

const proofsIn = (folder: string): number => readdirSync(folder).filter((name) => /^fraud-.*\.json$/.test(name)).length;
