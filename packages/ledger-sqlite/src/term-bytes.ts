import { concat, u16be, u64be } from '@coffer/base';
import { LedgerError, type Term } from '@coffer/ledger';

/** Bytes of an encoded term: round u64 ‖ leaderId u16, big-endian, so that SQLite orders terms as the contract does. */
export const termBytes = 10;

/** @param term - within the contract's limits. */
export function encodeTerm(term: Term): Uint8Array {
  return concat(u64be(term.round), u16be(term.leaderId));
}

/** @throws LedgerError `corrupt` unless there are `termBytes` bytes. */
export function decodeTerm(bytes: Uint8Array): Term {
  if (bytes.length !== termBytes) throw new LedgerError('corrupt', 'a term of another length');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return { round: view.getBigUint64(0), leaderId: view.getUint16(8) };
}
