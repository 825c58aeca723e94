import type { AuditReport, Doubt, EpochReport, FleetChange, FleetDelta, RoleDelta } from '@coffer/monitor';
import { plural } from '../terminal/output.js';

/** Enough of a key or digest to tell it from others; `--json` has all of it. */
const short = (hex: string): string => (hex.length <= 24 ? hex : `${hex.slice(0, 16)}…`);
const time = (ms: number): string => new Date(ms).toISOString().replace(/:\d\d\.\d{3}Z$/, 'Z');

/** What an epoch changed, for people. */
export function epochLines({ epoch, digest, signedMs, notAfterMs, delta, roles, evidence }: EpochReport): string[] {
  return [
    `Epoch ${epoch}  ${short(digest)}  signed ${time(signedMs)}, good until ${time(notAfterMs)}`,
    ...deltaLines(delta),
    ...(roles === undefined ? [] : roleLines(roles)),
    ...evidence.map(({ configHash, findings }) => {
      const verdicts = [...new Set(findings.map(({ verdict }) => verdict))];
      const counts = verdicts.map((each) => `${findings.filter(({ verdict }) => verdict === each).length} ${each}`);
      return `  evidence of ${short(configHash)}: ${counts.join(', ')}`;
    }),
  ];
}

function deltaLines({ added, removed, changed, newEvidence, ...signers }: FleetDelta): string[] {
  const lines = [
    ...added.flatMap((fleet) => fleetLines('+', fleet)),
    ...removed.flatMap((fleet) => fleetLines('-', fleet)),
    ...changed.map(({ fleetId, from, to }) => `  ~ fleet ${fleetId}: ${from} -> ${to}`),
    ...newEvidence.map((configHash) => `  ~ other evidence for ${short(configHash)}`),
  ];
  const { auditorKey, operatorKey, trustRootVersion } = signers;
  if (auditorKey !== undefined) lines.push(`  signed by auditor ${short(auditorKey)}`);
  if (operatorKey !== undefined) lines.push(`  counter-signed by operator ${short(operatorKey)}`);
  if (trustRootVersion !== undefined) lines.push(`  under trust root ${trustRootVersion}`);
  return lines.length === 0 ? ['  nothing changed'] : lines;
}

/** What a new trust root changed. */
export function roleLines({ added, removed, revoked, thresholds }: RoleDelta): string[] {
  return [
    ...added.map(({ role, key }) => `    + ${role} ${short(key)}`),
    ...removed.map(({ role, key }) => `    - ${role} ${short(key)}`),
    ...revoked.map(({ key, revokedAtSize }) => `    ! revoked ${short(key)} from size ${revokedAtSize}`),
    ...thresholds.map(({ of, from, to }) => `    ~ needed of ${of}: ${from} -> ${to}`),
  ];
}

function fleetLines(sign: '+' | '-', { fleetId, configHash, status, keys }: FleetChange): string[] {
  return [
    `  ${sign} fleet ${fleetId} (configHash ${short(configHash)}), ${status}`,
    ...keys.map(({ role, algorithm, key, site }) => {
      const where = site === undefined ? '' : ` at ${site}`;
      return `      ${sign} ${role.padEnd(7)} ${algorithm.padEnd(12)} ${short(key)}${where}`;
    }),
  ];
}

/** The end of a pass without doubts. */
export function reportLines({ origin, size, trustRootVersion, witnesses, cosignedMs }: AuditReport): string[] {
  const since = cosignedMs === undefined ? '' : `, last by a quorum at ${time(cosignedMs)}`;
  return [
    `${origin}: ${plural(size, 'epoch')}, nothing to doubt`,
    `  trust root ${trustRootVersion}; cosigned by ${witnesses.join(', ')}${since}`,
  ];
}

/** One doubt, for people. */
export function doubtLine({ code, epoch, cause, why }: Doubt): string {
  const place = epoch === undefined ? '' : `epoch ${epoch}: `;
  return `${place}${why} (${code}${cause === undefined ? '' : `: ${cause}`})`;
}
