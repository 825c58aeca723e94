import {
  type Attestation,
  batchRequestsMax,
  type Cap,
  type ConfigHash,
  configHashLayout,
  type EntryHash,
  entryHashLayout,
  fleetMembersMax,
  type LeafWrite,
  leafWritesLayout,
  type NewView,
  platformBytesMax,
  type QuorumCertificate,
  quorumCertificateLayout,
  type Signed,
  type SignedEntry,
  sealedRecordBytes,
  sealedReplyBytes,
  sealedRequestBytesMax,
  signedAttestationLayout,
  signedCapLayout,
  signedEntryLayout,
  signedNewViewLayout,
  signedPromiseLayout,
  type Term,
  type TermPromise,
  termLayout,
  type VaultId,
  vaultIdLayout,
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
  text,
  u16,
  u32,
  u64,
  variant,
} from '@coffer/wire';

/**
 * What the untrusted host may say to its HSM, and what it hears back. One frame holds one request; replies carry the id
 * of their request, so that a host may have several in flight. Nothing here is secret, and nothing here is believed.
 */

/** Largest encoded tree proof that an HSM looks at. */
export const proofBytesMax = 1_048_576;
/** Largest frame on the HSM's socket: a full batch with its proof, leaves and requests. */
export const hostFrameBytesMax = 4_194_304;
/** Entries that a leader may have executed and not yet released; all their replies fit one frame. */
export const entriesInFlightMax = 15;
/** Entries in one capture request. */
export const captureEntriesMax = 64;
/** How far one promise may raise a term's round, so that no host can use the rounds up. */
export const roundStepMax = 65_536n;

/** One request of a batch, with the vault that the gateway derived from the account token. */
export interface BatchItem {
  readonly vaultId: VaultId;
  readonly request: Uint8Array;
  /** The sealed record at the tip, or undefined where the proof shows that there is none. */
  readonly leaf: Uint8Array | undefined;
}

export type HostRequest =
  /** Who are you? */
  | { readonly type: 'describe' }
  /** Are you running, and is that key yours? Signs the answer to 32 bytes that whoever asks has drawn. */
  | { readonly type: 'attest'; readonly nonce: Uint8Array }
  /** Where do you stand in this group? */
  | { readonly type: 'inspect'; readonly group: number }
  /** Rule 1. `nonce`: 32 bytes that t's leader drew with its own promise; a leader passes over what it is handed. */
  | { readonly type: 'promise'; readonly group: number; readonly t: Term; readonly nonce: Uint8Array }
  /** Rule 2. `base`: the entry that the greatest promise names; undefined only at index 0. */
  | {
      readonly type: 'new-view';
      readonly group: number;
      readonly t: Term;
      readonly promises: readonly Signed<TermPromise>[];
      readonly base: SignedEntry | undefined;
    }
  /** Rule 3. */
  | { readonly type: 'adopt'; readonly view: Signed<NewView> }
  /** Rule 4. `proof`: one multi-proof for all items against the tip's root, in the form of @coffer/tree. */
  | {
      readonly type: 'execute';
      readonly group: number;
      readonly term: Term;
      readonly items: readonly BatchItem[];
      readonly proof: Uint8Array;
    }
  /** Rule 5. Consecutive entries; those already captured are passed over. Answers the Cap of the newest one captured. */
  | { readonly type: 'capture'; readonly group: number; readonly entries: readonly SignedEntry[] }
  /** Rule 6. */
  | { readonly type: 'release'; readonly certificate: QuorumCertificate }
  /** Rule 7. */
  | { readonly type: 'jump'; readonly certificate: QuorumCertificate };

/** Where an HSM stands in one group. */
export interface GroupPosition {
  readonly promised: Term;
  readonly capTerm: Term;
  readonly index: bigint;
  readonly hash: EntryHash;
  /** Whether this HSM signed the NewView of `capTerm` in this process and leads it. */
  readonly leading: boolean;
  /** Newest entry that it executed as leader; `index` when it does not lead. */
  readonly tipIndex: bigint;
}

/** What became of one item of a batch: its place in the entry, or undefined for one that did not open. */
export type ItemPlace = number | undefined;

export type HostReply =
  | {
      readonly type: 'described';
      readonly hsm: number;
      readonly configHash: ConfigHash;
      readonly groups: number;
      /** Hosts need it to compute record keys; it hides nothing from them. */
      readonly indexKey: Uint8Array;
      /** What this program runs on; `SIMULATED HARDWARE` for a process with its keys in a file. */
      readonly platform: string;
    }
  | { readonly type: 'attested'; readonly attestation: Signed<Attestation> }
  | ({ readonly type: 'inspected' } & GroupPosition)
  | { readonly type: 'promised'; readonly promise: Signed<TermPromise> }
  | { readonly type: 'new-view'; readonly view: Signed<NewView>; readonly cap: Signed<Cap> }
  /** Answer to adopt, capture and jump. */
  | { readonly type: 'captured'; readonly cap: Signed<Cap> }
  /** `entry` is undefined when no item of the batch opened: then nothing was executed. */
  | {
      readonly type: 'executed';
      readonly entry: SignedEntry | undefined;
      readonly leaves: readonly LeafWrite[];
      readonly places: readonly ItemPlace[];
    }
  | { readonly type: 'released'; readonly entries: readonly ReleasedEntry[] }
  | { readonly type: 'refused'; readonly code: RefusalCode; readonly message: string };

/** Replies of one committed entry, in batch order. */
export interface ReleasedEntry {
  readonly index: bigint;
  readonly hash: EntryHash;
  readonly replies: readonly Uint8Array[];
}

/** Why an HSM did not do what its host asked. Nothing changed. */
export const refusalCodes = [
  /** Not a request, or out of range. */
  'bad-request',
  /** Another fleet's configHash or a group that does not exist. */
  'bad-group',
  /** Term not above what was promised, or not the term that is led. */
  'stale-term',
  /** A term that raises the round by more than {@link roundStepMax}. */
  'round-step',
  /** This HSM does not lead that term. */
  'not-leader',
  /** The entry does not follow the captured one: catch up first. */
  'not-next',
  /** A signature, promise set or certificate does not hold. */
  'bad-statement',
  /** The base entry is missing or is not the one that the promises name. */
  'bad-base',
  /** The proof or a leaf does not match the root. */
  'bad-proof',
  /** Two requests for one record in a batch (safety rule 2). */
  'duplicate-record',
  /** Nothing newer than what this HSM holds. */
  'not-newer',
  /** No kept replies for exactly that entry. */
  'unknown-entry',
  /** {@link entriesInFlightMax} entries wait for release. */
  'in-flight',
  /** An invariant broke, or the state could not be persisted; this HSM does nothing any more. */
  'halted',
] as const;
export type RefusalCode = (typeof refusalCodes)[number];

type Req<T extends HostRequest['type']> = Omit<Extract<HostRequest, { type: T }>, 'type'>;
type Rep<T extends HostReply['type']> = Omit<Extract<HostReply, { type: T }>, 'type'>;

const itemLayout = struct<BatchItem>({
  vaultId: vaultIdLayout,
  request: bytes(sealedRequestBytesMax),
  leaf: optional(fixed(sealedRecordBytes)),
});

export const hostRequestLayout = variant<HostRequest>({
  describe: [1, empty],
  inspect: [2, struct<Req<'inspect'>>({ group: u16 })],
  promise: [3, struct<Req<'promise'>>({ group: u16, t: termLayout, nonce: fixed(32) })],
  'new-view': [
    4,
    struct<Req<'new-view'>>({
      group: u16,
      t: termLayout,
      promises: list(signedPromiseLayout, fleetMembersMax),
      base: optional(signedEntryLayout),
    }),
  ],
  adopt: [5, struct<Req<'adopt'>>({ view: signedNewViewLayout })],
  execute: [
    6,
    struct<Req<'execute'>>({
      group: u16,
      term: termLayout,
      items: list(itemLayout, batchRequestsMax),
      proof: bytes(proofBytesMax),
    }),
  ],
  capture: [7, struct<Req<'capture'>>({ group: u16, entries: list(signedEntryLayout, captureEntriesMax) })],
  release: [8, struct<Req<'release'>>({ certificate: quorumCertificateLayout })],
  jump: [9, struct<Req<'jump'>>({ certificate: quorumCertificateLayout })],
  attest: [10, struct<Req<'attest'>>({ nonce: fixed(32) })],
});

const releasedEntryLayout = struct<ReleasedEntry>({
  index: u64,
  hash: entryHashLayout,
  replies: list(fixed(sealedReplyBytes), batchRequestsMax),
});

export const hostReplyLayout = variant<HostReply>({
  described: [
    1,
    struct<Rep<'described'>>({
      hsm: u16,
      configHash: configHashLayout,
      groups: u16,
      indexKey: fixed(32),
      platform: text(platformBytesMax),
    }),
  ],
  inspected: [
    2,
    struct<Rep<'inspected'>>({
      promised: termLayout,
      capTerm: termLayout,
      index: u64,
      hash: entryHashLayout,
      leading: bool,
      tipIndex: u64,
    }),
  ],
  promised: [3, struct<Rep<'promised'>>({ promise: signedPromiseLayout })],
  'new-view': [4, struct<Rep<'new-view'>>({ view: signedNewViewLayout, cap: signedCapLayout })],
  captured: [5, struct<Rep<'captured'>>({ cap: signedCapLayout })],
  executed: [
    6,
    struct<Rep<'executed'>>({
      entry: optional(signedEntryLayout),
      leaves: leafWritesLayout,
      places: list(optional(u16), batchRequestsMax),
    }),
  ],
  released: [7, struct<Rep<'released'>>({ entries: list(releasedEntryLayout, entriesInFlightMax) })],
  refused: [8, struct<Rep<'refused'>>({ code: enumerated(refusalCodes), message: text(256) })],
  attested: [9, struct<Rep<'attested'>>({ attestation: signedAttestationLayout })],
});

/** A request or reply with the id that pairs them. */
export interface Numbered<T> {
  readonly id: number;
  readonly body: T;
}
export const hostRequestFrameLayout = struct<Numbered<HostRequest>>({ id: u32, body: hostRequestLayout });
export const hostReplyFrameLayout = struct<Numbered<HostReply>>({ id: u32, body: hostReplyLayout });

export const encodeHostRequest = (frame: Numbered<HostRequest>): Uint8Array => encode(hostRequestFrameLayout, frame);
export const decodeHostRequest = (bytes: Uint8Array): Numbered<HostRequest> => decode(hostRequestFrameLayout, bytes);
export const encodeHostReply = (frame: Numbered<HostReply>): Uint8Array => encode(hostReplyFrameLayout, frame);
export const decodeHostReply = (bytes: Uint8Array): Numbered<HostReply> => decode(hostReplyFrameLayout, bytes);
