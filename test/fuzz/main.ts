import { parseArgs } from 'node:util';
import { runTool, SeededRandom } from '@coffer/testing';
import { readCorpus, writeCorpus } from './corpus.js';
import { decoderTargets } from './decoders.js';
import { fuzzDecoders } from './fuzz-decoders.js';
import { fuzzBirth, fuzzHsm } from './fuzz-hsm.js';
import { harvest } from './harvest.js';
import { checkDecoder } from './target.js';

const usage = `npm run fuzz -- [--inputs N] [--seed TEXT] [--target NAME,…] [--minutes M] [--grow] [--blind] [--json]

Gives every decoder of the project, and the frame handlers of HSMs, N mutated inputs (default 100000), or as many as fit in M minutes.
One in a hundred goes to a frame handler, which takes much longer. --grow keeps what reached new code in vectors/fuzz;
--blind does not look at coverage, and is faster. Ends with 1 after a finding, which names target and input.`;

/** Seeds of each target that go into the corpus, so that tests have something to start from. */
const seedsKept = 6;

/** @returns the process's exit code: 0 nothing found, 1 a finding, 2 bad arguments. */
async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      inputs: { type: 'string', default: '100000' },
      seed: { type: 'string', default: '1' },
      target: { type: 'string' },
      minutes: { type: 'string' },
      grow: { type: 'boolean', default: false },
      blind: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const { inputs: text, minutes } = values;
  const chosen = values.target?.split(',');
  const targets = decoderTargets.filter(({ name }) => chosen?.includes(name) !== false);
  const isHandlers = chosen === undefined || chosen.includes('handlers');
  const isGood = /^[1-9]\d{0,9}$/.test(text) && /^\d{1,4}(\.\d+)?$/.test(minutes ?? '1');
  if (values.help || !isGood || (targets.length === 0 && !isHandlers)) {
    (values.help ? console.log : console.error)(usage);
    return values.help ? 0 : 2;
  }
  // Every refusal is an error, and its stack costs more than finding out.
  Error.stackTraceLimit = 0;
  const random = new SeededRandom(`fuzz ${values.seed}`);
  const inputs = Number(text);
  const startMs = Date.now();
  const untilMs = minutes === undefined ? undefined : startMs + Number(minutes) * 60_000;
  const limit = untilMs === undefined ? {} : { untilMs };
  const corpus = readCorpus();
  const handled = Math.ceil(inputs / 100);
  const hsm = isHandlers ? await fuzzHsm(random.fork('hsm'), Math.ceil(handled / 2), 100, untilMs) : undefined;
  const birth = isHandlers ? fuzzBirth(random.fork('birth'), Math.ceil(handled / 2), 100, untilMs) : undefined;
  const seeds = await harvest(targets);
  const decoders = fuzzDecoders({
    ...{ targets, corpus, random: random.fork('decoders'), inputs: inputs - (hsm?.inputs ?? 0) - (birth?.inputs ?? 0) },
    ...{ seeds, isGuided: !values.blind, ...limit },
  });
  if (values.grow) {
    const kept = (name: string): readonly Uint8Array[] => decoders.kept.get(name) ?? [];
    writeCorpus(
      new Map(
        targets.map(({ name }) => [
          name,
          [...(corpus.get(name) ?? []), ...(seeds.get(name) ?? []).slice(0, seedsKept), ...kept(name)],
        ]),
      ),
      (name, input) => {
        const target = targets.find((one) => one.name === name);
        return target !== undefined && checkDecoder(target, input) === 'decoded';
      },
    );
  }
  const findings = [...(hsm?.findings ?? []), ...(birth?.findings ?? []), ...decoders.findings];
  const result = {
    inputs: decoders.inputs + (hsm?.inputs ?? 0) + (birth?.inputs ?? 0),
    targets: targets.length + (isHandlers ? 2 : 0),
    seconds: Math.round((Date.now() - startMs) / 1_000),
    findings,
    outcomes: { ...decoders.outcomes, ...(hsm && { hsm: hsm.outcomes }), ...(birth && { birth: birth.outcomes }) },
    kept: Object.fromEntries([...decoders.kept].map(([name, kept]) => [name, kept.length])),
  };
  console.log(values.json ? JSON.stringify(result) : JSON.stringify(result, undefined, 2));
  return findings.length === 0 ? 0 : 1;
}

await runTool(main);
