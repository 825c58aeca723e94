import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sleep } from '@coffer/base';
import { readFleetFile, systemTimers } from '@coffer/host';
import { vaultIdOf } from '@coffer/protocol';
import {
  AttemptNames,
  type History,
  type HistoryEvent,
  HistoryRecorder,
  SeededRandom,
  SimulationError,
  verifyHistory,
} from '@coffer/testing';
import { linkFleet } from '../../dist/device/fleet-link.js';
import { FleetFolder } from '../../dist/fleet/folder.js';
import { type OpenFleet, openFleet, readyMs } from '../../dist/fleet/open-fleet.js';
import { type AccountBook, Caller } from './caller.js';
import { ConnectionCutter } from './connection-cutter.js';
import { Troubles, type TroubleTally } from './troubles.js';

export interface LinearizeOptions {
  readonly seed: string;
  /** How long there is trouble. */
  readonly troubleMs: number;
  readonly accounts?: number;
  readonly callersPerAccount?: number;
  /** Hears every event as it happens. */
  readonly onEvent?: (event: HistoryEvent) => void;
  /** Told early, so that an interrupted run can end its processes. */
  readonly onFleet?: (open: OpenFleet) => void;
}

export interface LinearizeReport {
  readonly ok: boolean;
  readonly seed: string;
  readonly seconds: number;
  readonly accounts: number;
  readonly callers: number;
  /** Posts, and those of unknown outcome. */
  readonly calls: number;
  readonly unknown: number;
  /** Executions of doubled messages that it took to explain the answers. */
  readonly repeats: number;
  readonly visits: number;
  readonly troubles: TroubleTally;
  /** `not-linearizable` or `undecided`, and what was found. */
  readonly finding?: { readonly code: string; readonly message: string };
}

const sites = 5;
/** A client gives up a post after this; longer than a failover. */
const postMs = 4_000;
const pauseMsMax = 60;
/** Within this time after the last trouble every account has its closing answers. */
const closingMs = 60_000;

/**
 * Several clients at once on few accounts of a fleet of real processes, while these are killed, frozen and cut off; then
 * quiet, closing reads, and the question whether one order of all executions explains what everybody heard.
 */
export async function linearize(options: LinearizeOptions): Promise<{ report: LinearizeReport; history: History }> {
  const { seed, troubleMs, accounts = 3, callersPerAccount = 3, onEvent } = options;
  const random = new SeededRandom(`linearize ${seed}`);
  const root = mkdtempSync(join(tmpdir(), 'coffer-linearize-'));
  const startedMs = performance.now();
  let open: OpenFleet | undefined;
  let cutter: ConnectionCutter | undefined;
  try {
    const folder = new FleetFolder(join(root, 'fleet'));
    open = await openFleet({ folder, sites, restarts: false });
    options.onFleet?.(open);
    await open.fleet.ready(readyMs);
    cutter = await ConnectionCutter.to(open.fleet.settings.ports.gateway);
    const recorder = new HistoryRecorder(() => performance.now() - startedMs, onEvent);
    const link = linkFleet({ dir: folder.root });
    const fleet = readFleetFile(folder.descriptor);
    const callers = Array.from({ length: accounts }, (_, i) => {
      const account = `account-${i + 1}`;
      const vault = { fleet, vaultId: vaultIdOf(link.tenant, account) };
      const book: AccountBook = {
        account,
        vault,
        attempts: new AttemptNames(vault.vaultId),
        password: '',
        version: 0,
        isLive: false,
      };
      return Array.from({ length: callersPerAccount }, (_, j) => {
        const name = `${account}/${j + 1}`;
        const token = (): Promise<string> => link.token(account);
        const parts = { name, book, gatewayUrl: cutter?.url ?? '', token, recorder, postMs };
        return {
          book,
          caller: new Caller({ ...parts, random: random.fork(name) }),
          dice: random.fork(`${name} pauses`),
        };
      });
    }).flat();
    const endMs = Date.now() + troubleMs;
    const troubles = new Troubles(open.fleet, cutter, random.fork('troubles'));
    await Promise.all([
      troubles.until(endMs),
      ...callers.map(async ({ caller, dice }) => {
        while (Date.now() < endMs) {
          await caller.act();
          await sleep(systemTimers, dice.integer(0, pauseMsMax));
        }
      }),
    ]);
    await open.fleet.ready(readyMs);
    for (const { caller, book } of callers.filter((_, i) => i % callersPerAccount === 0)) await close(caller, book);
    const head = { v: 1, clock: 'monotonic', budgetLimit: fleet.budgetLimit, origin: `seed ${seed}` } as const;
    const history = { head, events: recorder.events };
    const seconds = Math.round((performance.now() - startedMs) / 1_000);
    const basics = { seed, seconds, accounts, callers: callers.length, troubles: troubles.tally };
    return { report: { ...judged(history), ...basics }, history };
  } finally {
    await cutter?.close();
    await open?.fleet.kill();
    await open?.close();
    rmSync(root, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** The last word on an account: its status, and the vault opened if there is one and somebody knows how. */
async function close(caller: Caller, book: AccountBook): Promise<void> {
  for (const endMs = Date.now() + closingMs; (await caller.status()) === undefined; ) {
    if (Date.now() > endMs) throw new Error(`no answer for ${book.account} after all trouble had ended`);
  }
  if (book.isLive) await caller.recover(book.password);
  await caller.status();
}

function judged(
  history: History,
): Pick<LinearizeReport, 'ok' | 'calls' | 'unknown' | 'repeats' | 'visits' | 'finding'> {
  try {
    const { calls, unknown, repeats, visits } = verifyHistory(history, { resends: true, repeatsMax: 1 });
    return { ok: true, calls, unknown, repeats, visits };
  } catch (error) {
    if (!(error instanceof SimulationError)) throw error;
    const { code, message } = error;
    const calls = history.events.filter(({ type }) => type === 'invoke').length;
    const unknown = calls - history.events.filter(({ type }) => type === 'ok').length;
    return { ok: false, calls, unknown, repeats: 0, visits: 0, finding: { code, message } };
  }
}
