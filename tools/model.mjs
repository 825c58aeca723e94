/**
 * Checks the model of the agreement in docs/model with Spin: compiles one verifier for each run and says what it found.
 *
 *   node tools/model.mjs [--quick] [--json] [--show] [NAME …]
 *
 * `--quick` takes the small sizes only. NAME keeps the runs whose name contains one of the words. `--show` prints each
 * counterexample step by step. Exit code 1 when a run does not end as it must; 2 when spin or gcc is missing.
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { runs } from './model/runs.mjs';

const model = fileURLToPath(new URL('../docs/model/agreement.pml', import.meta.url));
const depthMax = 1_000_000;

const args = process.argv.slice(2);
const words = args.filter((arg) => !arg.startsWith('--'));
const chosen = runs
  .filter((run) => run.quick || !args.includes('--quick'))
  .filter((run) => words.length === 0 || words.some((word) => run.name.includes(word)));

const missing = ['spin', 'gcc'].filter((tool) => spawnSync(tool, ['--version']).error !== undefined);
if (missing.length > 0) {
  process.stderr.write(`model: ${missing.join(' and ')} not found (Debian: apt-get install spin gcc)\n`);
  process.exit(2);
}
if (chosen.length === 0) {
  process.stderr.write('model: no run has such a name\n');
  process.exit(2);
}

/** @returns exit code and everything that the program printed. */
function call(command, args, cwd) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    let text = '';
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (part) => (text += part));
    child.once('error', reject).once('close', (code) => resolve({ code, text }));
  });
}

async function callOrThrow(command, args, cwd) {
  const { code, text } = await call(command, args, cwd);
  if (code !== 0) throw new Error(`${command} ${args.join(' ')}: ${text.slice(0, 2000)}`);
  return text;
}

/** Compiles and runs one verifier. `found` is the number of the violated invariant, or 'none'. */
async function check(run) {
  const folder = mkdtempSync(join(tmpdir(), 'coffer-model-'));
  const defines = Object.entries(run.define).map(([name, value]) => `-D${name}${value === true ? '' : `=${value}`}`);
  try {
    await callOrThrow('spin', ['-a', ...defines, model], folder);
    const options = ['-w', run.quick ? '-O1' : '-O2', '-DSAFETY', '-DNOREDUCE', `-DMEMLIM=${run.memoryMiB ?? 2048}`];
    await callOrThrow('gcc', [...options, ...(run.compile ?? []), '-o', 'pan', 'pan.c'], folder);
    const started = performance.now();
    const { text } = await call('nice', ['./pan', `-m${run.depthMax ?? depthMax}`, ...(run.search ?? [])], folder);
    const seconds = (performance.now() - started) / 1000;
    const result = { ...resultOf(text), seconds: Number(seconds.toFixed(1)) };
    const steps = args.includes('--show') && result.found !== 'none' ? await trailOf(defines, folder) : undefined;
    return { ...run, ...result, steps, ok: result.found === run.expect && (result.complete || run.bounded === true) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function resultOf(text) {
  const errors = /errors: (\d+)/.exec(text)?.[1];
  if (errors === undefined) throw new Error(`pan did not end: ${text.slice(-2000)}`);
  const violated = /assertion violated \(+(\d+)&&/.exec(text)?.[1];
  const found = violated === undefined ? (errors === '0' ? 'none' : 'other') : violated === '10' ? '0' : violated;
  return {
    found,
    states: Number(/([\d.e+]+) states, stored/.exec(text)?.[1] ?? Number.NaN),
    depth: Number(/depth reached (\d+)/.exec(text)?.[1]),
    complete:
      found !== 'none' || !/max search depth too small|Search not completed|out of memory|Bit statespace/.test(text),
  };
}

/** The steps that lead to the violation, as Spin replays them. Entries are named by index and term. */
async function trailOf(defines, folder) {
  const { text } = await call('spin', ['-t', '-k', 'agreement.pml.trail', '-T', '-B', ...defines, model], folder);
  return text.replaceAll(/^spin: .*\n?/gm, '').trimEnd();
}

async function checkAll() {
  const results = [];
  const waiting = [...chosen];
  const worker = async () => {
    for (let run = waiting.shift(); run !== undefined; run = waiting.shift()) {
      const result = await check(run);
      results.push(result);
      if (!args.includes('--json')) process.stdout.write(rowOf(result));
    }
  };
  // Two at most: each may take some GiB.
  await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, worker));
  return results;
}

const nameOf = (found) => (found === 'none' ? 'no violation' : found === '8' ? 'no progress' : `invariant ${found}`);

function rowOf({ name, ok, found, complete, states, depth, seconds, steps }) {
  const how = complete ? '' : ' (bounded)';
  const columns = [
    ok ? 'ok    ' : 'NOT OK',
    name.padEnd(44),
    (nameOf(found) + how).padEnd(24),
    `${states.toLocaleString('en')} states`.padStart(20),
    `depth ${depth}`.padStart(12),
    `${seconds} s`.padStart(9),
  ];
  return `${columns.join('  ')}\n${steps === undefined ? '' : `${steps}\n`}`;
}

const results = await checkAll();
if (args.includes('--json')) {
  const rows = results.map(({ name, kind, ok, expect, found, complete, states, depth, seconds }) => ({
    name,
    kind,
    ok,
    expect,
    found,
    complete,
    states,
    depth,
    seconds,
  }));
  process.stdout.write(`${JSON.stringify(rows, undefined, 2)}\n`);
} else {
  const failed = results.filter(({ ok }) => !ok).length;
  process.stdout.write(`model: ${results.length} runs, ${failed} not as expected\n`);
}
process.exit(results.every(({ ok }) => ok) ? 0 : 1);
