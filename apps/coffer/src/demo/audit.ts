import { SimulatedQuoteVerifier } from '@coffer/attestation';
import { evidenceRoles, verifyEvidence } from '@coffer/evidence';
import { systemClock } from '@coffer/host';
import { type EpochReport, type EvidenceFinding, httpSource, LogAudit } from '@coffer/monitor';
import type { House } from './house.js';

export interface DemoAudit {
  readonly epochs: number;
  /** Whether nothing is doubted. */
  readonly ok: boolean;
  readonly doubts: readonly string[];
  /** What the evidence of all fleets is worth: what its weakest item is. */
  readonly evidence: EvidenceFinding['verdict'];
  readonly items: number;
}

const weakness: readonly EvidenceFinding['verdict'][] = ['proven', 'attested', 'SIMULATED HARDWARE', 'failed'];

/** What a stranger does who knows the auditor's address and a trust root: recomputes everything. */
export async function auditHouse(house: House): Promise<DemoAudit> {
  const reports: EpochReport[] = [];
  const audit = new LogAudit({
    source: httpSource(house.auditorUrl),
    trustRoot: house.trustRoot,
    clock: systemClock,
    evidence: {
      verify: ({ read, indexDigest, descriptor, trustRoot, size }) =>
        verifyEvidence(read, indexDigest, {
          ...evidenceRoles(trustRoot, size),
          quoteVerifiers: [new SimulatedQuoteVerifier()],
          configHash: descriptor.configHash,
        }).items,
    },
    onEpoch: (report) => reports.push(report),
  });
  const { size, doubts, doubtCount } = await audit.advance();
  const findings = reports.flatMap(({ evidence }) => evidence.flatMap(({ findings }) => findings));
  const worst = Math.max(0, ...findings.map(({ verdict }) => weakness.indexOf(verdict)));
  return {
    epochs: size,
    ok: doubtCount === 0 && size > 0,
    doubts: doubts.map(({ code }) => code),
    evidence: weakness[worst] ?? 'failed',
    items: findings.length,
  };
}
