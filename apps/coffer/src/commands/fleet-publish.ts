import { resolve } from 'node:path';
import { AuditorClient } from '@coffer/auditor';
import { hex } from '@coffer/base';
import { readSeedFile, readTokenFile, systemClock } from '@coffer/host';
import { type EpochRequest, type GatewayAddress, OperatorError, publishEpoch, refreshGateway } from '@coffer/operator';
import { artifactDigest, decodeTrustRoot } from '@coffer/transparency';
import { auditorSource } from '../audit/auditor-source.js';
import { evidenceVerifier } from '../audit/evidence-verifier.js';
import { checkpointFile, keep, keptCheckpoint } from '../audit/kept-checkpoint.js';
import { CliError } from '../cli-error.js';
import { readTrustRoot } from '../device/fleet-link.js';
import { readFleetFiles } from '../operator/fleet-files.js';
import type { Terminal } from '../terminal/terminal.js';

const dayMs = 86_400_000;

/** What every new epoch needs. */
export interface EpochOptions {
  readonly auditor: string;
  readonly operatorKey: string;
  readonly trustRoot: string;
  /** Days. */
  readonly notAfter: number;
  readonly gateway?: readonly string[] | undefined;
  readonly operatorToken?: string | undefined;
  readonly state?: string | undefined;
  readonly tpm2?: string | undefined;
}

export interface FleetPublishOptions extends EpochOptions {
  readonly fleet?: readonly string[] | undefined;
  readonly drain?: readonly string[] | undefined;
  readonly remove?: readonly string[] | undefined;
  readonly renew?: boolean | undefined;
  readonly first?: boolean | undefined;
}

export interface FleetRevokeOptions extends EpochOptions {
  readonly drain?: boolean | undefined;
}

/** `coffer fleet publish`: new fleets, drained and removed ones, as the next epoch. */
export async function fleetPublishCommand(options: FleetPublishOptions, terminal: Terminal): Promise<void> {
  const { fleet = [], drain = [], remove = [], first = false, renew = false } = options;
  if (fleet.length + drain.length + remove.length === 0 && !renew)
    throw new CliError('usage', 'nothing-to-do', 'name a --fleet, or a fleet to --drain or --remove, or --renew');
  const read = fleet.map(readFleetFiles);
  const changes = { serve: read.map((each) => each.fleet), drain, remove };
  const evidence = read.flatMap((each) => each.evidence);
  await publish({ changes, evidence, isFirst: first, renew }, options, terminal);
}

/** `coffer fleet revoke`: a status that stops clients. */
export async function fleetRevokeCommand(
  fleets: readonly string[],
  options: FleetRevokeOptions,
  terminal: Terminal,
): Promise<void> {
  const changes = options.drain === true ? { drain: fleets } : { revoke: fleets };
  await publish({ changes, evidence: [] }, options, terminal);
}

async function publish(
  epochRequest: Omit<EpochRequest, 'operatorSeed' | 'notAfterMs'>,
  options: EpochOptions,
  { output }: Terminal,
): Promise<void> {
  const { trustRoot } = decodeTrustRoot(readTrustRoot(resolve(options.trustRoot)));
  const gateways = gatewaysOf(options);
  const client = new AuditorClient({ url: options.auditor, namespace: trustRoot.namespace });
  const source = auditorSource(options.auditor);
  const stateFile = resolve(options.state ?? checkpointFile(trustRoot));
  const checkpoint = keptCheckpoint(stateFile, trustRoot);
  const operatorSeed = readSeedFile(resolve(options.operatorKey));
  const auditing = {
    client,
    source,
    trustRoot,
    evidence: evidenceVerifier(options.tpm2),
    clock: systemClock,
    ...(checkpoint === undefined ? {} : { checkpoint }),
  };
  let epoch: number;
  let digest: string | undefined;
  try {
    const notAfterMs = endOfDayMs(systemClock.nowMs(), options.notAfter);
    const request = { ...epochRequest, operatorSeed, notAfterMs };
    const logged = await publishEpoch(auditing, request);
    keep(stateFile, logged.checkpoint);
    epoch = logged.epoch;
    digest = hex(artifactDigest(logged.artifact));
    output.say(`Epoch ${epoch} is published: digest ${digest}`);
  } catch (error) {
    if (!(error instanceof OperatorError) || error.code !== 'nothing-changes') throw error;
    // A command that broke off after the epoch was logged still owes the gateways their part.
    epoch = (await client.lastVerifiedEpoch())?.epoch ?? 0;
    output.say(`Nothing to publish: ${error.message}`);
  } finally {
    operatorSeed.fill(0);
  }
  for (const gateway of gateways) {
    await refreshGateway(gateway, epoch);
    output.say(`${gateway.url} hands out epoch ${epoch}`);
  }
  output.done({ ok: true, epoch, isNew: digest !== undefined, ...(digest === undefined ? {} : { digest }) }, []);
}

/**
 * The end of the last of `days` days, so that the same command says the same all day long: an epoch that is logged and waits
 * for witnesses takes no other counter-signature.
 */
const endOfDayMs = (nowMs: number, days: number): number => (Math.floor(nowMs / dayMs) + days + 1) * dayMs;

function gatewaysOf({ gateway = [], operatorToken }: EpochOptions): readonly GatewayAddress[] {
  if (gateway.length === 0) return [];
  if (operatorToken === undefined)
    throw new CliError('usage', 'no-operator-token', '--gateway goes with --operator-token');
  const token = readTokenFile(resolve(operatorToken));
  return gateway.map((url) => {
    if (!URL.canParse(url)) throw new CliError('usage', 'bad-url', `not the address of a gateway: ${url}`);
    return { url, token };
  });
}
