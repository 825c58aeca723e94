import {
  type Cap,
  type ConfigHash,
  configHashLayout,
  type EntryHash,
  entryHashLayout,
  type LeafWrite,
  leafWriteLayout,
  type NewView,
  type QuorumCertificate,
  quorumCertificateLayout,
  type RecordKey,
  recordKeyLayout,
  type Signed,
  signedCapLayout,
  signedNewViewLayout,
  signedPromiseLayout,
  type Term,
  type TermPromise,
  termLayout,
} from '@coffer/protocol';
import {
  bool,
  bytes,
  decode,
  empty,
  encode,
  enumerated,
  fixed,
  list,
  optional,
  struct,
  u16,
  u64,
  variant,
} from '@coffer/wire';

/**
 * What agents say to each other. Whoever can reach the port could say it too: nothing here is believed but what an HSM
 * signed, and the worst that a lie does is to cost time.
 */

/** Largest stored entry: a full batch of leaves with its header. */
export const storedEntryBytesMax = 655_360;
/** Entries in one message. */
export const peerEntriesMax = 64;
/** Where a sender stops adding entries or leaves to one message. */
export const peerPayloadBytes = 4_194_304;
/** Largest message or answer. */
export const peerMessageBytesMax = 8_388_608;
/** Records in one page of a snapshot: 2 MiB. */
export const snapshotLeavesMax = 1_024;

export type PeerRequest =
  /** Where do you stand? */
  | { readonly type: 'position'; readonly group: number }
  /**
   * Follow me: consecutive entries (oldest first, perhaps none), the newest certificate that I have, and the view that I
   * lead by, when you may not have it.
   */
  | {
      readonly type: 'push';
      readonly group: number;
      readonly term: Term;
      readonly view: Signed<NewView> | undefined;
      readonly entries: readonly Uint8Array[];
      readonly certificate: QuorumCertificate | undefined;
    }
  /** Have your HSM capture what the ledger holds, and then promise t. `nonce`: 32 bytes that my HSM drew for t. */
  | { readonly type: 'prepare'; readonly group: number; readonly t: Term; readonly nonce: Uint8Array }
  /** Entries from `fromIndex` on, please. */
  | { readonly type: 'fetch'; readonly group: number; readonly fromIndex: bigint }
  /** The newest certified entry that you hold. */
  | { readonly type: 'head'; readonly group: number }
  /** Records above `after`, as they were at the newest certified entry. */
  | { readonly type: 'snapshot'; readonly group: number; readonly after: RecordKey | undefined };

/** A place in a replica's log. */
export interface LogPosition {
  readonly index: bigint;
  readonly hash: EntryHash;
}

/** Where an agent's HSM and replica stand. */
export interface PeerPosition {
  readonly promised: Term;
  readonly capTerm: Term;
  readonly captured: LogPosition;
  readonly leading: boolean;
  readonly replica: LogPosition;
  readonly certificate: QuorumCertificate | undefined;
}

export const peerErrorCodes = [
  /** Not a message, or out of range. */
  'bad-message',
  'other-fleet',
  /** What was sent does not chain, is not signed, or is against a certificate. */
  'refused',
  'hsm-unavailable',
  /** Entries or pages that are not here, or not any more. */
  'missing-data',
  /** Stopping, or its storage fails. */
  'unavailable',
] as const;
export type PeerErrorCode = (typeof peerErrorCodes)[number];

export type PeerReply =
  | ({ readonly type: 'position' } & PeerPosition)
  /** Caps of the entries that the HSM captured now, or else of the one where it stands, which is the last one here. */
  | { readonly type: 'followed'; readonly caps: readonly Signed<Cap>[] }
  /** My HSM has promised a later term than the one that you lead. */
  | { readonly type: 'stale'; readonly promised: Term }
  /** I need your view to follow you. */
  | { readonly type: 'view-needed' }
  | { readonly type: 'promised'; readonly promise: Signed<TermPromise> }
  | { readonly type: 'entries'; readonly entries: readonly Uint8Array[] }
  /** `entry`: a stored entry. `certificate`: for exactly that one. */
  | { readonly type: 'head'; readonly entry: Uint8Array; readonly certificate: QuorumCertificate }
  /** `at`: the entry as of which these are. `next`: where to go on, undefined at the end. */
  | {
      readonly type: 'page';
      readonly at: bigint;
      readonly leaves: readonly LeafWrite[];
      readonly next: RecordKey | undefined;
    }
  | { readonly type: 'error'; readonly code: PeerErrorCode };

/** A message names its fleet and its sender, so that a misrouted one does nothing. */
export interface PeerEnvelope {
  readonly configHash: ConfigHash;
  readonly from: number;
  readonly body: PeerRequest;
}

type Req<T extends PeerRequest['type']> = Omit<Extract<PeerRequest, { type: T }>, 'type'>;
type Rep<T extends PeerReply['type']> = Omit<Extract<PeerReply, { type: T }>, 'type'>;

const entriesLayout = list(bytes(storedEntryBytesMax), peerEntriesMax);
const positionLayout = struct<LogPosition>({ index: u64, hash: entryHashLayout });

export const peerEnvelopeLayout = struct<PeerEnvelope>({
  configHash: configHashLayout,
  from: u16,
  body: variant<PeerRequest>({
    position: [1, struct<Req<'position'>>({ group: u16 })],
    push: [
      2,
      struct<Req<'push'>>({
        group: u16,
        term: termLayout,
        view: optional(signedNewViewLayout),
        entries: entriesLayout,
        certificate: optional(quorumCertificateLayout),
      }),
    ],
    prepare: [3, struct<Req<'prepare'>>({ group: u16, t: termLayout, nonce: fixed(32) })],
    fetch: [4, struct<Req<'fetch'>>({ group: u16, fromIndex: u64 })],
    head: [5, struct<Req<'head'>>({ group: u16 })],
    snapshot: [6, struct<Req<'snapshot'>>({ group: u16, after: optional(recordKeyLayout) })],
  }),
});

export const peerReplyLayout = variant<PeerReply>({
  position: [
    1,
    struct<PeerPosition>({
      promised: termLayout,
      capTerm: termLayout,
      captured: positionLayout,
      leading: bool,
      replica: positionLayout,
      certificate: optional(quorumCertificateLayout),
    }),
  ],
  followed: [2, struct<Rep<'followed'>>({ caps: list(signedCapLayout, peerEntriesMax + 1) })],
  stale: [3, struct<Rep<'stale'>>({ promised: termLayout })],
  'view-needed': [4, empty],
  promised: [5, struct<Rep<'promised'>>({ promise: signedPromiseLayout })],
  entries: [6, struct<Rep<'entries'>>({ entries: entriesLayout })],
  head: [7, struct<Rep<'head'>>({ entry: bytes(storedEntryBytesMax), certificate: quorumCertificateLayout })],
  page: [
    8,
    struct<Rep<'page'>>({ at: u64, leaves: list(leafWriteLayout, snapshotLeavesMax), next: optional(recordKeyLayout) }),
  ],
  error: [9, struct<Rep<'error'>>({ code: enumerated(peerErrorCodes) })],
});

export const encodePeerMessage = (envelope: PeerEnvelope): Uint8Array => encode(peerEnvelopeLayout, envelope);
/** @throws WireError. Nothing is verified. */
export const decodePeerMessage = (message: Uint8Array): PeerEnvelope => decode(peerEnvelopeLayout, message);
export const encodePeerReply = (reply: PeerReply): Uint8Array => encode(peerReplyLayout, reply);
/** @throws WireError. */
export const decodePeerReply = (answer: Uint8Array): PeerReply => decode(peerReplyLayout, answer);
