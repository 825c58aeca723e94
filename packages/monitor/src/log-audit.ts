import { emptyArtifactHistory, type TrustRoot } from '@coffer/transparency';
import { AuditPass, type AuditReport, type AuditState, type LogAuditOptions } from './audit-pass.js';
import type { Exhibits } from './exhibits.js';
import { Published } from './published.js';
import { RootChain } from './root-chain.js';
import { TreeRecount } from './tree-recount.js';

/**
 * Audits a whole log from nothing but its address and a trust root, and then goes on with what is new. It holds one epoch,
 * the right edge of the tree and the list of fleets, however long the log is.
 */
export class LogAudit {
  readonly #options: LogAuditOptions;
  readonly #published: Published;
  #state: AuditState;

  constructor(options: LogAuditOptions) {
    this.#options = options;
    this.#published = new Published(options.source, options.trustRoot.namespace);
    this.#state = {
      roots: new RootChain([options.trustRoot]),
      recount: new TreeRecount(),
      history: emptyArtifactHistory,
      before: undefined,
      entry: undefined,
      first: undefined,
      trustRootVersion: 1,
      judged: new Set(),
      checkpoint: undefined,
    };
  }

  /** The newest trust root that a whole pass has followed, from the given one on. */
  get trustRoot(): TrustRoot {
    return this.#state.roots.newest;
  }

  /**
   * Checks everything since the last pass; the first time, everything. A pass that ended before it had the whole tree,
   * because something did not answer or the tree is not the one that was signed, changes nothing: the next one begins where it began.
   */
  async advance(exhibits: Exhibits = {}): Promise<AuditReport> {
    const pass = new AuditPass(this.#options, this.#published, this.#state);
    const report = await pass.run(exhibits);
    if (pass.isWhole) this.#state = pass.state;
    return report;
  }
}
