import { equalBytes } from '@coffer/base';
import { decode, encode, fixed, list, struct, u16, u64 } from '@coffer/wire';
import { ProtocolError } from './errors.js';
import type { FleetDescriptor } from './fleet-descriptor.js';
import { type ConfigHash, configHashLayout, entryHashLayout } from './ids.js';
import { fleetMembersMax } from './limits.js';
import { type Cap, type Position, type Signed, verifyCap } from './statements.js';
import { type Term, termLayout } from './term.js';

/** Caps of a quorum of distinct members for one identical (group, configHash, term, index, hash). */
export interface QuorumCertificate extends Position {
  readonly group: number;
  readonly configHash: ConfigHash;
  readonly term: Term;
  /** Ascending by `hsm`, hence distinct. */
  readonly signatures: readonly { readonly hsm: number; readonly signature: Uint8Array }[];
}

export const quorumCertificateLayout = struct<QuorumCertificate>({
  group: u16,
  configHash: configHashLayout,
  term: termLayout,
  index: u64,
  hash: entryHashLayout,
  signatures: list(struct<{ hsm: number; signature: Uint8Array }>({ hsm: u16, signature: fixed(64) }), fleetMembersMax),
});

export const encodeQuorumCertificate = (qc: QuorumCertificate): Uint8Array => encode(quorumCertificateLayout, qc);
/** @throws WireError. Nothing is verified. */
export const decodeQuorumCertificate = (bytes: Uint8Array): QuorumCertificate => decode(quorumCertificateLayout, bytes);

/**
 * Puts caps that say the same together. Checks no signature.
 * @param caps - of distinct members for one identical position, in any order.
 */
export function assembleCertificate(caps: readonly Signed<Cap>[]): QuorumCertificate {
  const first = caps[0]?.statement;
  if (first === undefined) throw new ProtocolError('bad-certificate', 'no caps');
  const { group, configHash, term, index, hash } = first;
  const signatures = caps.map(({ statement, signature }) => ({ hsm: statement.hsm, signature }));
  signatures.sort((a, b) => a.hsm - b.hsm);
  return { group, configHash, term, index, hash, signatures };
}

/**
 * @returns the certificate, when a quorum of distinct members of this very fleet signed it.
 * @throws ProtocolError `bad-certificate`.
 */
export function verifyQuorumCertificate(fleet: FleetDescriptor, qc: QuorumCertificate): QuorumCertificate {
  const { group, configHash, term, index, hash, signatures } = qc;
  if (!equalBytes(configHash, fleet.configHash)) fail('another fleet');
  if (group >= fleet.groups) fail('no such group');
  if (signatures.length < fleet.quorum) fail('no quorum');
  let last = 0;
  for (const { hsm, signature } of signatures) {
    // Ascending ids: one member cannot be counted twice, which is what "majority" means.
    if (hsm <= last) fail('members not ascending');
    last = hsm;
    try {
      verifyCap(fleet, { statement: { hsm, group, configHash, term, index, hash }, signature });
    } catch (cause) {
      throw new ProtocolError('bad-certificate', 'a signature does not verify', { cause });
    }
  }
  return qc;
}

function fail(what: string): never {
  throw new ProtocolError('bad-certificate', `quorum certificate: ${what}`);
}
