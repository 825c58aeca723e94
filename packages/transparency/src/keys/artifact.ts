import { hex } from '@coffer/base';
import { sha256 } from '@coffer/crypto';
import {
  decodeFleetDescriptor,
  descriptorBytesMax,
  encodeFleetDescriptor,
  type FleetDescriptor,
} from '@coffer/protocol';
import { decodeCanonicalJson, encodeCanonicalJson, type Json } from '@coffer/wire';
import { TransparencyError } from '../errors.js';
import { JsonForm } from '../json.js';
import { artifactBytesMax, artifactFleetsMax } from '../limits.js';
import { namespacePattern } from './namespace.js';

/** `serving`; `draining`: recovers and erases, registers nothing new; `revoked`: not to be used at all. */
export type FleetStatus = 'serving' | 'draining' | 'revoked';

export interface ListedFleet {
  readonly descriptor: FleetDescriptor;
  /** SHA-256 of the index of the fleet's evidence. */
  readonly evidence: Uint8Array;
  readonly status: FleetStatus;
}

/** All fleets of an operator at one epoch: what the auditor signs and clients learn keys from. */
export interface FleetArtifact {
  readonly namespace: string;
  /** From 1. */
  readonly epoch: number;
  /** Digest of the artifact of the epoch before; absent at epoch 1. */
  readonly previous?: Uint8Array;
  /** At most {@link artifactFleetsMax}, with distinct fleetIds, configHashes and keys. */
  readonly fleets: readonly ListedFleet[];
}

const form = new JsonForm('bad-artifact');
const statuses = ['serving', 'draining', 'revoked'] as const;

/** Canonical JSON (RFC 8785); checked by decoding it again. @throws TransparencyError `bad-artifact`. */
export function encodeArtifact({ namespace, epoch, previous, fleets }: FleetArtifact): Uint8Array {
  const bytes = encodeCanonicalJson({
    v: 1,
    namespace,
    epoch,
    previous: previous === undefined ? null : hex(previous),
    fleets: fleets.map(({ descriptor, evidence, status }) => ({
      descriptor: decodeCanonicalJson(encodeFleetDescriptor(descriptor), descriptorBytesMax),
      evidence: hex(evidence),
      status,
    })),
  });
  decodeArtifact(bytes);
  return bytes;
}

/** Form and ranges, and every descriptor completely. @throws TransparencyError `bad-artifact`. */
export function decodeArtifact(bytes: Uint8Array): FleetArtifact {
  const json = form.parse(bytes, artifactBytesMax);
  const top = form.object(json, ['v', 'namespace', 'epoch', 'previous', 'fleets']);
  if (top.v !== 1) form.fail('version');
  const namespace = form.text(top.namespace, namespacePattern);
  const epoch = form.integer(top.epoch, 1);
  const previous = top.previous === null ? undefined : form.hexBytes(top.previous, 32);
  if ((previous === undefined) !== (epoch === 1)) form.fail('previous exactly from epoch 2 on');
  const fleets = form.list(top.fleets, artifactFleetsMax).map(decodeFleet);
  if (fleets.length === 0) form.fail('no fleet');
  // One id with two configurations would let the wrong one answer for it.
  const ids = new Set(fleets.map(({ descriptor }) => hex(descriptor.fleetId)));
  if (ids.size !== fleets.length) form.fail('a fleet twice');
  // An HSM is born once, and a fleet's secrets leave it for no other: a key in two fleets is one that a host has, or that
  // of an HSM whose state was put back.
  const keys = fleets.flatMap(({ descriptor: { channelKey, opaqueKey, members } }) =>
    [channelKey, opaqueKey, ...members.map(({ key }) => key)].map(hex),
  );
  if (new Set(keys).size !== keys.length) form.fail('one key in two fleets');
  return { namespace, epoch, fleets, ...(previous === undefined ? {} : { previous }) };
}

/** SHA-256 of an artifact's bytes: what the auditor signs. */
export const artifactDigest = (artifact: Uint8Array): Uint8Array => sha256(artifact);

function decodeFleet(json: Json): ListedFleet {
  const fields = form.object(json, ['descriptor', 'evidence', 'status']);
  let descriptor: FleetDescriptor;
  try {
    // Canonical JSON of a part is the part of the canonical JSON, so the hash is the descriptor's own.
    descriptor = decodeFleetDescriptor(encodeCanonicalJson(fields.descriptor));
  } catch (cause) {
    throw new TransparencyError('bad-artifact', 'a fleet descriptor that breaks its rules', { cause });
  }
  return {
    descriptor,
    evidence: form.hexBytes(fields.evidence, 32),
    status: form.oneOf(fields.status, statuses),
  };
}
