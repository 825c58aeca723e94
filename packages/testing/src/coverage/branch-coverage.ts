import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type Branch, branchesOf } from './branches.js';

/** A branch that nothing took. */
export interface UncoveredBranch {
  /** The compiled file, from the repository's root. */
  readonly file: string;
  readonly line: number;
  readonly kind: string;
  /** The beginning of what never ran. */
  readonly code: string;
}

export interface BranchCoverage {
  readonly branches: number;
  /** Covered branches of a hundred, to two places. */
  readonly percent: number;
  readonly uncovered: readonly UncoveredBranch[];
}

/** What V8 writes with NODE_V8_COVERAGE, as far as it is read here. */
interface ScriptCoverage {
  readonly url: string;
  readonly functions: readonly {
    readonly ranges: readonly { readonly startOffset: number; readonly endOffset: number; readonly count: number }[];
  }[];
}

const root = fileURLToPath(new URL('../../../..', import.meta.url));

/**
 * Which branches of the compiled packages were taken in any of the processes that wrote to these folders. A file that no
 * process loaded counts with all of its branches.
 * @param packages - names of folders under `packages`.
 */
export function branchCoverage(folders: readonly string[], packages: readonly string[]): BranchCoverage {
  const files = packages.flatMap((name) => compiledFiles(join(root, 'packages', name, 'dist')));
  const sources = new Map(files.map((file) => [pathToFileURL(file).href, readFileSync(file, 'utf8')]));
  const ran = new Map([...sources].map(([url, source]) => [url, new Uint8Array(source.length)]));
  for (const script of scripts(folders)) {
    const marks = ran.get(script.url);
    if (marks !== undefined) mark(marks, script);
  }
  const all: UncoveredBranch[] = [];
  let branches = 0;
  for (const [url, source] of sources) {
    const marks = ran.get(url) as Uint8Array;
    const own = branchesOf(source);
    branches += own.length;
    all.push(...own.filter(({ at }) => marks[at] !== 1).map((branch) => describe(url, source, branch)));
  }
  const percent = branches === 0 ? 100 : Math.floor((10_000 * (branches - all.length)) / branches) / 100;
  return { branches, percent, uncovered: all };
}

/** Adds what one process ran. Inner ranges lie within outer ones and say more, so they are painted later. */
function mark(marks: Uint8Array, { functions }: ScriptCoverage): void {
  const ranges = functions.flatMap((each) => each.ranges);
  ranges.sort((a, b) => a.startOffset - b.startOffset || b.endOffset - a.endOffset);
  const own = new Uint8Array(marks.length);
  for (const { startOffset, endOffset, count } of ranges) own.fill(count > 0 ? 1 : 0, startOffset, endOffset);
  for (let i = 0; i < marks.length; i++) if (own[i] === 1) marks[i] = 1;
}

function* scripts(folders: readonly string[]): Generator<ScriptCoverage> {
  for (const folder of folders) {
    for (const name of readdirSync(folder)) {
      if (!name.endsWith('.json')) continue;
      const { result } = JSON.parse(readFileSync(join(folder, name), 'utf8')) as { result: readonly ScriptCoverage[] };
      yield* result;
    }
  }
}

function compiledFiles(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true })
    .map((name) => join(folder, String(name)))
    .filter((path) => path.endsWith('.js'))
    .sort();
}

function describe(url: string, source: string, { kind, at, end }: Branch): UncoveredBranch {
  const file = relative(root, fileURLToPath(url)).split(sep).join('/');
  const code = source.slice(at, Math.min(end, at + 100)).replace(/\s+/g, ' ');
  return { file, line: source.slice(0, at).split('\n').length, kind, code };
}
