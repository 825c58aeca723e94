import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fromHex, hex } from '@coffer/base';

const folder = fileURLToPath(new URL('../../vectors/fuzz', import.meta.url));
/** Kept of one target: what reached code that nothing before it had reached. */
export const corpusMax = 64;
/** Longer inputs are not kept in the repository. */
const inputBytesMax = 2_048;

interface CorpusFile {
  readonly about: string;
  readonly inputs: readonly string[];
}

/** Inputs that earlier runs kept, by target. */
export function readCorpus(): ReadonlyMap<string, readonly Uint8Array[]> {
  if (!existsSync(folder)) return new Map();
  const files = readdirSync(folder).filter((name) => name.endsWith('.json'));
  return new Map(
    files.map((name) => {
      const { inputs } = JSON.parse(readFileSync(join(folder, name), 'utf8')) as CorpusFile;
      return [name.slice(0, -'.json'.length), inputs.map(fromHex)];
    }),
  );
}

/**
 * Writes what a run kept, without doubles, sorted so that two runs differ in few lines.
 * @param decodes - whether a target takes an input.
 */
export function writeCorpus(
  corpus: ReadonlyMap<string, readonly Uint8Array[]>,
  decodes: (target: string, input: Uint8Array) => boolean,
): void {
  for (const [target, inputs] of corpus) {
    const shortest = [...inputs].sort((a, b) => a.length - b.length);
    // Of a form that is always long, one that decodes: from what is refused already, mutation seldom finds the way back.
    const whole = shortest.find((input) => decodes(target, input));
    const small = shortest.filter((input, i) => i < corpusMax && input.length <= inputBytesMax);
    if (whole !== undefined && !small.includes(whole)) small.push(whole);
    if (small.length === 0) continue;
    const about =
      'Inputs that took a decoder down a path of its own: each is refused with a coded error, or encodes to the same bytes.';
    const texts = [...new Set(small.map(hex))].sort((a, b) => a.length - b.length || (a < b ? -1 : 1));
    writeFileSync(join(folder, `${target}.json`), `${JSON.stringify({ about, inputs: texts }, undefined, 1)}\n`);
  }
}
