import { utf8, utf8Text } from '@coffer/base';
import { encodeCanonicalJson } from '@coffer/wire';
import { type Checkpoint, decodeCheckpoint } from '../c2sp/checkpoint.js';
import { decodeNote } from '../c2sp/note.js';
import { JsonForm } from '../json.js';
import { clientTrustBytesMax, trustAgeMsMax } from '../limits.js';

/**
 * What a client remembers between bundles. It only ever goes forward: `verifyBundle` returns the next one, and a bundle
 * that fails leaves it as it was, so that a device keeps the fleet it holds while witnesses are down.
 */
export interface ClientTrust {
  /** Version of the trust root by which the last bundle was verified; 0 before the first. */
  readonly trustRootVersion: number;
  /** 0 before the first. */
  readonly epoch: number;
  /** The greatest verified time: what a quorum of witnesses stood behind, in milliseconds since 1970. */
  readonly verifiedMs: number;
  /** The newest verified checkpoint, as a whole note: one half of a fraud proof, should another history appear. */
  readonly checkpoint?: StoredCheckpoint;
}

export interface StoredCheckpoint extends Checkpoint {
  /** Bytes of the signed note. */
  readonly note: Uint8Array;
}

/** A client that has verified nothing yet. */
export const newClientTrust: ClientTrust = { trustRootVersion: 0, epoch: 0, verifiedMs: 0 };

/**
 * The time that a client goes by: a clock that was set back does not make an expired bundle good again. A new client
 * with a wrong clock stays exposed.
 */
export const trustedTimeMs = ({ verifiedMs }: ClientTrust, nowMs: number): number => Math.max(nowMs, verifiedMs);

/** Whether a client may register now, and whether it warns before it recovers: see {@link trustAgeMsMax}. */
export function trustAge(trust: ClientTrust, nowMs: number): { readonly ageMs: number; readonly isTooOld: boolean } {
  const ageMs = trustedTimeMs(trust, nowMs) - trust.verifiedMs;
  return { ageMs, isTooOld: ageMs > trustAgeMsMax };
}

const form = new JsonForm('bad-client-trust');

/** Canonical JSON, to be stored as it is. */
export function encodeClientTrust({ trustRootVersion, epoch, verifiedMs, checkpoint }: ClientTrust): Uint8Array {
  const note = checkpoint === undefined ? null : utf8Text(checkpoint.note);
  return encodeCanonicalJson({ v: 1, trustRootVersion, epoch, verifiedMs, checkpoint: note });
}

/** @throws TransparencyError `bad-client-trust`. */
export function decodeClientTrust(bytes: Uint8Array): ClientTrust {
  const json = form.parse(bytes, clientTrustBytesMax);
  const fields = form.object(json, ['v', 'trustRootVersion', 'epoch', 'verifiedMs', 'checkpoint']);
  if (fields.v !== 1) form.fail('version');
  const trust = {
    trustRootVersion: form.integer(fields.trustRootVersion, 0),
    epoch: form.integer(fields.epoch, 0),
    verifiedMs: form.integer(fields.verifiedMs, 0),
  };
  if (fields.checkpoint === null) return trust;
  const note = utf8(form.text(fields.checkpoint, /^/));
  return { ...trust, checkpoint: openStored(note) };
}

/** Stored by the client itself after verification, hence only read. */
function openStored(note: Uint8Array): StoredCheckpoint {
  try {
    return { ...decodeCheckpoint(decodeNote(note).text), note };
  } catch (cause) {
    return form.fail(cause instanceof Error ? cause.message : 'checkpoint');
  }
}
