import type { AgentContext } from './context.js';
import { toLedger } from './context.js';
import { type LogEntry, verifyLogEntry } from './stored-entry.js';

/** Where entries of a group can be had from. */
export interface EntrySource {
  /** For the log. */
  readonly name: string;
  /** Entries from `fromIndex` on, chained; none when there are none, or not any more. @throws any coded error. */
  entries(fromIndex: bigint): Promise<readonly LogEntry[]>;
}

/** Rows in one read of the ledger; as many as a peer sends at most. */
const ledgerRowsPerRead = 64;

/** The ledger's window. */
export function ledgerSource(context: AgentContext, group: number): EntrySource {
  return {
    name: 'ledger',
    async entries(fromIndex) {
      const rows = await toLedger(context, context.ports.ledger.read(group, fromIndex, ledgerRowsPerRead));
      return chained(
        rows.map(({ body }) => verifyLogEntry(context.fleet, group, body)),
        fromIndex,
      );
    },
  };
}

/** Another agent's replica. */
export function peerSource(context: AgentContext, group: number, memberId: number): EntrySource {
  return {
    name: `member ${memberId}`,
    async entries(fromIndex) {
      const { entries } = await context.peers.ask(memberId, { type: 'fetch', group, fromIndex }, 'entries');
      return chained(
        entries.map((bytes) => verifyLogEntry(context.fleet, group, bytes)),
        fromIndex,
      );
    },
  };
}

/** The longest prefix that starts at `fromIndex` and has no gap. The hashes are for whoever stores them to compare. */
function chained(entries: readonly LogEntry[], fromIndex: bigint): readonly LogEntry[] {
  const wrong = entries.findIndex(({ signed }, i) => signed.entry.index !== fromIndex + BigInt(i));
  return wrong < 0 ? entries : entries.slice(0, wrong);
}
