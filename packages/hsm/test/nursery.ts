import type { Birth, BirthReply, BirthRequest, MemoryNvram, Nvram, SoftKeyStore } from '@coffer/hsm';
import type { BirthList, BirthPlan } from '@coffer/protocol';
import { CountingEntropy, type Modules, RefusedError, realModules, testImage } from './bench.js';

export interface Unborn {
  readonly keyStore: SoftKeyStore;
  readonly nvram: MemoryNvram;
  birth: Birth;
}

export type Generated = Extract<BirthReply, { type: 'birth.generated' }>;

/** HSMs that wait for a fleet, driven by hand. */
export class Nursery {
  readonly modules: Modules;
  readonly entropy: CountingEntropy;
  readonly hsms: Unborn[] = [];
  #ids = 0;

  constructor({ count = 3, modules = realModules }: { count?: number; modules?: Modules } = {}) {
    this.modules = modules;
    this.entropy = new CountingEntropy('nursery');
    for (let i = 1; i <= count; i++) this.add(`site-${i}`);
  }

  add(site: string, image = testImage): Unborn {
    const { entropy } = this;
    const { SoftKeyStore, MemoryNvram, initialiseHsm, Birth } = this.modules.hsm;
    const keyStore = SoftKeyStore.generate(entropy);
    const nvram = new MemoryNvram();
    initialiseHsm({ keyStore, nvram, site, entropy });
    const unborn = { keyStore, nvram, birth: Birth.boot({ keyStore, nvram, entropy, image }) };
    this.hsms.push(unborn);
    return unborn;
  }

  /** The same HSM in a new process. */
  restart(hsm: Unborn, nvram: Nvram = hsm.nvram): Birth {
    const { keyStore } = hsm;
    hsm.birth = this.modules.hsm.Birth.boot({ keyStore, nvram, entropy: this.entropy, image: testImage });
    return hsm.birth;
  }

  plan(change: Partial<BirthPlan> = {}): BirthPlan {
    const quorum = this.modules.protocol.quorumFloor(this.hsms.length, change.rollbackTolerance ?? 0);
    return { nonce: new Uint8Array(32).fill(7), groups: 2, budgetLimit: 10, rollbackTolerance: 0, quorum, ...change };
  }

  list(change: Partial<BirthPlan> = {}, hsms: readonly Unborn[] = this.hsms): BirthList {
    const plan = this.plan(change);
    return { plan, descriptions: hsms.map((hsm) => this.describe(hsm, plan.nonce)) };
  }

  describe(hsm: Unborn, nonce: Uint8Array): BirthList['descriptions'][number] {
    return this.ask(hsm, 'birth.described', { type: 'birth.describe', nonce }).description;
  }

  generate(birth: BirthList, hsm: Unborn = this.hsms[0] as Unborn): Generated {
    return this.ask(hsm, 'birth.generated', { type: 'birth.generate', birth });
  }

  /** Hands a share to its member of the list. */
  accept(birth: BirthList, { descriptor, shares }: Generated, id: number): void {
    const share = shares.find(({ statement }) => statement.hsm === id);
    if (share === undefined) throw new Error(`no share for ${id}`);
    this.ask(this.hsms[id - 1] as Unborn, 'birth.accepted', { type: 'birth.accept', birth, descriptor, share });
  }

  call(hsm: Unborn, body: BirthRequest): BirthReply {
    const { encodeBirthRequest, decodeBirthReply } = this.modules.hsm;
    const [answer] = hsm.birth.step([encodeBirthRequest({ id: ++this.#ids, body })]);
    return decodeBirthReply(answer as Uint8Array).body;
  }

  ask<T extends BirthReply['type']>(hsm: Unborn, type: T, body: BirthRequest): Extract<BirthReply, { type: T }> {
    const reply = this.call(hsm, body);
    if (reply.type === 'birth.refused') throw new RefusedError(reply.code);
    if (reply.type !== type) throw new Error(`expected ${type}, got ${reply.type}`);
    return reply as Extract<BirthReply, { type: T }>;
  }
}
