import { CodedError } from '@coffer/base';
import type { FaultDecision } from './faults.js';

/**
 * What a simulation can find. The numbers are those of docs/spec/consensus.md, "Invariants".
 *
 * - `two-released`: two different entries released for one group and index (1).
 * - `released-fork`: released entries that do not lie on one chain (2).
 * - `certified-fork`: certificates that do not lie on one chain (3).
 * - `uncommitted-release`: replies released before a quorum captured their entry.
 * - `over-budget`: more evaluations released than guesses were granted (4).
 * - `double-charge`: two requests for one record in one entry, so that two evaluations share a charge (4).
 * - `committed-left`: an HSM left a committed entry (5).
 * - `data-not-held`: an HSM captured an entry that its site's replica does not hold (6).
 * - `state-too-large`: persisted HSM state over its bound (7).
 * - `vault-went-back`: a vault that is older in a later entry, or secrets that answered after their end (4, rules 4 and 7).
 * - `forgotten`: an HSM that a restart changed, or that answered although its write had failed (rule 8).
 * - `changed-by-refusal`: an HSM whose state changed with a refusal, or that host input stopped.
 * - `forgetful`: an HSM that starts although its persisted state is gone.
 * - `stuck`: a request that was not answered in time after all faults had stopped (8).
 * - `unequal-replicas`: replicas that do not agree after all faults had stopped.
 * - `wrong-outcome`: a client heard something that cannot follow from what it did.
 * - `not-linearizable`: replies that no order of the calls to a vault explains.
 * - `undecided`: a history too tangled to be checked: nothing is shown either way.
 * - `bad-history`: a file that is no history.
 * - `twin-differs`: a schedule of a campaign that went another way with real primitives.
 * - `crashed`: simulated code threw where nobody catches.
 * - `bad-options`: a scenario that cannot be run.
 */
export type SimulationErrorCode =
  | 'two-released'
  | 'released-fork'
  | 'certified-fork'
  | 'uncommitted-release'
  | 'over-budget'
  | 'double-charge'
  | 'committed-left'
  | 'data-not-held'
  | 'state-too-large'
  | 'vault-went-back'
  | 'forgotten'
  | 'changed-by-refusal'
  | 'forgetful'
  | 'stuck'
  | 'unequal-replicas'
  | 'wrong-outcome'
  | 'not-linearizable'
  | 'undecided'
  | 'bad-history'
  | 'twin-differs'
  | 'crashed'
  | 'bad-options';

/** A broken promise of the simulated system, with what is needed to see it again. */
export class SimulationError extends CodedError<SimulationErrorCode> {
  /** The newest trace lines before it. */
  readonly trace: readonly string[];
  readonly seed: string | undefined;
  /** The faults of the schedule, in order. */
  readonly faults: readonly FaultDecision[];

  constructor(
    code: SimulationErrorCode,
    message: string,
    options: {
      readonly cause?: unknown;
      readonly trace?: readonly string[];
      readonly seed?: string;
      readonly faults?: readonly FaultDecision[];
    } = {},
  ) {
    super(code, message, options);
    this.trace = options.trace ?? [];
    this.seed = options.seed;
    this.faults = options.faults ?? [];
  }
}
