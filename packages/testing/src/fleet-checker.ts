import type { XWingSecretKey } from '@coffer/crypto';
import type { HostReply, HostRequest } from '@coffer/hsm';
import { type Cap, entryHash, type FleetDescriptor, type Position } from '@coffer/protocol';
import { ChainChecker, type Finding } from './chain-checker.js';
import { describeTerm, short } from './describe.js';
import { GuessChecker } from './guess-checker.js';
import type { SimWorld } from './sim-world.js';

/** Whether the replica of a member's site durably holds the complete state at a position. */
export type ReplicaHolds = (member: number, group: number, at: Position) => boolean;

/** Checks every exchange that leaves any HSM of a fleet: invariants 1 to 6 of docs/spec/consensus.md. */
export class FleetChecker {
  readonly guesses: GuessChecker;
  readonly #world: SimWorld;
  readonly #fleet: FleetDescriptor;
  readonly #chains: readonly ChainChecker[];
  readonly #replicaHolds: ReplicaHolds;
  readonly #releasers: number[] = [];
  #exchanges = 0;

  constructor(world: SimWorld, fleet: FleetDescriptor, channelKey: XWingSecretKey, replicaHolds: ReplicaHolds) {
    this.#world = world;
    this.#fleet = fleet;
    this.#replicaHolds = replicaHolds;
    this.guesses = new GuessChecker(fleet, channelKey);
    this.#chains = Array.from({ length: fleet.groups }, (_, group) => new ChainChecker(fleet, group));
  }

  /** Exchanges checked so far. */
  get exchanges(): number {
    return this.#exchanges;
  }

  /** Newest committed index of each group. */
  committed(): readonly bigint[] {
    return this.#chains.map((chain) => chain.committedIndex);
  }

  /** Who released replies of this group last; undefined before the first ones. */
  releaser(group: number): number | undefined {
    return this.#releasers[group];
  }

  /** The state of this member was put back by somebody who may: its own history is not checked across that. */
  restored(member: number): void {
    for (const chain of this.#chains) chain.restored(member);
  }

  /** An HSM answered its host. */
  observe(member: number, request: HostRequest, reply: HostReply): void {
    this.#exchanges++;
    switch (reply.type) {
      case 'executed':
        if (request.type === 'execute' && reply.entry !== undefined) {
          const { entry } = reply.entry;
          this.#chain(entry.group).learn(entry);
          this.#note(this.guesses.execute({ index: entry.index, hash: entryHash(entry) }, request.items, reply.places));
        }
        return;
      case 'captured':
      case 'new-view':
        this.#capture(member, reply.cap.statement);
        return;
      case 'released':
        if (request.type !== 'release') return;
        this.#releasers[request.certificate.group] = member;
        for (const entry of reply.entries) {
          const chain = this.#chain(request.certificate.group);
          this.#note(chain.release(entry));
          this.#note(this.guesses.release(entry, (at) => chain.isCommitted(at)));
        }
        return;
    }
  }

  #capture(member: number, cap: Cap): void {
    this.#note(this.#chain(cap.group).capture(cap));
    if (cap.index > 0n && !this.#replicaHolds(member, cap.group, cap)) {
      const what = `hsm${member} signed g${cap.group} ${describeTerm(cap.term)} #${cap.index} ${short(cap.hash)}`;
      this.#note([{ code: 'data-not-held', message: `${what}, which its replica does not hold` }]);
    }
  }

  #chain(group: number): ChainChecker {
    const chain = this.#chains[group];
    if (chain === undefined) throw new RangeError(`the fleet has ${this.#fleet.groups} groups`);
    return chain;
  }

  #note(findings: readonly Finding[]): void {
    for (const { code, message } of findings) this.#world.violate(code, message);
  }
}
