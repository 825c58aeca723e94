import { decodeQuote, encodeQuote } from '@coffer/attestation';
import { parseRecoveryKey } from '@coffer/backup';
import { concat, u16be, u32be, utf8, utf8Text } from '@coffer/base';
import { sha256 } from '@coffer/crypto';
import * as evidence from '@coffer/evidence';
import * as hsm from '@coffer/hsm';
import * as protocol from '@coffer/protocol';
import { fleetKit } from '@coffer/testing';
import * as transparency from '@coffer/transparency';
import { decode, decodeCanonicalJson, encode, encodeCanonicalJson, type Layout, WireError } from '@coffer/wire';
import * as peers from '../../packages/agent/dist/peer-messages.js';
import { encodeStoredEntry, verifyLogEntry } from '../../packages/agent/dist/stored-entry.js';
import { decodeLabel, encodeLabel } from '../../packages/backup/dist/labels.js';
import { decodeEntry, encodeEntry } from '../../packages/backup/dist/manifest.js';
import { decodeDeviceState, encodeDeviceState } from '../../packages/client/dist/fleets/device-state.js';
import { decodeClientState, encodeClientState } from '../../packages/client/dist/state.js';
import { rootPath } from '../../packages/tree/dist/path.js';
import { decodeBranchProof, encodeBranchProof } from '../../packages/tree/dist/proof.js';
import { decodeStoredNode, encodeStoredNode } from '../../packages/tree/dist/stored-node.js';
import { decodeStored } from '../../packages/witness/dist/stored-checkpoint.js';
import type { DecoderTarget } from './target.js';

/** The log whose checkpoint a witness has stored. */
export const fuzzOrigin = 'coffer.example/fuzz';
const jsonBytesMax = 1_048_576;
/** The fleet and vault that stored states of clients belong to. */
export const fuzzFleet = fleetKit({ sites: 3, groups: 2, rollbackTolerance: 0, budgetLimit: 4 }).fleet;
export const fuzzVault = { fleet: fuzzFleet, vaultId: protocol.vaultIdOf('sim', 'fuzz') };

function target<T>(name: string, decoder: (bytes: Uint8Array) => T, encoder?: (value: T) => Uint8Array): DecoderTarget {
  return { name, decode: decoder, ...(encoder === undefined ? {} : { encode: encoder }) };
}

const layout = <T>(name: string, form: Layout<T>): DecoderTarget =>
  target(
    name,
    (bytes) => decode(form, bytes),
    (value) => encode(form, value),
  );

const text = <T>(name: string, decoder: (text: string) => T, encoder?: (value: T) => string): DecoderTarget =>
  target(name, (bytes) => decoder(utf8Text(bytes)), encoder && ((value) => utf8(encoder(value))));

/** A stored state carries a checksum, which the fuzzer puts right: what is behind it is the decoder. */
const checksummed = (version: number, body: Uint8Array): Uint8Array =>
  concat(u16be(version), u32be(body.length), body, sha256(body));
const bodyOf = (stored: Uint8Array): Uint8Array => stored.subarray(6, -32);

/** Plaintexts of the channel have one size: a sealed message of any other is refused before it is opened. */
const whole =
  <T>(decoder: (plaintext: Uint8Array) => T) =>
  (plaintext: Uint8Array): T => {
    if (plaintext.length !== protocol.channelPlaintextBytes) throw new WireError('truncated', 'not a plaintext');
    return decoder(plaintext);
  };

/** Every decoder of the project that reads bytes from outside of its process. */
export const decoderTargets: readonly DecoderTarget[] = [
  // Between clients, gateway, agents and HSMs.
  target('vault-request', whole(protocol.decodeVaultRequest), protocol.encodeVaultRequest),
  target('vault-reply', whole(protocol.decodeVaultReply), protocol.encodeVaultReply),
  target('vault-call', protocol.decodeVaultCall, protocol.encodeVaultCall),
  target('vault-answer', protocol.decodeVaultAnswer, protocol.encodeVaultAnswer),
  target('routed-call', protocol.decodeRoutedCall, protocol.encodeRoutedCall),
  target('routed-answer', protocol.decodeRoutedAnswer, protocol.encodeRoutedAnswer),
  target('sealed-request', protocol.decodeSealedRequest),
  target('commit-proof', protocol.decodeCommitProof, protocol.encodeCommitProof),
  target('certificate', protocol.decodeQuorumCertificate, protocol.encodeQuorumCertificate),
  target('signed-entry', protocol.decodeSignedEntry, protocol.encodeSignedEntry),
  layout('leaf-writes', protocol.leafWritesLayout),
  layout('cap', protocol.signedCapLayout),
  layout('promise', protocol.signedPromiseLayout),
  layout('new-view', protocol.signedNewViewLayout),
  layout('birth-description', protocol.signedBirthDescriptionLayout),
  layout('birth-list', protocol.birthListLayout),
  layout('fleet-share', protocol.signedFleetShareLayout),
  layout('birth-acceptance', protocol.signedBirthAcceptanceLayout),
  layout('attestation', protocol.signedAttestationLayout),
  target('fleet-descriptor', protocol.decodeFleetDescriptor, protocol.encodeFleetDescriptor),
  target('host-request', hsm.decodeHostRequest, hsm.encodeHostRequest),
  target('host-reply', hsm.decodeHostReply, hsm.encodeHostReply),
  target('birth-request', hsm.decodeBirthRequest, hsm.encodeBirthRequest),
  target('birth-reply', hsm.decodeBirthReply, hsm.encodeBirthReply),
  target('peer-message', peers.decodePeerMessage, peers.encodePeerMessage),
  target('peer-reply', peers.decodePeerReply, peers.encodePeerReply),
  target(
    'stored-entry',
    (bytes) => verifyLogEntry(fuzzFleet, 0, bytes),
    ({ stored }) => encodeStoredEntry(stored),
  ),
  // Tree, client, backups.
  target('tree-proof', decodeBranchProof, encodeBranchProof),
  target('tree-node', (bytes) => decodeStoredNode(rootPath, bytes), encodeStoredNode),
  target(
    'client-state',
    (body) => decodeClientState(fuzzVault, checksummed(1, body)),
    (state) => bodyOf(encodeClientState(state)),
  ),
  target(
    'device-state',
    (body) => decodeDeviceState(fuzzVault.vaultId, checksummed(1, body)),
    (state) => bodyOf(encodeDeviceState(state)),
  ),
  target('client-file', (stored) => decodeClientState(fuzzVault, stored), encodeClientState),
  target('backup-label', decodeLabel, encodeLabel),
  target('backup-entry', decodeEntry, (entry) => encodeEntry(entry).subarray(4)),
  text('recovery-key', parseRecoveryKey),
  // Transparency, evidence, attestation.
  target('canonical-json', (bytes) => decodeCanonicalJson(bytes, jsonBytesMax), encodeCanonicalJson),
  target('note', transparency.decodeNote, transparency.encodeNote),
  text('checkpoint', transparency.decodeCheckpoint, transparency.encodeCheckpoint),
  text('verifier-key', transparency.decodeVerifierKey, transparency.encodeVerifierKey),
  text('signer-key', transparency.decodeSignerKey, transparency.encodeSignerKey),
  text('tile-path', transparency.decodeTilePath, transparency.encodeTilePath),
  target('policy', transparency.decodePolicy),
  target('proof-file', transparency.decodeProofFile, transparency.encodeProofFile),
  target('add-checkpoint', transparency.decodeAddCheckpoint, transparency.encodeAddCheckpoint),
  target('conflict', transparency.decodeConflict, transparency.encodeConflict),
  target('entry-bundle', (bytes) => transparency.decodeEntryBundle(bytes, 2), transparency.encodeEntryBundle),
  target('leaf', transparency.decodeLeaf, transparency.encodeLeaf),
  target('plexi-message', transparency.decodePlexiMessage, transparency.encodePlexiMessage),
  target('artifact', transparency.decodeArtifact, transparency.encodeArtifact),
  target('trust-root', transparency.decodeTrustRoot, transparency.encodeTrustRoot),
  target('bundle', transparency.decodeBundle, transparency.encodeBundle),
  target('client-trust', transparency.decodeClientTrust, transparency.encodeClientTrust),
  target('fraud-proof', transparency.decodeFraudProof, transparency.encodeFraudProof),
  target('witness-file', (bytes) => decodeStored(bytes, fuzzOrigin)),
  target('evidence-index', evidence.decodeEvidenceIndex, evidence.encodeEvidenceIndex),
  target('evidence-envelope', evidence.decodeEnvelope, evidence.encodeEnvelope),
  target('transcript', evidence.decodeTranscript, evidence.encodeTranscript),
  target('quote', decodeQuote, encodeQuote),
];
