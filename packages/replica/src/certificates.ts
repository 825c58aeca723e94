import { equalBytes } from '@coffer/base';
import { type ConfigHash, compareTerms, decodeQuorumCertificate } from '@coffer/protocol';
import { decoded } from './entry-check.js';
import { ReplicaError } from './errors.js';
import { isHeld } from './places.js';
import { newestHeld, newestKnown, type Tables } from './tables.js';
import type { StoredCertificate } from './types.js';

/** SQLite's integers are signed. An index gets there after 29 billion years of ten batches a second. */
const indexMax = (1n << 63n) - 1n;

/**
 * The certificate in `qc`. Its signatures are not checked: the agent does that, which knows the fleet's members.
 * @throws ReplicaError `bad-certificate` when it is malformed, or of another fleet or group.
 */
export function checkCertificate(configHash: ConfigHash, group: number, qc: Uint8Array): StoredCertificate {
  const { index, hash, ...rest } = decoded('bad-certificate', () => decodeQuorumCertificate(qc));
  if (rest.group !== group || !equalBytes(rest.configHash, configHash) || index > indexMax) {
    throw new ReplicaError('bad-certificate', 'of another fleet or group');
  }
  return { qc, index, hash };
}

/**
 * Keeps `certificate` as far as it is newer than what is known; runs inside a transaction.
 * @throws ReplicaError `certificates-differ` when it contradicts a certificate that is kept. All certificates lie on one chain unless
 *   a quorum of HSMs is broken, so this is an alarm and not a race.
 */
export function keepCertificate(
  tables: Tables,
  configHash: ConfigHash,
  group: number,
  certificate: StoredCertificate,
): void {
  for (const kind of [newestKnown, newestHeld] as const) {
    const kept = tables.certificate(group, kind);
    if (kept?.index === certificate.index && !equalBytes(kept.hash, certificate.hash)) {
      throw new ReplicaError('certificates-differ', 'two certificates for one index');
    }
  }
  if (isNewer(certificate, tables.certificate(group, newestKnown))) {
    tables.setCertificate(group, newestKnown, certificate);
  }
  markCommitted(tables, configHash, group, certificate);
}

/** Lets the newest known certificate take effect, if what it certifies is held by now. */
export function markNewest(tables: Tables, configHash: ConfigHash, group: number): void {
  const newest = tables.certificate(group, newestKnown);
  if (newest !== undefined) markCommitted(tables, configHash, group, newest);
}

/** Forgets the undo records up to a certified entry that is held: no quorum can ever leave it again. */
function markCommitted(tables: Tables, configHash: ConfigHash, group: number, certificate: StoredCertificate): void {
  if (!isNewer(certificate, tables.certificate(group, newestHeld))) return;
  if (!isHeld(tables, configHash, group, certificate)) return;
  tables.setCertificate(group, newestHeld, certificate);
  tables.removeUndo(group, 0n, certificate.index + 1n);
}

/** Whether `a` is newer than `b`: by term, then by index (docs/spec/consensus.md, rule 7). */
function isNewer(a: StoredCertificate, b: StoredCertificate | undefined): boolean {
  if (b === undefined) return true;
  const terms = compareTerms(decodeQuorumCertificate(a.qc).term, decodeQuorumCertificate(b.qc).term);
  return terms > 0 || (terms === 0 && a.index > b.index);
}
