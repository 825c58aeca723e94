import {
  ed25519PublicKey,
  ed25519Sign,
  opaqueServerPublicKey,
  oprfRandomKey,
  systemEntropy,
  xwingKeyPair,
} from '@coffer/crypto';
import {
  assembleCertificate,
  type Cap,
  type CommitProof,
  capMessage,
  decodeFleetDescriptor,
  decodeSealedRequest,
  decodeVaultCall,
  type Entry,
  encodeFleetDescriptor,
  encodeVaultAnswer,
  entryHash,
  type FleetDescriptor,
  type FleetId,
  genesisHash,
  groupOf,
  openFreshRequest,
  openTicketedRequest,
  repliesRoot,
  replyPath,
  type Signed,
  sealReply,
  type Vault,
  type VaultAnswer,
  type VaultId,
  type VaultReply,
  type VaultRequest,
} from '@coffer/protocol';
import { FakeVault } from './fake-vault.js';

/** A request as the fleet saw it. */
export interface Seen {
  readonly request: VaultRequest;
  readonly ticket: Uint8Array | undefined;
  readonly sealed: Uint8Array;
}

/**
 * Keys of a small fleet that signs real commit proofs, and one vault behind them. `tamper` changes answers on their way
 * out, `say` replaces replies inside the seal.
 */
export class FakeFleet {
  readonly fleet: FleetDescriptor;
  readonly vault: FakeVault;
  readonly seen: Seen[] = [];
  say: (reply: VaultReply, request: VaultRequest) => VaultReply = (reply) => reply;
  tamper: (answer: VaultAnswer, request: VaultRequest) => VaultAnswer = (answer) => answer;
  readonly #seeds: readonly Uint8Array[];
  readonly #channel = xwingKeyPair(systemEntropy.bytes(32));
  readonly #vaultRef: Vault;
  #index = 0n;

  constructor(vaultId: VaultId, options: { readonly members?: number; readonly budgetLimit?: number } = {}) {
    const { members = 3, budgetLimit = 5 } = options;
    this.#seeds = Array.from({ length: members }, () => systemEntropy.bytes(32));
    const opaquePrivateKey = oprfRandomKey(systemEntropy);
    this.fleet = decodeFleetDescriptor(
      encodeFleetDescriptor({
        fleetId: systemEntropy.bytes(16) as FleetId,
        quorum: Math.floor(members / 2) + 1,
        rollbackTolerance: 0,
        groups: 4,
        budgetLimit,
        channelKey: this.#channel.publicKey,
        opaqueKey: opaqueServerPublicKey(opaquePrivateKey),
        members: this.#seeds.map((seed, i) => ({ id: i + 1, site: `site-${i + 1}`, key: ed25519PublicKey(seed) })),
      }),
    );
    this.#vaultRef = { fleet: this.fleet, vaultId };
    this.vault = new FakeVault(this.#vaultRef, opaquePrivateKey);
  }

  /** Types of the requests seen so far. */
  get types(): string[] {
    return this.seen.map(({ request }) => request.type);
  }

  /** Body of `POST /v1/vault` in, body of a 200 out. */
  answer(body: Uint8Array): Uint8Array {
    const { request: sealed } = decodeVaultCall(body);
    const outer = decodeSealedRequest(sealed);
    const ticket = outer.type === 'ticketed' ? outer.ticket : undefined;
    const { request, ...open } =
      outer.type === 'fresh'
        ? openFreshRequest(this.#vaultRef, this.#channel.secretKey, sealed, outer)
        : openTicketedRequest(this.#vaultRef, this.vault.secretOf(outer.ticket) as Uint8Array, sealed, outer);
    this.seen.push({ request, ticket, sealed });
    const said = this.say(this.vault.step(request, ticket), request);
    const reply = sealReply(this.#vaultRef, open, said, systemEntropy);
    return encodeVaultAnswer(this.tamper({ reply, proof: this.prove(reply) }, request));
  }

  /** A proof that this fleet committed `reply`, as one of two replies of the next entry. */
  prove(reply: Uint8Array, changes: Partial<Entry> = {}, signers: readonly number[] = this.#allMembers()): CommitProof {
    const replies = [systemEntropy.bytes(reply.length), reply];
    const { configHash } = this.fleet;
    const group = groupOf(this.#vaultRef.vaultId, this.fleet.groups);
    const entry: Entry = {
      group,
      configHash,
      term: { round: 1n, leaderId: 1 },
      nonce: systemEntropy.bytes(32),
      index: ++this.#index,
      prevHash: genesisHash(configHash, group),
      root: systemEntropy.bytes(32),
      requestsDigest: systemEntropy.bytes(32),
      repliesRoot: repliesRoot(replies),
      leavesDigest: systemEntropy.bytes(32),
      count: 2,
      ...changes,
    };
    const caps = signers.map((hsm) => this.#cap(hsm, entry));
    return { replyIndex: 1, path: replyPath(replies, 1), entries: [entry], certificate: assembleCertificate(caps) };
  }

  #cap(hsm: number, entry: Entry): Signed<Cap> {
    const { group, configHash, term, index } = entry;
    const statement = { hsm, group, configHash, term, index, hash: entryHash(entry) };
    return { statement, signature: ed25519Sign(this.#seeds[hsm - 1] as Uint8Array, capMessage(statement)) };
  }

  #allMembers(): number[] {
    return this.#seeds.map((_, i) => i + 1);
  }
}
