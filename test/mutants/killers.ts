import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type HostileScenario, playHostile, type Scenario, SimulationError } from '@coffer/testing';
import type * as clientAttack from '../../packages/client/test/attack.js';
import { mutantClient } from '../../packages/client/test/mutant.js';
import { type Attack, succeeds } from '../../packages/hsm/test/attack.js';
import type { Modules } from '../../packages/hsm/test/bench.js';
import { loadMutant } from '../../packages/hsm/test/mutant.js';
import type { Killer, Mutant, Verdict } from './mutant.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const hook = new URL('./patch-hook.js', import.meta.url).href;
const childTimeoutMs = 240_000;

const loaded = new WeakMap<Mutant, Promise<Modules>>();

/** The mutant's HSM, loaded once. */
function modulesOf(mutant: Mutant): Promise<Modules> {
  const modules = loaded.get(mutant) ?? loadMutant(mutant.name, mutant.patches);
  loaded.set(mutant, modules);
  return modules;
}

const oneTest = (by: string, isKilled: boolean): Verdict => ({ by, kind: 'test', killed: isKilled ? 1 : 0, of: 1 });

/** A named attack of the HSM's tests: it must succeed. */
export const byAttack =
  (attack: Attack): Killer =>
  async (mutant) =>
    oneTest(`attack: ${attack.name}`, await succeeds(attack, await modulesOf(mutant)));

/** A named attack of the client's tests. */
export const byClientAttack =
  ({ name, run }: clientAttack.Attack): Killer =>
  async (mutant) => {
    const patches = mutant.patches.map((patch) => ({ ...patch, file: patch.file.replace('client/dist/', '') }));
    return oneTest(`attack: ${name}`, await run(await mutantClient(mutant.name, patches)));
  };

/** The hostile host, with seeds from 1. */
export const byHostileHost =
  (schedules: number, options: Omit<HostileScenario, 'seed' | 'core'> = {}): Killer =>
  async (mutant) => {
    const { hsm } = await modulesOf(mutant);
    const codes: (string | null)[] = [];
    for (let seed = 1; seed <= schedules; seed++) {
      const played = playHostile({ ...options, seed: String(seed), core: hsm.Hsm });
      codes.push(await played.then(() => null, codeOf));
    }
    return ofSchedules('hostile host', codes);
  };

/** The simulator in a process of its own. */
export const bySimulator =
  (scenarios: readonly Scenario[]): Killer =>
  async (mutant) => {
    const child = fileURLToPath(new URL('./schedules-child.js', import.meta.url));
    const { status, stdout, stderr } = await run(mutant, [child, JSON.stringify(scenarios)]);
    if (status !== 0) throw new Error(`${mutant.name}: ${stderr}`);
    return ofSchedules('simulator', JSON.parse(stdout.trim().split('\n').at(-1) ?? '[]') as (string | null)[]);
  };

/** A test file, compiled, run over the mutant by itself. It must fail in `test`, not just anywhere. */
export const byTest =
  (file: string, test: string): Killer =>
  async (mutant) => {
    const path = `${root}${file.replace(/\.ts$/, '.js')}`;
    const { status, stdout } = await run(mutant, ['--test-reporter=tap', '--test-name-pattern', exactly(test), path]);
    const isKilled = status !== 0 && stdout.includes(`not ok`) && stdout.includes(test);
    return oneTest(`${file}: ${test}`, isKilled);
  };

const exactly = (text: string): string => `^${text.replaceAll(/[.*+?^${}()|[\]\\/]/g, '.')}$`;

/** Runs Node over the mutant's patches. */
async function run(
  mutant: Mutant,
  args: readonly string[],
): Promise<{ status: number | null; stdout: string; stderr: string }> {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const child = spawn(process.execPath, ['--import', hook, ...args], {
    cwd: root,
    env: { ...env, COFFER_MUTANT: JSON.stringify(mutant.patches) },
    timeout: childTimeoutMs,
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (data: Buffer) => {
    stdout += data;
  });
  child.stderr.on('data', (data: Buffer) => {
    stderr += data;
  });
  const status = await new Promise<number | null>((resolve) => child.on('close', resolve));
  if (stderr.includes('times in ')) throw new Error(`${mutant.name}: ${stderr}`);
  return { status, stdout, stderr };
}

function codeOf(cause: unknown): string {
  if (cause instanceof SimulationError) return cause.code;
  throw cause;
}

function ofSchedules(what: string, codes: readonly (string | null)[]): Verdict {
  const found = codes.filter((code) => code !== null);
  const kinds = [...new Set(found)].sort().join(', ');
  const by = kinds === '' ? what : `${what}: ${kinds}`;
  return { by, kind: 'schedules', killed: found.length, of: codes.length };
}
