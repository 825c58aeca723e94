import { equalBytes } from '@coffer/base';
import type { AgentContext } from './context.js';
import { logError } from './context.js';
import { AgentError } from './errors.js';
import type { LogPosition } from './peer-messages.js';
import { isSame, type Site } from './site.js';
import { copySnapshot } from './snapshot.js';
import { type EntrySource, ledgerSource, peerSource } from './sources.js';
import type { LogEntry } from './stored-entry.js';

/** Entries of another branch that are held in memory until it is certain where it leads. */
export const branchEntriesMax = 128;

/** How much trouble to go to. */
export interface ObtainOptions {
  /** Members to ask first. */
  readonly prefer?: readonly number[];
  /** Whether to copy a whole snapshot where the entries do not go back far enough. */
  readonly snapshot?: boolean;
}

/**
 * Makes the replica hold the complete state at `target`, from the ledger, from peers' logs, or from a snapshot. Runs in
 * the site's lane.
 *
 * A branch of our own that leads elsewhere is undone, but only once the other one is here whole and leads to `target`:
 * whoever calls has a certificate or a quorum's promises for that.
 * @throws AgentError `missing-data` when nobody reachable has it.
 */
export async function obtain(
  context: AgentContext,
  site: Site,
  target: LogPosition,
  options: ObtainOptions = {},
): Promise<void> {
  if (site.holds(target)) return;
  const { prefer = [], snapshot = false } = options;
  const members = [...prefer, ...context.peers.others.filter((id) => !prefer.includes(id))];
  const peers = members.filter((id) => id !== context.memberId);
  const ledger = ledgerSource(context, site.group);
  const sources = peers.map((id) => peerSource(context, site.group, id));
  const ordered = prefer.length > 0 ? [...sources.slice(0, 1), ledger, ...sources.slice(1)] : [ledger, ...sources];
  const before = site.tip.index;
  for (const source of ordered) {
    if (await attempt(context, site, `entries from ${source.name}`, () => pull(site, source, target))) {
      if (site.tip.index > before + 1n) caughtUp(context, site, 'entries');
      return;
    }
  }
  if (!snapshot) throw new AgentError('missing-data', `entry ${target.index} is held by nobody reachable`);
  for (const member of peers) {
    const done = await attempt(context, site, `snapshot from ${member}`, async () => {
      await copySnapshot(context, site, member);
      await pull(site, peerSource(context, site.group, member), target);
    });
    if (done) return caughtUp(context, site, 'snapshot');
  }
  throw new AgentError('missing-data', `neither entry ${target.index} nor a snapshot is held by anybody reachable`);
}

async function attempt(context: AgentContext, site: Site, what: string, work: () => Promise<void>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (cause) {
    // The next source may do better; what we hold has not become less.
    if (!(cause instanceof AgentError && ['missing-data', 'peer-unavailable'].includes(cause.code))) {
      logError(context, site.group, what, cause);
    }
    return false;
  }
}

/** @throws AgentError `missing-data` if the source does not lead there; any coded error. */
async function pull(site: Site, source: EntrySource, target: LogPosition): Promise<void> {
  if (site.holds(target)) return;
  if (site.tip.index < target.index && (await extend(site, source, target))) return;
  await replaceBranch(site, source, target);
}

/** Follows the source from our tip. @returns false when its log does not pass through our tip. */
async function extend(site: Site, source: EntrySource, target: LogPosition): Promise<boolean> {
  while (site.tip.index < target.index) {
    const tip = site.tip;
    const entries = upTo(await source.entries(tip.index + 1n), target.index);
    const first = entries[0];
    if (first === undefined) throw new AgentError('missing-data', 'the log does not go on from our tip');
    if (!equalBytes(first.signed.entry.prevHash, tip.hash)) return false;
    const last = entries.at(-1);
    // Without this a branch that ends beside the target would be stored only to be undone.
    if (last?.signed.entry.index === target.index && !isSame(target, { index: target.index, hash: last.hash }))
      return false;
    site.store(entries);
  }
  return site.holds(target);
}

/** Replaces what we hold above the newest committed entry by the branch that leads to `target`. */
async function replaceBranch(site: Site, source: EntrySource, target: LogPosition): Promise<void> {
  const fork = site.committedIndex;
  if (target.index <= fork) {
    if (target.index === fork && site.holds(target)) return site.rewind(fork);
    throw new AgentError('missing-data', 'below what is committed here');
  }
  const branch: LogEntry[] = [];
  while (fork + BigInt(branch.length) < target.index) {
    const more = upTo(await source.entries(fork + 1n + BigInt(branch.length)), target.index);
    branch.push(...more);
    if (more.length === 0 || branch.length > branchEntriesMax) {
      throw new AgentError('missing-data', 'the branch does not lead there');
    }
  }
  const last = branch.at(-1);
  if (last === undefined || !isSame(target, { index: last.signed.entry.index, hash: last.hash })) {
    throw new AgentError('missing-data', 'the branch leads elsewhere');
  }
  // Only what differs is undone; the branch starts with what both have in common.
  const common = branch.filter(({ signed, hash }) => site.holds({ index: signed.entry.index, hash })).length;
  site.rewind(fork + BigInt(common));
  site.store(branch.slice(common));
}

function upTo(entries: readonly LogEntry[], index: bigint): readonly LogEntry[] {
  return entries.filter(({ signed }) => signed.entry.index <= index);
}

function caughtUp({ ports }: AgentContext, site: Site, how: 'entries' | 'snapshot'): void {
  ports.log({ type: 'caught-up', group: site.group, index: site.tip.index.toString(), how });
}
