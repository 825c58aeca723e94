import { type Entropy, equalBytes, hex, utf8 } from '@coffer/base';
import {
  hmacSha256,
  opaqueFinalizeRegistration,
  opaqueGenerateKe1,
  opaqueRegistrationRequest,
  sha256,
} from '@coffer/crypto';
import type { SelfTestCall, Transcript } from '@coffer/evidence';
import {
  Birth,
  type BirthReply,
  type BirthRequest,
  decodeBirthReply,
  decodeHostReply,
  encodeBirthRequest,
  encodeHostRequest,
  type HostReply,
  type HostRequest,
  Hsm,
  initialiseHsm,
  type KeyStore,
  MemoryNvram,
  SoftKeyStore,
} from '@coffer/hsm';
import {
  type Attestation,
  assembleCertificate,
  type BirthAcceptance,
  type BirthList,
  type CommittedReply,
  confirmHashOf,
  decodeCommitProof,
  decodeFleetDescriptor,
  encodeCommitProof,
  type FleetDescriptor,
  groupOf,
  ksfDefault,
  opaqueBinding,
  openReply,
  quorumFloor,
  recordKeyOf,
  replyPath,
  type Signed,
  sealRequest,
  sealTicketedRequest,
  signedFleetShareLayout,
  type Ticket,
  type VaultId,
  type VaultReply,
  type VaultRequest,
  vaultIdOf,
  verifyCommitProof,
} from '@coffer/protocol';
import { PartialTree } from '@coffer/tree';
import { encode } from '@coffer/wire';

/** Repeatable bytes, so that the published set can be made again. Only for tests. */
export class TestEntropy implements Entropy {
  #counter = 0;
  readonly #seed: Uint8Array;

  constructor(seed: string) {
    this.#seed = utf8(seed);
  }

  bytes(length: number): Uint8Array {
    const out = new Uint8Array(length);
    for (let at = 0; at < length; at += 32) {
      const block = hmacSha256(this.#seed, utf8(String(this.#counter++)));
      out.set(block.subarray(0, Math.min(32, length - at)), at);
    }
    return out;
  }
}

export interface FleetShape {
  readonly seed: string;
  readonly sites?: readonly string[];
  /** Instead of what file key stores call themselves. */
  readonly platform?: string;
}

export const testImage = sha256(utf8('image of the evidence tests'));
export const testNonce = sha256(utf8('nonce of the evidence tests'));
type Asked<T extends { readonly type: string }, K extends T['type']> = Extract<T, { type: K }>;

/** A fleet of real HSM cores that was born through the real messages, in groups of which each member leads one. */
export class FleetOfCores {
  readonly list: BirthList;
  readonly descriptor: Uint8Array;
  readonly fleet: FleetDescriptor;
  /** SHA-256 of each share, for the ceremony. */
  readonly shareDigests: readonly Uint8Array[];
  readonly acceptances: readonly Signed<BirthAcceptance>[];
  readonly attestations: readonly Signed<Attestation>[];
  readonly #entropy: Entropy;
  readonly #stores: readonly KeyStore[];
  readonly #hsms: readonly Hsm[];
  readonly #indexKey: Uint8Array;
  readonly #stored = new Map<string, Uint8Array>();

  constructor({ seed, sites = ['site-1', 'site-2', 'site-3'], platform }: FleetShape) {
    const entropy = new TestEntropy(seed);
    this.#entropy = entropy;
    const stores = sites.map(() => called(SoftKeyStore.generate(entropy), platform));
    this.#stores = stores;
    const nvrams = stores.map((keyStore, i) => {
      const nvram = new MemoryNvram();
      initialiseHsm({ keyStore, nvram, site: sites[i] as string, entropy });
      return nvram;
    });
    const births = stores.map((keyStore, i) =>
      Birth.boot({ keyStore, nvram: nvrams[i] as MemoryNvram, entropy, image: testImage }),
    );
    const { length } = sites;
    const quorum = quorumFloor(length, 0);
    const plan = { nonce: testNonce, groups: length, budgetLimit: 10, rollbackTolerance: 0, quorum };
    const descriptions = births.map(
      (birth) => askBirth(birth, 'birth.described', { type: 'birth.describe', nonce: testNonce }).description,
    );
    this.list = { plan, descriptions };
    const birth = this.list;
    const made = askBirth(births[0] as Birth, 'birth.generated', { type: 'birth.generate', birth });
    this.descriptor = made.descriptor;
    this.shareDigests = made.shares.map((share) => sha256(encode(signedFleetShareLayout, share)));
    const others = births.slice(1).map((each, i) => {
      const share = made.shares[i] as (typeof made.shares)[0];
      const { descriptor } = made;
      return askBirth(each, 'birth.accepted', { type: 'birth.accept', birth, descriptor, share }).acceptance;
    });
    this.acceptances = [made.acceptance, ...others];
    this.fleet = decodeFleetDescriptor(made.descriptor);
    this.#hsms = stores.map((keyStore, i) =>
      Hsm.boot({ fleet: this.fleet, keyStore, nvram: nvrams[i] as MemoryNvram, entropy, image: testImage }),
    );
    this.attestations = sites.map((_, i) => this.attest(i + 1, testNonce));
    this.#indexKey = this.#ask(1, 'described', { type: 'describe' }).indexKey;
    for (let id = 1; id <= length; id++) this.#lead(id, id - 1);
  }

  /** What only somebody with the key of an HSM could do. */
  sign(id: number, message: Uint8Array): Uint8Array {
    return (this.#stores[id - 1] as KeyStore).sign(message);
  }

  attest(id: number, nonce: Uint8Array): Signed<Attestation> {
    return this.#ask(id, 'attested', { type: 'attest', nonce }).attestation;
  }

  /** Registers a vault in the group that `member` leads, guesses wrong `budget` times, then right twice. */
  async selfTest(member: number, budget: number): Promise<Transcript> {
    const vaultId = this.#vaultIn(member - 1);
    const vault = { fleet: this.fleet, vaultId };
    const calls: SelfTestCall[] = [];
    const ask = <T extends VaultReply['type']>(type: T, request: VaultRequest, ticket?: Ticket) => {
      const { sealed, ...open } =
        ticket === undefined
          ? sealRequest(vault, request, this.#entropy)
          : sealTicketedRequest(vault, ticket, request, this.#entropy);
      const answer = this.#send(member, vaultId, sealed);
      calls.push({ request: request.type as SelfTestCall['request'], ...open, answer });
      const reply = openReply(vault, open, answer.reply);
      if (reply.type !== type) throw new Error(`expected ${type}, got ${reply.type}`);
      return reply as Asked<VaultReply, T>;
    };
    const { blind, request: blinded } = opaqueRegistrationRequest(utf8('right'), this.#entropy);
    const started = ask('register.started', { type: 'register.start', blinded, authTicket: undefined });
    const { serverIdentity, clientIdentity } = opaqueBinding(vault);
    const { record } = await opaqueFinalizeRegistration({
      password: utf8('right'),
      blind,
      response: started.response,
      serverIdentity,
      clientIdentity,
      ksf: (input) => input,
      entropy: this.#entropy,
    });
    const confirmSecret = this.#entropy.bytes(32);
    const confirmHash = confirmHashOf(confirmSecret);
    const finish: VaultRequest = {
      type: 'register.finish',
      record,
      ksf: ksfDefault,
      payload: utf8('nothing'),
      budgetMax: budget,
      confirmHash,
    };
    const { version } = ask('register.finished', finish, started);
    ask('register.confirmed', { type: 'register.confirm', version, confirmSecret });
    const ke1 = (password: string): VaultRequest => ({
      type: 'recover.start',
      ke1: opaqueGenerateKe1(utf8(password), this.#entropy).ke1,
    });
    for (let i = 0; i < budget; i++) {
      const guess = ask('recover.started', ke1(`wrong ${i}`));
      ask('wrong-secret', { type: 'recover.finish', ke3: this.#entropy.bytes(64) }, guess);
    }
    for (let i = 0; i < 2; i++) ask('destroyed', ke1('right'));
    return { member, vaultId, calls };
  }

  #vaultIn(group: number): VaultId {
    for (let i = 0; ; i++) {
      const id = vaultIdOf('self-test', `account ${i}`);
      if (groupOf(id, this.fleet.groups) === group) return id;
    }
  }

  /** Makes `id` the leader of `group`, as agents do. */
  #lead(id: number, group: number): void {
    const t = { round: 1n, leaderId: id };
    const others = this.fleet.members.map((member) => member.id).filter((each) => each !== id);
    const own = this.#ask(id, 'promised', { type: 'promise', group, t, nonce: new Uint8Array(32) }).promise;
    const { nonce } = own.statement;
    const promises = [
      own,
      ...others.map((each) => this.#ask(each, 'promised', { type: 'promise', group, t, nonce }).promise),
    ];
    const { view } = this.#ask(id, 'new-view', { type: 'new-view', group, t, promises, base: undefined });
    for (const each of others) this.#ask(each, 'captured', { type: 'adopt', view });
  }

  /** One sealed request, all the way. */
  #send(leaderId: number, vaultId: VaultId, request: Uint8Array): CommittedReply {
    const group = leaderId - 1;
    const key = recordKeyOf(this.#indexKey, vaultId);
    const store = { node: (path: Uint8Array) => this.#stored.get(`${group} ${hex(path)}`) };
    const tree = PartialTree.load(store, [key]);
    const leaf = this.#stored.get(`${group} leaf ${hex(key)}`);
    const term = { round: 1n, leaderId };
    const items = [{ vaultId, request, leaf }];
    const { entry, leaves } = this.#ask(leaderId, 'executed', {
      type: 'execute',
      group,
      term,
      items,
      proof: tree.encodeProof(),
    });
    if (entry === undefined) throw new Error('the request did not open');
    for (const { recordKey, sealed } of leaves) {
      tree.set(recordKey, sha256(sealed));
      this.#stored.set(`${group} leaf ${hex(recordKey)}`, sealed);
    }
    for (const { path, node } of tree.changes()) this.#stored.set(`${group} ${hex(path)}`, node);
    if (!equalBytes(tree.root(), entry.entry.root)) throw new Error('another root');
    const caps = this.fleet.members.map(
      ({ id }) => this.#ask(id, 'captured', { type: 'capture', group, entries: [entry] }).cap,
    );
    const certificate = assembleCertificate(caps);
    const { entries } = this.#ask(leaderId, 'released', { type: 'release', certificate });
    const replies = entries.find(({ index }) => index === entry.entry.index)?.replies ?? [];
    const proof = { replyIndex: 0, path: replyPath(replies, 0), entries: [entry.entry], certificate };
    const reply = replies[0] as Uint8Array;
    verifyCommitProof(this.fleet, group, reply, proof);
    return { reply, proof: decodeCommitProof(encodeCommitProof(proof)) };
  }

  #ask<K extends HostReply['type']>(id: number, type: K, body: HostRequest): Asked<HostReply, K> {
    const [answer] = (this.#hsms[id - 1] as Hsm).step([encodeHostRequest({ id: 1, body })]);
    return as(type, decodeHostReply(answer as Uint8Array).body);
  }
}

function askBirth<K extends BirthReply['type']>(birth: Birth, type: K, body: BirthRequest): Asked<BirthReply, K> {
  const [answer] = birth.step([encodeBirthRequest({ id: 1, body })]);
  return as(type, decodeBirthReply(answer as Uint8Array).body);
}

function as<T extends { readonly type: string }, K extends T['type']>(type: K, reply: T): Asked<T, K> {
  if (reply.type !== type) throw new Error(`expected ${type}, got ${JSON.stringify(reply)}`);
  return reply as Asked<T, K>;
}

/** A key store under another name. */
function called(store: SoftKeyStore, platform: string | undefined): KeyStore {
  return {
    platform: platform ?? store.platform,
    publicKey: store.publicKey,
    sign: (message) => store.sign(message),
    seal: (data, plaintext) => store.seal(data, plaintext),
    open: (data, sealed) => store.open(data, sealed),
  };
}
