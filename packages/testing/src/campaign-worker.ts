import { hex } from '@coffer/base';
import { ed25519PublicKey } from '@coffer/crypto';
import { commandOfSchedule, playSchedule } from './campaign-schedule.js';
import { addTallies, type CampaignTally, emptyTally } from './campaign-tally.js';
import { SimulationError } from './errors.js';
import { TracePrint } from './trace-print.js';

/** Sent by the campaign to have a process of it play schedules until a time. */
export interface WorkerOrder {
  readonly type: 'play';
  /** Seeds are `first`, `first + step`, … so that processes share none. */
  readonly first: number;
  readonly step: number;
  readonly untilMs: number;
}

/** Sent to have one schedule played and its print told. */
export interface TwinOrder {
  readonly type: 'twin';
  readonly seed: string;
}

export type Primitives = 'ideal' | 'real';

export type WorkerNews =
  /** Now and then, and at the end: what was played since the last one. */
  | { readonly type: 'tally'; readonly tally: CampaignTally; readonly isLast: boolean }
  /** What a schedule that has a twin did, but for the bytes; and what this process plays with. */
  | { readonly type: 'print'; readonly seed: string; readonly print: string; readonly primitives: Primitives };

/** One schedule in so many is played a second time, with real primitives, and has to go the same way. A prime: twins are of every sort. */
export const schedulesPerTwin = 401;

const newsMs = 5_000;

/** RFC 8032 §7.1, test 1: the public key of this seed. */
const knownSeed = '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60';
const knownKey = 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a';

/** Told by what they compute, not by how the process was started. */
function primitives(): Primitives {
  const seed = Uint8Array.from(knownSeed.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
  return hex(ed25519PublicKey(seed)) === knownKey ? 'real' : 'ideal';
}

// A refusal is an error, and its stack costs more than finding out.
Error.stackTraceLimit = 0;

type Tell = (news: WorkerNews) => void;

/** Plays schedules until the time is over; a violation is told and the campaign goes on. */
async function work({ first, step, untilMs }: WorkerOrder, tell: Tell): Promise<void> {
  let tally = emptyTally;
  let toldMs = Date.now();
  for (let number = first; Date.now() < untilMs; number += step) {
    const seed = String(number);
    const played = await play(seed, number % schedulesPerTwin === 0);
    if (played.print !== undefined) tell({ type: 'print', seed, print: played.print, primitives: primitives() });
    tally = addTallies(tally, { ...played.tally, lastSeed: number });
    if (Date.now() - toldMs < newsMs) continue;
    tell({ type: 'tally', tally, isLast: false });
    tally = emptyTally;
    toldMs = Date.now();
  }
  tell({ type: 'tally', tally, isLast: true });
}

/** One schedule, and if `isPrinted`, a digest of its trace with its report or with what it broke. */
async function play(seed: string, isPrinted: boolean): Promise<{ tally: CampaignTally; print?: string }> {
  const print = isPrinted ? new TracePrint() : undefined;
  const printed = (end: string) => (print === undefined ? {} : { print: `${print.digest()} ${end}` });
  try {
    const { tally, report } = await playSchedule(seed, print && ((line) => print.add(line)));
    return { tally, ...printed(JSON.stringify(report)) };
  } catch (error) {
    if (!(error instanceof SimulationError)) throw error;
    const { code, message } = error;
    const violations = [{ seed, code, message, again: commandOfSchedule(seed) }];
    return { tally: { ...emptyTally, violations }, ...printed(code) };
  }
}

async function twin(seed: string, tell: Tell): Promise<void> {
  const { print = '' } = await play(seed, true);
  tell({ type: 'print', seed, print, primitives: primitives() });
}

process.on('message', (order: WorkerOrder | TwinOrder) => {
  const tell: Tell = (news) => process.send?.(news);
  if (order.type === 'play') void work(order, tell).then(() => process.disconnect());
  else void twin(order.seed, tell);
});
