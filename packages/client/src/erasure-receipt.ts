import {
  type CommittedReply,
  committedReplyLayout,
  type FleetDescriptor,
  groupOf,
  openReply,
  ProtocolError,
  type VaultId,
  vaultIdLayout,
  verifyCommitProof,
} from '@coffer/protocol';
import { decode, encode, fixed, struct, WireError } from '@coffer/wire';
import { ClientError } from './errors.js';

/** Everything that shows a third party that the fleet erased one vault. It opens this one reply and nothing else. */
export interface ErasureReceipt {
  readonly vaultId: VaultId;
  /** SHA-256 of the sealed erase request. */
  readonly requestHash: Uint8Array;
  /** Opens the reply. */
  readonly replySecret: Uint8Array;
  readonly answer: CommittedReply;
}

const receiptLayout = struct<ErasureReceipt>({
  vaultId: vaultIdLayout,
  requestHash: fixed(32),
  replySecret: fixed(32),
  answer: committedReplyLayout,
});

export const encodeErasureReceipt = (receipt: ErasureReceipt): Uint8Array => encode(receiptLayout, receipt);

/**
 * Checks a receipt without asking anybody: a majority of the fleet committed this reply, and it says that the vault's
 * record was overwritten and its version is now `version`.
 * @throws ClientError `unproven-reply` when no majority stands behind it, `bad-reply` when it says anything else.
 */
export function verifyErasureReceipt(
  fleet: FleetDescriptor,
  receipt: Uint8Array,
): { readonly vaultId: VaultId; readonly version: number } {
  const { vaultId, answer, ...open } = parsed(receipt);
  try {
    verifyCommitProof(fleet, groupOf(vaultId, fleet.groups), answer.reply, answer.proof);
  } catch (cause) {
    if (cause instanceof ProtocolError) throw new ClientError('unproven-reply', 'receipt: no commit proof', { cause });
    throw cause;
  }
  try {
    const reply = openReply({ fleet, vaultId }, open, answer.reply);
    if (reply.type !== 'erasure-receipt') throw new ClientError('bad-reply', 'receipt: another reply');
    return { vaultId, version: reply.version };
  } catch (cause) {
    if (cause instanceof ProtocolError || cause instanceof WireError) {
      throw new ClientError('bad-reply', 'receipt: the reply does not open', { cause });
    }
    throw cause;
  }
}

function parsed(receipt: Uint8Array): ErasureReceipt {
  try {
    return decode(receiptLayout, receipt);
  } catch (cause) {
    if (cause instanceof WireError) throw new ClientError('bad-reply', 'receipt: malformed', { cause });
    throw cause;
  }
}
