export { AccountModel, type ModelState } from './account-model.js';
export { type CampaignOptions, campaign } from './campaign.js';
export { campaignScenario, faultsMin, operationsMin } from './campaign-scenario.js';
export { commandOfSchedule, type PlayedSchedule, playSchedule } from './campaign-schedule.js';
export { addTallies, type CampaignTally, type CampaignViolation, emptyTally } from './campaign-tally.js';
export { ChainChecker, type Finding } from './chain-checker.js';
export { type BranchCoverage, branchCoverage } from './coverage/branch-coverage.js';
export { type Branch, branchesOf } from './coverage/branches.js';
export { SimulationError, type SimulationErrorCode } from './errors.js';
export { crashAtEach, persistPointsOf } from './every-write.js';
export { allFaults, type FaultKind, type FaultMix, noFaults } from './fault-mix.js';
export { type FaultDecision, Faults } from './faults.js';
export { FaultyLedger, goodLedger, type LedgerProfile, type LedgerWeather } from './faulty-ledger.js';
export { FaultyNetwork, goodNetwork, type LinkProfile, type NetworkCall } from './faulty-network.js';
export { FleetChecker, type ReplicaHolds } from './fleet-checker.js';
export { type FleetKit, type FleetShape, fleetKit } from './fleet-kit.js';
export { GuessChecker } from './guess-checker.js';
export { Guesser } from './guesser.js';
export {
  type HostileReport,
  type HostileScenario,
  hostileMoves,
  hostileShapes,
  playHostile,
} from './hostile/play-hostile.js';
export { Life } from './life.js';
export * from './linearizability/failing-window.js';
export * from './linearizability/history.js';
export { historyEdn } from './linearizability/history-edn.js';
export { decodeHistory, encodeEvent, encodeHead, encodeHistory } from './linearizability/history-lines.js';
export { HistoryRecorder, type RecordedCall } from './linearizability/history-recorder.js';
export * from './linearizability/search.js';
export * from './linearizability/vault-call.js';
export * from './linearizability/vault-model.js';
export { type VaultSpec, vaultSpec } from './linearizability/vault-spec.js';
export { type HistoryTally, repeatsMax, verifyHistory } from './linearizability/verify-history.js';
export { type PersistPlace, type PersistPoint, PersistPoints, persistPlaces } from './persist-points.js';
export { accountIn, probeGroups, rawCaller } from './probe.js';
export { runTool } from './run-tool.js';
export { SeededEntropy, SeededRandom } from './seeded-random.js';
export { commandOf, type Shrunk, shrink } from './shrink.js';
export { SimAccount } from './sim-account.js';
export { SimClock } from './sim-clock.js';
export { cheapStretch, DeviceCrash, SimDevice } from './sim-device.js';
export { type Sabotage, SimFleet, type SimFleetOptions, simTuning } from './sim-fleet.js';
export { SimGateway } from './sim-gateway.js';
export { type HsmCore, type HsmMutation, type HsmObserver, type PowerCut, SimHsm } from './sim-hsm.js';
export { SimSite } from './sim-site.js';
export { SimWorld, simulationStartMs } from './sim-world.js';
export { recoveryMs, type Scenario, type SimReport, simulate } from './simulate.js';
export { Trace } from './trace.js';
export { VirtualTime } from './virtual-time.js';
