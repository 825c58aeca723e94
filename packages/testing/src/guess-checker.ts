import { hex } from '@coffer/base';
import type { XWingSecretKey } from '@coffer/crypto';
import type { BatchItem, ItemPlace, ReleasedEntry } from '@coffer/hsm';
import {
  decodeSealedRequest,
  type FleetDescriptor,
  type OpenExchange,
  openFreshRequest,
  openReply,
  openTicketedRequest,
  type Position,
  type VaultReply,
  type VaultRequest,
} from '@coffer/protocol';
import type { Finding } from './chain-checker.js';
import { VaultChecker } from './vault-checker.js';

/** One request as an HSM executed it; opened only when somebody needs to know. */
interface Executed {
  readonly at: Position;
  readonly item: BatchItem;
  opened?: { readonly request: VaultRequest; readonly open: OpenExchange; readonly ticket: string } | 'unreadable';
}

/** What became public about one version of one vault. */
interface VersionTally {
  /** KE1s that a released reply evaluates. */
  readonly evaluated: Set<string>;
  /** Recovery tickets (by KE1) whose finish was answered with `wrong-secret` and never with `recovered`. */
  readonly ticketKe1: Map<string, string>;
  budgetMax: number;
}

/**
 * Invariant 4, from outside: reads every released reply with the fleet's own channel key and counts the guesses that they
 * are worth. It believes no counter of the HSM: the bound comes from the grants and refunds in committed entries.
 */
export class GuessChecker {
  readonly #fleet: FleetDescriptor;
  readonly #channelKey: XWingSecretKey;
  readonly #byEntry = new Map<string, readonly Executed[]>();
  readonly #byVault = new Map<string, Executed[]>();
  readonly #resumption = new Map<string, Uint8Array>();
  readonly #tallies = new Map<string, VersionTally>();
  readonly #vaults = new VaultChecker();
  /** Recovery tickets answered with `wrong-secret`: no refund. */
  readonly #failed = new Set<string>();
  #released = 0;

  constructor(fleet: FleetDescriptor, channelKey: XWingSecretKey) {
    this.#fleet = fleet;
    this.#channelKey = channelKey;
  }

  /** Replies read so far. */
  get repliesRead(): number {
    return this.#released;
  }

  /** An HSM executed a batch as the entry at `at`. */
  execute(at: Position, items: readonly BatchItem[], places: readonly ItemPlace[]): Finding[] {
    const executed: Executed[] = [];
    const vaults = new Set<string>();
    const findings: Finding[] = [];
    for (const [i, item] of items.entries()) {
      const place = places[i];
      if (place === undefined) continue;
      const vault = hex(item.vaultId);
      if (vaults.has(vault))
        findings.push({ code: 'double-charge', message: `#${at.index}: vault ${vault.slice(0, 8)} twice` });
      vaults.add(vault);
      const one: Executed = { at, item };
      executed[place] = one;
      this.#byVault.set(vault, [...(this.#byVault.get(vault) ?? []), one]);
    }
    this.#byEntry.set(hex(at.hash), executed);
    return findings;
  }

  /** @param isCommitted - whether an entry is on the committed chain. */
  release(entry: ReleasedEntry, isCommitted: (at: Position) => boolean): Finding[] {
    const executed = this.#byEntry.get(hex(entry.hash)) ?? [];
    return executed.flatMap((one, place) => {
      const sealed = entry.replies[place];
      const opened = this.#open(one);
      if (sealed === undefined || opened === undefined) return [];
      this.#released++;
      const { vaultId } = one.item;
      const vault = hex(vaultId);
      const reply = openReply({ fleet: this.#fleet, vaultId }, opened.open, sealed);
      return [...this.#vaults.reply(vault, entry.index, reply), ...this.#read(vault, opened, reply, isCommitted)];
    });
  }

  #read(
    vault: string,
    { request, ticket }: { readonly request: VaultRequest; readonly ticket: string },
    reply: VaultReply,
    isCommitted: (at: Position) => boolean,
  ): Finding[] {
    if (reply.type === 'register.started') this.#resumption.set(hex(reply.ticket), reply.resumptionSecret);
    if (reply.type === 'wrong-secret') this.#failed.add(ticket);
    if (reply.type === 'recovered') this.#failed.delete(ticket);
    if (reply.type !== 'recover.started' || request.type !== 'recover.start') return [];
    this.#resumption.set(hex(reply.ticket), reply.resumptionSecret);
    const key = `${vault} v${reply.version}`;
    const tally = this.#tallies.get(key) ?? {
      evaluated: new Set(),
      ticketKe1: new Map(),
      budgetMax: reply.budget + reply.failures,
    };
    this.#tallies.set(key, tally);
    tally.evaluated.add(hex(request.ke1));
    tally.ticketKe1.set(hex(reply.ticket), hex(request.ke1));
    if (reply.budget + reply.failures !== tally.budgetMax) {
      return [
        { code: 'over-budget', message: `${key.slice(0, 8)}: budget ${reply.budget} + failures ${reply.failures}` },
      ];
    }
    if (tally.evaluated.size <= tally.budgetMax) return [];
    const { refills, refunds } = this.#grants(vault, tally, isCommitted);
    if (tally.evaluated.size - refunds <= tally.budgetMax * (1 + refills)) return [];
    const message = `vault ${vault.slice(0, 8)} version ${reply.version}: ${tally.evaluated.size} evaluations, ${refunds} refunded, of ${tally.budgetMax} with ${refills} refills`;
    return [{ code: 'over-budget', message }];
  }

  /** At most how many grants and refunds the committed entries hold for this vault and version. */
  #grants(
    vault: string,
    tally: VersionTally,
    isCommitted: (at: Position) => boolean,
  ): { refills: number; refunds: number } {
    const refills = new Set<string>();
    const refunds = new Set<string>();
    for (const one of this.#byVault.get(vault) ?? []) {
      if (!isCommitted(one.at)) continue;
      const opened = this.#open(one);
      if (opened?.request.type === 'refill') refills.add(hex(opened.request.authTicket));
      if (opened?.request.type !== 'recover.finish' || this.#failed.has(opened.ticket)) continue;
      const ke1 = tally.ticketKe1.get(opened.ticket);
      if (ke1 !== undefined) refunds.add(ke1);
    }
    return { refills: refills.size, refunds: refunds.size };
  }

  /** @returns undefined for what does not open with what was released so far. */
  #open(one: Executed): Exclude<Executed['opened'], 'unreadable'> {
    one.opened ??= this.#tryOpen(one.item) ?? 'unreadable';
    return one.opened === 'unreadable' ? undefined : one.opened;
  }

  #tryOpen({ vaultId, request: sealed }: BatchItem): Exclude<Executed['opened'], 'unreadable'> {
    const vault = { fleet: this.#fleet, vaultId };
    const outer = decodeSealedRequest(sealed);
    if (outer.type === 'fresh') {
      const { request, ...open } = openFreshRequest(vault, this.#channelKey, sealed, outer);
      return { request, open, ticket: '' };
    }
    const ticket = hex(outer.ticket);
    const secret = this.#resumption.get(ticket);
    if (secret === undefined) return undefined;
    const { request, ...open } = openTicketedRequest(vault, secret, sealed, outer);
    return { request, open, ticket };
  }
}
