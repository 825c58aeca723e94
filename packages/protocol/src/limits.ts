/** Every size and count that client, gateway, agent and HSM agree on. Changing one is a new protocol version. */

export const protocolVersion = 1;

/** Members of a fleet. */
export const fleetMembersMax = 15;
/** Replication groups of a fleet; bounds an HSM's persisted state to 4 KiB (docs/spec/consensus.md). */
export const fleetGroupsMax = 32;
/** The highest guess budget that any fleet may allow. */
export const budgetLimitMax = 10;

/** Requests in one batch, hence replies in one entry. */
export const batchRequestsMax = 256;
/** Entry headers in a commit proof: how far the certified entry may be ahead of the one with the reply. */
export const commitProofEntriesMax = 64;

/** Plaintext of every request and of every reply after padding: one size, so that length tells nothing. */
export const channelPlaintextBytes = 1024;
/** Largest payload that a record holds: room for one wrapped 256-bit key and its commitment. */
export const payloadBytesMax = 256;
/** A sealed record, always. */
export const sealedRecordBytes = 2048;
/** Largest sealed ticket. */
export const ticketBytesMax = 320;
/** Largest tenant or account name, in UTF-8 bytes. */
export const nameBytesMax = 256;
/** Largest fleet descriptor, in bytes of canonical JSON: 15 members and one 1,216-byte channel key, with room. */
export const descriptorBytesMax = 16_384;
/** Largest sealed request (HPKE form: 1,120 bytes of encapsulation, the padded plaintext, a tag and framing). */
export const sealedRequestBytesMax = 2_304;
/** Largest validation bundle (docs/spec/transparency.md §8), which an answer may carry. */
export const bundleBytesMax = 1_048_576;
