import {
  type BirthAcceptance,
  type BirthDescription,
  type BirthList,
  birthListLayout,
  descriptorBytesMax,
  type FleetShare,
  fleetMembersMax,
  type Signed,
  signedBirthAcceptanceLayout,
  signedBirthDescriptionLayout,
  signedFleetShareLayout,
} from '@coffer/protocol';
import { bytes, decode, encode, enumerated, fixed, list, struct, text, u32, variant } from '@coffer/wire';
import type { Numbered } from '../host-api.js';

/**
 * What may be said to an HSM that belongs to no fleet yet. A member knows none of these messages: there is nothing that
 * could be said to it about importing or exporting secrets, and no tag here is one of host-api.ts.
 */
export type BirthRequest =
  /** Who are you? `nonce`: 32 bytes, of the ceremony. */
  | { readonly type: 'birth.describe'; readonly nonce: Uint8Array }
  /** Draw the secrets of the fleet, for exactly these HSMs. To one of them only. */
  | { readonly type: 'birth.generate'; readonly birth: BirthList }
  /** Take the secrets that another one of them drew. */
  | {
      readonly type: 'birth.accept';
      readonly birth: BirthList;
      /** Canonical JSON. */
      readonly descriptor: Uint8Array;
      readonly share: Signed<FleetShare>;
    };

export type BirthReply =
  | { readonly type: 'birth.described'; readonly description: Signed<BirthDescription> }
  | {
      readonly type: 'birth.generated';
      readonly descriptor: Uint8Array;
      /** One for every other member, ascending. */
      readonly shares: readonly Signed<FleetShare>[];
      readonly acceptance: Signed<BirthAcceptance>;
    }
  | { readonly type: 'birth.accepted'; readonly acceptance: Signed<BirthAcceptance> }
  | { readonly type: 'birth.refused'; readonly code: BirthRefusalCode; readonly message: string };

/** Why an HSM was not born. Nothing changed. */
export const birthRefusalCodes = [
  /** Not a request of a birth. */
  'bad-request',
  /** A description that its HSM did not sign, that answers another nonce, or that names another image. */
  'bad-description',
  /** This HSM, as it is now, is not in the list. */
  'not-listed',
  /** The plan and the list make no valid fleet. */
  'bad-plan',
  /** The descriptor is not the one that follows from plan, list and secrets. */
  'bad-descriptor',
  /** A share for somebody else, from somebody else, or that does not open. */
  'bad-share',
  /** This HSM is a member of a fleet by now. */
  'already-member',
  /** The state could not be persisted; this HSM does nothing any more. */
  'halted',
] as const;
export type BirthRefusalCode = (typeof birthRefusalCodes)[number];

type Req<T extends BirthRequest['type']> = Omit<Extract<BirthRequest, { type: T }>, 'type'>;
type Rep<T extends BirthReply['type']> = Omit<Extract<BirthReply, { type: T }>, 'type'>;

const requestLayout = struct<Numbered<BirthRequest>>({
  id: u32,
  body: variant<BirthRequest>({
    'birth.describe': [64, struct<Req<'birth.describe'>>({ nonce: fixed(32) })],
    'birth.generate': [65, struct<Req<'birth.generate'>>({ birth: birthListLayout })],
    'birth.accept': [
      66,
      struct<Req<'birth.accept'>>({
        birth: birthListLayout,
        descriptor: bytes(descriptorBytesMax),
        share: signedFleetShareLayout,
      }),
    ],
  }),
});

const replyLayout = struct<Numbered<BirthReply>>({
  id: u32,
  body: variant<BirthReply>({
    'birth.described': [64, struct<Rep<'birth.described'>>({ description: signedBirthDescriptionLayout })],
    'birth.generated': [
      65,
      struct<Rep<'birth.generated'>>({
        descriptor: bytes(descriptorBytesMax),
        shares: list(signedFleetShareLayout, fleetMembersMax - 1),
        acceptance: signedBirthAcceptanceLayout,
      }),
    ],
    'birth.accepted': [66, struct<Rep<'birth.accepted'>>({ acceptance: signedBirthAcceptanceLayout })],
    'birth.refused': [67, struct<Rep<'birth.refused'>>({ code: enumerated(birthRefusalCodes), message: text(256) })],
  }),
});

export const encodeBirthRequest = (frame: Numbered<BirthRequest>): Uint8Array => encode(requestLayout, frame);
export const decodeBirthRequest = (frame: Uint8Array): Numbered<BirthRequest> => decode(requestLayout, frame);
export const encodeBirthReply = (frame: Numbered<BirthReply>): Uint8Array => encode(replyLayout, frame);
export const decodeBirthReply = (frame: Uint8Array): Numbered<BirthReply> => decode(replyLayout, frame);
