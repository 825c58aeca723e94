/** What the demo found, as `--json` prints it. */
export interface DemoResult {
  readonly ok: boolean;
  /** Files backed up. */
  readonly files: number;
  /** Sum of their sizes. */
  readonly bytes: number;
  readonly sites: number;
  /** Sites killed. */
  readonly killed: number;
  /** Whether a new device restored with the password while they were dead. */
  readonly restored: boolean;
  /** Whether every restored file had the SHA-256 of the one that was backed up. */
  readonly filesMatch: boolean;
  /** Whether the site that lost its replica caught up, and the one that lost its HSM state refused to vote. */
  readonly caughtUp: boolean;
  /** Wrong passwords until no guess was left. */
  readonly wrongGuesses: number;
  /** Whether the HSMs then refused the right password for good. */
  readonly destroyed: boolean;
  /** Whether the recovery key still restored every file. */
  readonly restoredByRecoveryKey: boolean;
  /** Epochs in the public log. */
  readonly epochs: number;
  /** Whether the unchanged client moved its vault to the fleet that was published meanwhile. */
  readonly movedToNewFleet: boolean;
  /** Whether an audit from nothing but the auditor's address and the trust root found nothing to doubt. */
  readonly auditOk: boolean;
  /** What the evidence of the fleets is worth: what its weakest item is. */
  readonly evidence: string;
  readonly seconds: number;
}
