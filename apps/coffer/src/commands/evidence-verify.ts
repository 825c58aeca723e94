import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { hex } from '@coffer/base';
import { type EvidenceReport, evidenceRoles, holds, type Verdict, verifyEvidence } from '@coffer/evidence';
import { decodeTrustRoot } from '@coffer/transparency';
import { CliError } from '../cli-error.js';
import { readTrustRoot } from '../device/fleet-link.js';
import { auditorEvidence, evidenceFolder } from '../evidence/evidence-source.js';
import { quoteVerifiers } from '../evidence/quote-verifiers.js';
import { reportGroups } from '../evidence/report-groups.js';
import { headline, reportHtml } from '../evidence/report-html.js';
import type { Output } from '../terminal/output.js';
import type { Terminal } from '../terminal/terminal.js';

export interface EvidenceVerifyOptions {
  /** Whose keys are believed. */
  readonly trustRoot: string;
  /** 64 hex digits: the evidence digest. */
  readonly digest?: string | undefined;
  /** Size of the log with the leaf that first named the evidence. */
  readonly size?: number | undefined;
  /** JSON file with TPM roots. */
  readonly tpm2?: string | undefined;
  /** Where an HTML report goes. */
  readonly html?: string | undefined;
}

/** `coffer evidence verify`: recomputes what a fleet's evidence says, and believes nothing but the trust root. */
export async function evidenceVerifyCommand(
  where: string,
  options: EvidenceVerifyOptions,
  { output }: Terminal,
): Promise<void> {
  const { trustRoot } = decodeTrustRoot(readTrustRoot(resolve(options.trustRoot)));
  const isAddress = /^https?:\/\//.test(where);
  const verifiers = quoteVerifiers(options.tpm2);
  const source = isAddress ? await auditorEvidence(where, options.digest) : evidenceFolder(where, options.digest);
  const report = verifyEvidence(source.read, source.digest, {
    ...evidenceRoles(trustRoot, options.size),
    quoteVerifiers: verifiers,
  });
  if (options.html !== undefined) {
    const { namespace, version } = trustRoot;
    const frame = { namespace, trustRootVersion: version, checkedAtMs: Date.now(), isPinned: source.isPinned };
    writeFileSync(resolve(options.html), reportHtml(report, frame));
  }
  tell(report, source.isPinned, output);
  const details = {
    digest: hex(report.digest),
    configHash: report.configHash === undefined ? null : hex(report.configHash),
    simulated: report.items.some(({ verdict }) => verdict === 'SIMULATED HARDWARE'),
    items: report.items,
    exceptions: report.exceptions,
  };
  if (!holds(report)) throw new CliError('refused', 'evidence-failed', headline(report), { details });
  output.done({ ok: true, ...details }, [headline(report)]);
}

const colors: Readonly<Record<Verdict, 'green' | 'yellow' | 'red' | 'bold'>> = {
  proven: 'green',
  attested: 'bold',
  'SIMULATED HARDWARE': 'yellow',
  failed: 'red',
};
const verdictColumns = 'SIMULATED HARDWARE'.length;

function tell({ items, exceptions, digest }: EvidenceReport, isPinned: boolean, output: Output): void {
  output.say(`Evidence ${hex(digest)}`);
  if (!isPinned) output.warn('this is the digest of the index that was found; --digest says which one it should be');
  for (const group of reportGroups(items)) {
    output.say();
    output.say(output.paint('bold', group.title));
    for (const { kind, name, verdict, code, why } of group.items) {
      const mark = output.paint(colors[verdict], verdict.padEnd(verdictColumns));
      output.tell(
        `  ${mark}  ${name === kind ? kind : `${kind} ${name}`}: ${code === undefined ? '' : `${code}: `}${why}`,
      );
    }
  }
  if (exceptions.length > 0) {
    output.say();
    output.say(output.paint('bold', 'Exceptions at the ceremony'));
    for (const what of exceptions) output.tell(`  ${what}`);
  }
  output.say();
}
