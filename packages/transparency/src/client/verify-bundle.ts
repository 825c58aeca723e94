import { equalBytes, hex } from '@coffer/base';
import type { ConfigHash, FleetId } from '@coffer/protocol';
import { decodeCheckpoint } from '../c2sp/checkpoint.js';
import { decodeNote } from '../c2sp/note.js';
import { decodeProofFile } from '../c2sp/proof-file.js';
import { TransparencyError } from '../errors.js';
import type { ListedFleet } from '../keys/artifact.js';
import { decodeLeaf } from '../keys/leaf.js';
import type { TrustRoot } from '../keys/trust-root.js';
import { checkpointAgeMsMax } from '../limits.js';
import { verifyConsistency } from '../log/proofs.js';
import { type Bundle, decodeBundle } from './bundle.js';
import { type ClientTrust, trustedTimeMs } from './client-trust.js';
import { type VerifiedEpoch, verifyKeysInForce, verifyLoggedEpoch } from './logged-epoch.js';
import { type MatureFleets, matureFleets, standardWaiting, type WaitingPolicy } from './waiting.js';

/** What a client is looking for. What is absent is not checked. */
export interface BundleExpectations {
  readonly namespace: string;
  /** Of the log. */
  readonly origin: string;
  readonly fleetId?: FleetId;
  readonly configHash?: ConfigHash;
  /** Number of a group that the fleet has to have, from 0: that of the client's vault. */
  readonly group?: number;
  /** What the fleet is wanted for; a draining one only recovers. Default `register`. */
  readonly use?: 'register' | 'recover';
}

export interface BundleRequest {
  /** Bytes from anywhere. */
  readonly bundle: Uint8Array;
  readonly trustRoot: TrustRoot;
  readonly clientTrust: ClientTrust;
  /** The device's clock, milliseconds since 1970. */
  readonly nowMs: number;
  readonly expectations: BundleExpectations;
  /** Default: 72 hours, no fleet exempt. */
  readonly waiting?: WaitingPolicy;
}

/** A fleet whose keys the client may use for what its status allows. */
export interface AcceptedFleet extends ListedFleet {
  readonly maturity: 'waited' | 'exempt';
}

export interface VerifiedBundle {
  readonly epoch: number;
  /** Digest of the artifact. */
  readonly digest: Uint8Array;
  /** Not revoked, and public for long enough or exempt. */
  readonly fleets: readonly AcceptedFleet[];
  /**
   * Every fleet listed, also those still waiting or revoked: a client that holds another one stops using it, and keeps in
   * mind which it has seen revoked, for an older leaf of such a fleet would make it mature again at once.
   */
  readonly listed: readonly Pick<ListedFleet, 'descriptor' | 'status'>[];
  /** Name of the waiting policy that was applied. */
  readonly waiting: string;
  /** When a quorum of witnesses last saw the log like this, milliseconds since 1970. */
  readonly witnessedMs: number;
  /** To be stored before any of the fleets is used. */
  readonly clientTrust: ClientTrust;
}

/**
 * Decides whether a client believes a validation bundle: the table of docs/spec/transparency.md §8, a step a row.
 *
 * Pure: the caller stores `clientTrust` of the result, and keeps what it has when this throws. Which log and which trust
 * root are asked first, because every other row depends on them, and a client with an older root has to fetch the chain
 * of newer ones before a signature can mean anything to it.
 *
 * @throws TransparencyError with the row's own code; `bad-bundle`, `bad-leaf`, … for what is out of form.
 */
export function verifyBundle(request: BundleRequest): VerifiedBundle {
  const { trustRoot, clientTrust, expectations, waiting = standardWaiting() } = request;
  const clockMs = trustedTimeMs(clientTrust, request.nowMs);
  const bundle = decodeBundle(request.bundle);

  verifyExpectedLog(bundle, trustRoot, expectations);
  verifyTrustRootVersion(bundle, trustRoot, clientTrust);
  const current = verifyLoggedEpoch(bundle, trustRoot);
  verifyLatest(current);
  verifyFresh(current, clockMs);
  verifyNoRollback(current, bundle, clientTrust);
  const mature = matureFleets(current, bundle.maturity, trustRoot, waiting);
  verifyNotExpired(current, clockMs);
  verifyKeysInForce(current, trustRoot);
  verifyExpectedFleet(current, mature, expectations);

  return {
    epoch: current.leaf.epoch,
    digest: current.leaf.digest,
    fleets: acceptedFleets(current, mature),
    listed: current.artifact.fleets.map(({ descriptor, status }) => ({ descriptor, status })),
    waiting: waiting.name,
    witnessedMs: current.newestMs,
    clientTrust: nextTrust(current, bundle, trustRoot, clientTrust),
  };
}

/** A staging log with the same signers would pass every other row. */
function verifyExpectedLog(bundle: Bundle, root: TrustRoot, expected: BundleExpectations): void {
  const { namespace } = decodeLeaf(bundle.leaf);
  const { origin } = decodeCheckpoint(decodeNote(decodeProofFile(bundle.proof).checkpoint).text);
  if (namespace !== expected.namespace || root.namespace !== expected.namespace)
    throw new TransparencyError('wrong-namespace', 'a bundle or trust root of another namespace');
  if (origin !== expected.origin || root.origin !== expected.origin)
    throw new TransparencyError('wrong-origin', 'a bundle or trust root of another log');
}

/** A withheld root would be a withheld revocation: the leaf says which one was in force. */
function verifyTrustRootVersion(bundle: Bundle, root: TrustRoot, trust: ClientTrust): void {
  const { trustRootVersion } = decodeLeaf(bundle.leaf);
  if (trustRootVersion !== root.version || root.version < trust.trustRootVersion)
    throw new TransparencyError('trust-root-version', 'another version of the trust root is in force');
}

/** Later epochs cannot be left out: a checkpoint covers exactly what the log had. */
function verifyLatest({ index, signed }: VerifiedEpoch): void {
  if (index !== signed.checkpoint.size - 1)
    throw new TransparencyError('not-latest-leaf', 'a later epoch is in the log');
}

/** Nor can time be frozen: a quorum of witnesses saw this as the newest checkpoint, not long ago. */
function verifyFresh({ newestMs }: VerifiedEpoch, clockMs: number): void {
  if (clockMs - newestMs > checkpointAgeMsMax)
    throw new TransparencyError('stale', 'no quorum of witnesses has seen this lately');
}

function verifyNoRollback({ leaf, index, signed }: VerifiedEpoch, { consistency }: Bundle, trust: ClientTrust): void {
  const { checkpoint } = signed;
  const known = trust.checkpoint;
  if (known !== undefined && known.size > checkpoint.size)
    throw new TransparencyError('rollback', 'the log was longer before');
  if (consistency.fromSize !== (known?.size ?? 0))
    throw new TransparencyError('inconsistent', 'a consistency proof from another size');
  if (known !== undefined) verifyConsistency(known, checkpoint, consistency.hashes);
  else if (consistency.hashes.length > 0)
    throw new TransparencyError('inconsistent', 'a consistency proof from nothing');
  if (leaf.epoch < trust.epoch) throw new TransparencyError('epoch-went-down', 'the epoch was higher before');
  if (leaf.epoch !== index + 1) throw new TransparencyError('wrong-epoch', 'an epoch at another place of the log');
}

/** Witnesses know the time even where the device does not. */
function verifyNotExpired({ leaf, newestMs }: VerifiedEpoch, clockMs: number): void {
  if (Math.max(clockMs, newestMs) > leaf.notAfterMs)
    throw new TransparencyError('expired', 'the operator’s statement has run out');
}

/** The fleet that the client is about to talk to. Without a name in the expectations there is none to check. */
function verifyExpectedFleet({ artifact }: VerifiedEpoch, mature: MatureFleets, expected: BundleExpectations): void {
  const { fleetId, configHash, group, use = 'register' } = expected;
  if (fleetId === undefined && configHash === undefined && group === undefined) return;
  const named = artifact.fleets.filter(
    ({ descriptor }) =>
      (fleetId === undefined || equalBytes(descriptor.fleetId, fleetId)) &&
      (configHash === undefined || equalBytes(descriptor.configHash, configHash)),
  );
  const inGroup = named.filter(({ descriptor }) => group === undefined || group < descriptor.groups);
  const usable = inGroup.filter(({ status }) => status !== 'revoked');
  const serving = usable.filter(({ status }) => use === 'recover' || status === 'serving');
  if (named.length === 0) throw new TransparencyError('wrong-fleet', 'the expected fleet is not listed');
  if (inGroup.length === 0) throw new TransparencyError('wrong-group', 'the fleet has no such group');
  if (usable.length === 0) throw new TransparencyError('fleet-revoked', 'the fleet is revoked');
  if (serving.length === 0) throw new TransparencyError('fleet-not-serving', 'the fleet registers nothing new');
  if (!serving.some(({ descriptor }) => mature.has(hex(descriptor.configHash))))
    throw new TransparencyError('immature', 'the fleet has not been public for long enough');
}

function acceptedFleets({ artifact }: VerifiedEpoch, mature: MatureFleets): readonly AcceptedFleet[] {
  return artifact.fleets.flatMap((fleet) => {
    const maturity = mature.get(hex(fleet.descriptor.configHash));
    return maturity === undefined || fleet.status === 'revoked' ? [] : [{ ...fleet, maturity }];
  });
}

function nextTrust(current: VerifiedEpoch, bundle: Bundle, root: TrustRoot, trust: ClientTrust): ClientTrust {
  const note = decodeProofFile(bundle.proof).checkpoint;
  return {
    trustRootVersion: root.version,
    epoch: current.leaf.epoch,
    verifiedMs: Math.max(trust.verifiedMs, current.newestMs),
    checkpoint: { ...current.signed.checkpoint, note },
  };
}
