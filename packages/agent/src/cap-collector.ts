import { equalBytes } from '@coffer/base';
import {
  assembleCertificate,
  type Cap,
  compareTerms,
  type EntryHash,
  type FleetDescriptor,
  type QuorumCertificate,
  type Signed,
  type Term,
  verifyCap,
} from '@coffer/protocol';
import type { LogPosition } from './peer-messages.js';

interface Awaited {
  readonly hash: EntryHash;
  readonly caps: Map<number, Signed<Cap>>;
}

/** Gathers the caps of one term into certificates. */
export class CapCollector {
  readonly #fleet: FleetDescriptor;
  readonly #group: number;
  readonly #own: number;
  readonly #term: Term;
  readonly #awaited = new Map<bigint, Awaited>();

  constructor(fleet: FleetDescriptor, group: number, own: number, term: Term) {
    this.#fleet = fleet;
    this.#group = group;
    this.#own = own;
    this.#term = term;
  }

  /** From now on caps of this entry count. */
  expect({ index, hash }: LogPosition): void {
    this.#awaited.set(index, { hash, caps: new Map() });
  }

  /**
   * Takes a cap in.
   * @returns the certificate that it completes. Our own HSM is always among its members: it releases replies only of what
   *   it has captured itself (rule 6).
   * @throws ProtocolError `bad-statement`: a cap that its member did not sign would spoil the certificate.
   */
  add(cap: Signed<Cap>): QuorumCertificate | undefined {
    const { hsm, group, term, index, hash } = cap.statement;
    const awaited = this.#awaited.get(index);
    if (awaited === undefined || group !== this.#group || compareTerms(term, this.#term) !== 0) return undefined;
    if (!equalBytes(hash, awaited.hash) || !equalBytes(cap.statement.configHash, this.#fleet.configHash))
      return undefined;
    verifyCap(this.#fleet, cap);
    awaited.caps.set(hsm, cap);
    if (awaited.caps.size < this.#fleet.quorum || !awaited.caps.has(this.#own)) return undefined;
    // A certificate covers everything before it.
    for (const known of [...this.#awaited.keys()]) if (known <= index) this.#awaited.delete(known);
    return assembleCertificate([...awaited.caps.values()]);
  }
}
