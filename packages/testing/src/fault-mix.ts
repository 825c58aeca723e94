/** Kinds of faults, each with its weight against the others; 0 or absent never happens. */
export interface FaultMix {
  readonly agentCrash?: number;
  readonly hsmCrash?: number;
  /** An HSM loses its power right before or right after its next write. */
  readonly powerCut?: number;
  readonly siteCrash?: number;
  /** A site burns down with its HSM's state, for good; as many as the fleet can be without. */
  readonly siteWipe?: number;
  readonly slowSite?: number;
  readonly partition?: number;
  readonly oneWay?: number;
  readonly badNetwork?: number;
  /** Clocks of agents and the gateway leap forward; those of devices and of the ledger are set, to and fro. */
  readonly clockJump?: number;
  readonly badLedger?: number;
  readonly ledgerDown?: number;
  readonly ledgerLoss?: number;
  /** A split brain: two engines with one past, of which one wins. */
  readonly ledgerFork?: number;
  readonly staleLedger?: number;
  readonly corruptLedger?: number;
  /** An agent dies right before or right after its next write to the ledger. */
  readonly ledgerCut?: number;
  readonly replicaCut?: number;
  readonly replicaLoss?: number;
  readonly deviceCrash?: number;
  /** A device dies right before or right after its next write. */
  readonly storeCut?: number;
  readonly replay?: number;
}

export type FaultKind = keyof FaultMix;

/** Everything that can go wrong, with crashes and the network in front. */
export const allFaults: Required<FaultMix> = {
  agentCrash: 4,
  hsmCrash: 3,
  powerCut: 4,
  siteCrash: 2,
  siteWipe: 1,
  slowSite: 2,
  partition: 4,
  oneWay: 2,
  badNetwork: 4,
  clockJump: 3,
  badLedger: 3,
  ledgerDown: 1,
  ledgerLoss: 1,
  ledgerFork: 1,
  staleLedger: 2,
  corruptLedger: 2,
  ledgerCut: 3,
  replicaCut: 3,
  replicaLoss: 1,
  deviceCrash: 3,
  storeCut: 3,
  replay: 4,
};

export const noFaults: FaultMix = {};

/**
 * The log's rows are in the ledger and in replicas. Who loses both copies of a row loses the group: that is no fault that
 * a fleet must survive, so a schedule has one kind of loss or the other.
 */
export const losesLedgerRows: readonly FaultKind[] = ['ledgerLoss', 'ledgerFork'];
export const losesReplicas: readonly FaultKind[] = ['replicaLoss', 'siteWipe'];
