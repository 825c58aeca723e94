import { readFileSync, rmSync } from 'node:fs';
import { zero } from '@coffer/base';
import { holdCeremony } from '@coffer/ceremony';
import { sha256, systemEntropy } from '@coffer/crypto';
import type { BuildStatement, CeremonyStep, EvidenceSet, SourceStatement } from '@coffer/evidence';
import { makeFolders, readSeedFile, replaceFile, systemClock } from '@coffer/host';
import { quorumFloor } from '@coffer/protocol';
import { CliError } from '../cli-error.js';
import { bearInProcesses } from './bear-in-processes.js';
import { createFleet, type FleetShape } from './create.js';
import type { Daemon } from './daemon.js';
import { writeEvidence } from './evidence-folder.js';
import type { FleetFolder } from './folder.js';
import { livingFleet } from './living-fleet.js';
import type { FleetPlan } from './plan.js';
import { RunningFleet } from './running-fleet.js';

/** How long the new fleet may take until every group is led. */
const readyMs = 60_000;

export interface FleetCeremonyOptions {
  readonly folder: FleetFolder;
  readonly plan: FleetPlan;
  /** File of the HSM image, absolute. */
  readonly image: string;
  readonly source?: SourceStatement | undefined;
  readonly build?: BuildStatement | undefined;
  readonly onStep?: (step: CeremonyStep) => void;
  readonly exceptions?: () => Promise<readonly string[]>;
  /** Gets the fleet as soon as it runs, and stops it some time. Without it the fleet is stopped here. */
  readonly onRunning?: (fleet: RunningFleet) => void;
  /** Hears of each process of an HSM that waits to be born. */
  readonly onDaemon?: (daemon: Daemon) => void;
}

/**
 * Makes the fleet of a folder in a ceremony and writes its evidence beside it. The fleet runs while it is tested and is
 * stopped afterwards. Until the evidence is written the folder counts as broken off, and the next ceremony clears it.
 * @throws CeremonyError, CliError, HostError.
 */
export async function ceremonyOf(
  options: FleetCeremonyOptions,
): Promise<{ descriptor: Uint8Array; evidence: EvidenceSet }> {
  const { folder, plan, image } = options;
  makeFolders(folder.root);
  const sites = plan.sites.map(({ name }) => name);
  const groups = plan.groups ?? sites.length;
  // Each member has to lead a group to be tried.
  if (groups < sites.length)
    throw new CliError('usage', 'too-few-groups', 'a fleet has as many groups as sites, or more');
  const quorum = plan.quorum ?? quorumFloor(sites.length, plan.rollbackTolerance);
  const { budgetLimit, rollbackTolerance } = plan;
  const shape: FleetShape = { sites: plan.sites, groups, budgetLimit, rollbackTolerance, quorum, image };
  const operator = readSeedFile(plan.operator);
  const witnesses = plan.witnesses.map(readSeedFile);
  let running: RunningFleet | undefined;
  try {
    const held = await holdCeremony({
      plan: { sites, groups, budgetLimit, rollbackTolerance, quorum },
      image: sha256(readFileSync(image)),
      roles: { operator, witnesses },
      entropy: systemEntropy,
      clock: systemClock,
      keyStores: plan.sites.map(({ keyStore }) =>
        typeof keyStore === 'object' ? { kind: 'pkcs11', extractable: false } : { kind: 'file', extractable: true },
      ),
      source: options.source,
      build: options.build,
      media: plan.media,
      ...(options.onStep === undefined ? {} : { onStep: options.onStep }),
      ...(options.exceptions === undefined ? {} : { exceptions: options.exceptions }),
      async bear({ nonce }, events) {
        let born: Awaited<ReturnType<typeof bearInProcesses>> | undefined;
        await createFleet(folder, shape, async () => {
          born = await bearInProcesses(folder, shape, nonce, events, options.onDaemon);
          return born.descriptor;
        });
        // It runs from here on, and is no fleet before its evidence is written.
        replaceFile(folder.creating, 'a ceremony is being held here\n');
        if (born === undefined) throw new CliError('unavailable', 'no-fleet', 'no fleet was made');
        return born;
      },
      async awaken() {
        running = await RunningFleet.start({ folder, restarts: false });
        options.onRunning?.(running);
        await running.ready(readyMs);
        // Without the slowest it is ready too, but a ceremony asks every one.
        await running.allHsmsUp(readyMs);
        return livingFleet(running);
      },
    });
    writeEvidence(folder.evidence, held.evidence);
    rmSync(folder.creating);
    return { descriptor: new Uint8Array(readFileSync(folder.descriptor)), evidence: held.evidence };
  } finally {
    if (options.onRunning === undefined) await running?.stop();
    zero(operator, ...witnesses);
  }
}
