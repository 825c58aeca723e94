import { hex } from '@coffer/base';
import { type Cap, type Entry, entryHash, type FleetDescriptor, genesisHash, type Position } from '@coffer/protocol';
import type { SimulationErrorCode } from './errors.js';

interface KnownEntry {
  readonly index: bigint;
  readonly prev: string;
}

/** A violation that a checker found. */
export interface Finding {
  readonly code: SimulationErrorCode;
  readonly message: string;
}

/**
 * Watches one group from outside with the knowledge of everything that its HSMs ever said: invariants 1, 2, 3 and 5. It
 * shares no code with the rules that it checks. Whatever a quorum has signed counts as certified, also when nobody has
 * put the caps together.
 */
export class ChainChecker {
  readonly #fleet: FleetDescriptor;
  readonly #known = new Map<string, KnownEntry>();
  readonly #genesis: string;
  /** Hash of the committed entry at each index, without gaps from 0. */
  readonly #committed: string[];
  readonly #released = new Map<bigint, string>();
  readonly #caps = new Map<string, Set<number>>();
  readonly #held = new Map<number, { readonly index: bigint; readonly hash: string }>();

  constructor(fleet: FleetDescriptor, group: number) {
    this.#fleet = fleet;
    this.#genesis = hex(genesisHash(fleet.configHash, group));
    this.#committed = [this.#genesis];
  }

  /** Newest committed index. */
  get committedIndex(): bigint {
    return BigInt(this.#committed.length - 1);
  }

  /** Whether the entry is committed. */
  isCommitted({ index, hash }: Position): boolean {
    return this.#committed[Number(index)] === hex(hash);
  }

  /** Learns an entry's place in its chain. */
  learn(entry: Entry): void {
    this.#known.set(hex(entryHash(entry)), { index: entry.index, prev: hex(entry.prevHash) });
  }

  /** An HSM signed that this is what it holds. */
  capture({ hsm, term, index, hash }: Cap): Finding[] {
    const findings: Finding[] = [];
    const key = hex(hash);
    const before = this.#held.get(hsm);
    if (before !== undefined) findings.push(...this.#leaves(hsm, before, { index, hash: key }));
    this.#held.set(hsm, { index, hash: key });
    const place = `${term.round}.${term.leaderId} ${index} ${key}`;
    const signers = this.#caps.get(place) ?? new Set();
    this.#caps.set(place, signers.add(hsm));
    if (signers.size === this.#fleet.quorum) findings.push(...this.#certify(index, key));
    return findings;
  }

  /** The state of this HSM was put back: what it held does not bind it any more. */
  restored(hsm: number): void {
    this.#held.delete(hsm);
  }

  /** An HSM handed out the replies of this entry. */
  release({ index, hash }: Position): Finding[] {
    const findings: Finding[] = [];
    const key = hex(hash);
    const other = this.#released.get(index);
    if (other !== undefined && other !== key) {
      findings.push({ code: 'two-released', message: `#${index}: ${at(other)} and ${at(key)}` });
    }
    this.#released.set(index, key);
    const below = this.#released.get(index - 1n);
    const prev = this.#known.get(key)?.prev;
    if (below !== undefined && prev !== below) {
      findings.push({ code: 'released-fork', message: `#${index} ${at(key)} does not follow ${at(below)}` });
    }
    if (this.#committed[Number(index)] !== key) {
      findings.push({ code: 'uncommitted-release', message: `#${index} ${at(key)}` });
    }
    return findings;
  }

  #certify(index: bigint, hash: string): Finding[] {
    const path: string[] = [];
    let at_ = { index, hash };
    while (at_.index >= BigInt(this.#committed.length)) {
      path.push(at_.hash);
      const known = this.#known.get(at_.hash);
      if (known === undefined || known.index !== at_.index) {
        return [{ code: 'certified-fork', message: `#${at_.index} ${at(at_.hash)} was never executed` }];
      }
      at_ = { index: at_.index - 1n, hash: known.prev };
    }
    const mine = this.#committed[Number(at_.index)];
    if (mine !== at_.hash) {
      const message = `#${at_.index}: ${at(mine ?? '')} and ${at(at_.hash)}, below #${index} ${at(hash)}`;
      return [{ code: 'certified-fork', message }];
    }
    this.#committed.push(...path.reverse());
    return [];
  }

  /** Invariant 5: what `before` had of the committed chain, `after` has as well. */
  #leaves(hsm: number, before: { index: bigint; hash: string }, after: { index: bigint; hash: string }): Finding[] {
    const kept = this.#committedPart(before);
    const now = this.#committedPart(after);
    if (now >= kept) return [];
    return [{ code: 'committed-left', message: `hsm${hsm} held the committed #${kept}, now only #${now}` }];
  }

  /** Newest committed index on the chain that ends at `position`. */
  #committedPart(position: { index: bigint; hash: string }): bigint {
    let { index, hash } = position;
    while (this.#committed[Number(index)] !== hash) {
      const known = this.#known.get(hash);
      if (known === undefined || index === 0n) return -1n;
      hash = known.prev;
      index -= 1n;
    }
    return index;
  }
}

const at = (hash: string): string => hash.slice(0, 8);
