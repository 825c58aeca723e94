import { parseArgs } from 'node:util';
import { allFaults, type FaultKind, type FaultMix, noFaults } from './fault-mix.js';
import { type PersistPlace, type PersistPoint, persistPlaces } from './persist-points.js';
import type { Scenario } from './simulate.js';

export const usage = `npm run sim -- [--seed TEXT] [--sites N] [--groups N] [--schedules K] [--accounts N] [--calls N] [--guessers N] [--tolerance N]
             [--calm-calls N] [--rest MS] [--gather MS] [--pipeline N]
             [--faults KIND=WEIGHT,…] [--calm] [--only N,…] [--pause MS] [--faults-max N] [--crash-at PLACE:WRITE:before|after] [--every-write]
             [--campaign] [--trace] [--no-shrink] [--history FILE]

Plays K schedules with the seeds TEXT, TEXT+1 ... (TEXT must be a number for K over 1) and stops at the first violation, which it
prints with its trace, and again as the smallest schedule that still shows it. The same arguments give the same schedule.

--faults    kinds of faults and their weights; default all          --calm         no faults
--only      of the faults that the seed decides on, these numbers    --pause        longest time between two faults
--calm-calls  calls of each person before the first fault             --rest         longest rest between two calls
--gather, --pipeline  the agents' gatherMs and pipelineDepth
--crash-at  one process dies at one durable write (hsm, replica, ledger or store), and is started again
--every-write  plays the schedule once for each side of each of its durable writes, with a death there
--campaign  the shape of fleet and faults comes from the seed, as in npm run sim:campaign
--trace     prints every line; --history writes what the clients of the last schedule asked and heard`;

export interface CliOptions {
  /** Without its seed's number for the later schedules. */
  readonly scenario: Scenario;
  readonly schedules: number;
  readonly everyWrite: boolean;
  readonly campaign: boolean;
  readonly trace: boolean;
  readonly shrinks: boolean;
  readonly history: string | undefined;
}

const numbers = [
  'sites',
  'groups',
  'schedules',
  'accounts',
  'calls',
  'guessers',
  'tolerance',
  'pause',
  'faults-max',
  'calm-calls',
  'rest',
  'gather',
  'pipeline',
] as const;
const defaults: Readonly<Record<(typeof numbers)[number], string>> = {
  sites: '5',
  groups: '2',
  schedules: '1',
  accounts: '3',
  calls: '5',
  guessers: '0',
  tolerance: '0',
  pause: '400',
  'faults-max': '999999',
  'calm-calls': '0',
  rest: '800',
  gather: '0',
  pipeline: '4',
};

/** @returns undefined for arguments that mean nothing. */
export function parseCli(args: readonly string[]): CliOptions | undefined {
  const text = Object.fromEntries(numbers.map((name) => [name, { type: 'string', default: defaults[name] }] as const));
  const flags = ['calm', 'trace', 'every-write', 'campaign', 'no-shrink', 'help'] as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      ...text,
      ...Object.fromEntries(flags.map((name) => [name, { type: 'boolean', default: false }] as const)),
      seed: { type: 'string', default: '1' },
      faults: { type: 'string' },
      only: { type: 'string' },
      'crash-at': { type: 'string' },
      history: { type: 'string' },
    },
  });
  const given = values as Record<string, string | boolean | undefined>;
  const word = (name: string): string | undefined => given[name] as string | undefined;
  const seed = word('seed') ?? '1';
  if (given.help === true || numbers.some((name) => !/^\d{1,9}$/.test(word(name) ?? ''))) return undefined;
  if (word('schedules') !== '1' && !/^\d{1,9}$/.test(seed)) return undefined;
  const number = (name: (typeof numbers)[number]): number => Number(given[name]);
  const faults = given.calm === true ? noFaults : parseFaults(word('faults'));
  const only = word('only');
  const crashAt = parsePoint(word('crash-at'));
  if (faults === undefined || crashAt === null || (only !== undefined && !/^\d+(,\d+)*$/.test(only))) return undefined;
  return {
    scenario: {
      seed,
      sites: number('sites'),
      groups: number('groups'),
      rollbackTolerance: number('tolerance'),
      accounts: number('accounts'),
      calls: number('calls'),
      guessers: number('guessers'),
      faultPauseMsMax: number('pause'),
      faultsMax: number('faults-max'),
      calmCalls: number('calm-calls'),
      restMsMax: number('rest'),
      tuning: { gatherMs: number('gather'), pipelineDepth: number('pipeline') },
      faults,
      ...(only === undefined ? {} : { onlyFaults: only.split(',').map(Number) }),
      ...(crashAt === undefined ? {} : { crashAt }),
    },
    schedules: number('schedules'),
    everyWrite: given['every-write'] === true,
    campaign: given.campaign === true,
    trace: given.trace === true,
    shrinks: given['no-shrink'] !== true,
    history: word('history'),
  };
}

function parseFaults(text: string | undefined): FaultMix | undefined {
  if (text === undefined) return allFaults;
  const pairs = text.split(',').map((pair) => /^([A-Za-z]+)=(\d{1,3})$/.exec(pair));
  const isKnown = pairs.every((pair) => pair?.[1] !== undefined && pair[1] in allFaults);
  return isKnown ? Object.fromEntries(pairs.map((pair) => [pair?.[1] as FaultKind, Number(pair?.[2])])) : undefined;
}

/** @returns null for what is no point. */
function parsePoint(text: string | undefined): PersistPoint | undefined | null {
  if (text === undefined) return undefined;
  const [place, write, moment, ...rest] = text.split(':');
  if (!persistPlaces.includes(place as PersistPlace) || rest.length > 0) return null;
  if (!/^[1-9]\d{0,8}$/.test(write ?? '') || (moment !== 'before' && moment !== 'after')) return null;
  return { place: place as PersistPlace, write: Number(write), moment };
}
