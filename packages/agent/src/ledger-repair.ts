import { appendBytesMax, appendRowsMax, LedgerError, type LedgerPosition, type LedgerRow } from '@coffer/ledger';
import {
  decodeSignedEntry,
  encodeQuorumCertificate,
  entryHash,
  genesisHash,
  type QuorumCertificate,
  type Term,
} from '@coffer/protocol';
import type { StoredEntry } from '@coffer/replica';
import { type AgentContext, toLedger } from './context.js';
import { AgentError } from './errors.js';
import { isSame, type Site } from './site.js';
import { encodeStoredEntry, ledgerRow } from './stored-entry.js';

/** Rows compared at once when looking for where the ledger left the certified chain. */
const compareRows = 64n;

/**
 * Makes the ledger end exactly at the base of our term: what lies beyond is cut, what is missing is put back with its
 * exact bytes, and a fork is cut where it began.
 *
 * @param certificate - of `term` for the base. Nothing is truncated without it: an unreachable HSM may have captured what
 *   lies beyond the base, and only a quorum that has adopted our view makes sure that it will be left behind for good.
 * @throws AgentError `refused` when another leader has fenced us; `missing-data` when the ledger cannot be made good.
 */
export async function repairLedger(
  context: AgentContext,
  site: Site,
  term: Term,
  certificate: QuorumCertificate,
): Promise<void> {
  const { ledger } = context.ports;
  const { group } = site;
  const tail = await toLedger(context, ledger.tail(group));
  if (isSame(certificate, tail)) return;
  if (tail.index > certificate.index && (await cut(context, site, term, certificate, certificate))) return;
  const from = site.holds(tail) ? tail : await cutFork(context, site, term, certificate, tail);
  const upTo = certificate.index;
  let next = from.index === 0n ? oldestHeld(context, site, upTo) : from.index + 1n;
  const first = next;
  while (next <= upTo) {
    const rows = rowsFrom(context, site, next, upTo);
    const last = rows.at(-1);
    if (last === undefined) throw new AgentError('missing-data', `entry ${next} is not held here any more`);
    const outcome = await toLedger(context, ledger.restore(group, term, rows));
    if (outcome === 'fenced') throw new AgentError('refused', 'another leader has raised its term');
    if (outcome === 'conflict') throw new AgentError('missing-data', 'the ledger does not take the missing rows');
    next = last.index + 1n;
  }
  context.ports.log({ type: 'ledger-repaired', group, fromIndex: first.toString(), toIndex: upTo.toString() });
}

/** @returns whether the ledger now ends at `at`; false when it does not hold that entry. */
async function cut(
  context: AgentContext,
  { group }: Site,
  term: Term,
  certificate: QuorumCertificate,
  at: LedgerPosition,
): Promise<boolean> {
  const proof = encodeQuorumCertificate(certificate);
  const position = { index: at.index, hash: at.hash };
  const outcome = await toLedger(context, context.ports.ledger.truncateAfter(group, term, position, proof));
  if (outcome === 'fenced') throw new AgentError('refused', 'another leader has raised its term');
  return outcome === 'truncated';
}

/** Cuts a branch that is not the certified one, back to the newest entry that both have. @returns where that is. */
async function cutFork(
  context: AgentContext,
  site: Site,
  term: Term,
  certificate: QuorumCertificate,
  tail: LedgerPosition,
): Promise<LedgerPosition> {
  let high = tail.index < certificate.index ? tail.index : certificate.index;
  while (high > 0n) {
    const low = high > compareRows ? high - compareRows + 1n : 1n;
    const rows = (await readWindow(context, site, low, high)).reverse();
    const common = rows.find((row) => row.index <= high && site.holds(row));
    if (common !== undefined) {
      if (await cut(context, site, term, certificate, common)) return common;
      break;
    }
    if (rows.length === 0) break;
    high = low - 1n;
  }
  const genesis = { index: 0n, hash: genesisHash(context.fleet.configHash, site.group) };
  if (await cut(context, site, term, certificate, genesis)) return genesis;
  context.alarms.raise(site.group, 'ledger-forked', tail.index, 'the ledger has another history, and it cannot be cut');
  throw new AgentError('missing-data', 'the ledger has another history, and it cannot be cut');
}

/** Rows from `low` to `high` that are still in the window. */
async function readWindow(context: AgentContext, { group }: Site, low: bigint, high: bigint): Promise<LedgerRow[]> {
  for (let from = low; from <= high; from++) {
    try {
      return await toLedger(context, context.ports.ledger.read(group, from, Number(high - from + 1n)));
    } catch (cause) {
      if (!(cause instanceof LedgerError && cause.code === 'trimmed')) throw cause;
    }
  }
  return [];
}

/** An empty ledger is refilled from what the replica still has, as far back as a window goes. */
function oldestHeld({ ports, tuning }: AgentContext, { group }: Site, upTo: bigint): bigint {
  const oldest = ports.replica.describe()[group]?.oldestEntry ?? upTo;
  const window = upTo - BigInt(tuning.windowEntries);
  return oldest > window ? oldest : window;
}

function rowsFrom({ ports }: AgentContext, { group }: Site, from: bigint, upTo: bigint): LedgerRow[] {
  const rows: LedgerRow[] = [];
  let bytes = 0;
  const limit = upTo - from + 1n < BigInt(appendRowsMax) ? Number(upTo - from + 1n) : appendRowsMax;
  for (const stored of ports.replica.entries(group, from, limit)) {
    const row = rowOf(stored);
    bytes += row.body.length;
    if (rows.length > 0 && bytes > appendBytesMax) break;
    rows.push(row);
  }
  return rows;
}

function rowOf(stored: StoredEntry): LedgerRow {
  const signed = decodeSignedEntry(stored.entry);
  return ledgerRow({ signed, hash: entryHash(signed.entry), bytes: encodeStoredEntry(stored) });
}
