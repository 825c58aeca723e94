import { join } from 'node:path';

/** Default folder of a fleet on this machine, under the current one. */
export const defaultFolderName = '.coffer';

/** Where everything of one local fleet lies. */
export class FleetFolder {
  readonly root: string;

  /** @param root - absolute. */
  constructor(root: string) {
    this.root = root;
  }

  /** Held by the `up` that runs this fleet. */
  get lock(): string {
    return join(this.root, 'up.lock');
  }
  /** Present while the fleet is being created, and after a creation that was broken off. */
  get creating(): string {
    return join(this.root, 'creating');
  }
  get settings(): string {
    return join(this.root, 'coffer.json');
  }
  /** The pinned descriptor. */
  get descriptor(): string {
    return join(this.root, 'fleet.json');
  }
  /** What was published of the fleet's creation; absent where it was made without a ceremony. */
  get evidence(): string {
    return join(this.root, 'evidence');
  }
  get operatorToken(): string {
    return join(this.root, 'operator-token');
  }
  /** Development only: the key that signs account tokens. */
  get issuerSeed(): string {
    return join(this.root, 'issuer', 'seed.bin');
  }
  get issuerJwks(): string {
    return join(this.root, 'issuer', 'jwks.json');
  }
  get ledger(): string {
    return join(this.root, 'ledger', 'ledger.db');
  }
  get gatewayConfig(): string {
    return join(this.root, 'gateway', 'gatewayd.json');
  }
  get logs(): string {
    return join(this.root, 'logs');
  }

  site(member: number): SiteFolder {
    return new SiteFolder(join(this.root, `site-${member}`), this.logs, member);
  }
}

/** One site: what its HSM keeps, and what its agent keeps. */
export class SiteFolder {
  readonly root: string;
  readonly member: number;
  readonly #logs: string;

  constructor(root: string, logs: string, member: number) {
    this.root = root;
    this.member = member;
    this.#logs = logs;
  }

  get hsm(): string {
    return join(this.root, 'hsm');
  }
  get hsmConfig(): string {
    return join(this.hsm, 'hsmd.json');
  }
  get keyStore(): string {
    return join(this.hsm, 'keystore.bin');
  }
  get state(): string {
    return join(this.hsm, 'state.bin');
  }
  get socket(): string {
    return join(this.hsm, 'hsm.sock');
  }
  get replicaFolder(): string {
    return join(this.root, 'replica');
  }
  get replica(): string {
    return join(this.replicaFolder, 'replica.db');
  }
  get agentConfig(): string {
    return join(this.root, 'agentd.json');
  }
  get hsmLog(): string {
    return join(this.#logs, `hsmd-${this.member}.log`);
  }
  get agentLog(): string {
    return join(this.#logs, `agentd-${this.member}.log`);
  }
}
