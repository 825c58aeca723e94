import { join, resolve } from 'node:path';
import { systemClock } from '@coffer/host';
import { type AuditReport, type Doubt, LogAudit } from '@coffer/monitor';
import { decodeTrustRoot } from '@coffer/transparency';
import { auditorSource } from '../audit/auditor-source.js';
import { evidenceVerifier } from '../audit/evidence-verifier.js';
import { checkpointFile, keep, keptCheckpoint } from '../audit/kept-checkpoint.js';
import { doubtLine, epochLines, reportLines } from '../audit/texts.js';
import { CliError } from '../cli-error.js';
import { readTrustRoot } from '../device/fleet-link.js';
import { fraudFileName } from '../fraud-file-name.js';
import { inputFile } from '../input-file.js';
import { type Output, plural } from '../terminal/output.js';
import { type StopWatch, stopSignal } from '../terminal/signals.js';
import type { Terminal } from '../terminal/terminal.js';

/** Options of `coffer audit`. */
export interface AuditOptions {
  readonly trustRoot: string;
  readonly namespace?: string | undefined;
  readonly also?: readonly string[] | undefined;
  readonly checkpoint?: readonly string[] | undefined;
  readonly bundle?: readonly string[] | undefined;
  readonly follow?: boolean | undefined;
  readonly poll?: number | undefined;
  readonly state?: string | undefined;
  readonly fraudDir?: string | undefined;
  readonly tpm2?: string | undefined;
}

const pollSecondsDefault = 60;

/** `coffer audit`: what a stranger checks of a published log. */
export async function auditCommand(url: string, options: AuditOptions, { output }: Terminal): Promise<void> {
  const { trustRoot } = decodeTrustRoot(readTrustRoot(resolve(options.trustRoot)));
  if (options.namespace !== undefined && options.namespace !== trustRoot.namespace)
    throw new CliError('usage', 'other-namespace', `the trust root is of ${trustRoot.namespace}`);
  const stateFile = resolve(options.state ?? checkpointFile(trustRoot));
  const last = keptCheckpoint(stateFile, trustRoot);
  const exhibits = {
    checkpoints: [...(last === undefined ? [] : [last]), ...(options.checkpoint ?? []).map(inputFile)],
    bundles: (options.bundle ?? []).map(inputFile),
  };
  const audit = new LogAudit({
    source: auditorSource(url),
    trustRoot,
    evidence: evidenceVerifier(options.tpm2),
    clock: systemClock,
    others: (options.also ?? []).map(auditorSource),
    onEpoch: (report) => {
      output.line({ type: 'epoch', ...report });
      for (const line of epochLines(report)) output.say(line);
    },
  });
  const pass = new Pass(audit, stateFile, resolve(options.fraudDir ?? '.'), output);
  const stop = stopSignal();
  try {
    if (last !== undefined) output.say(`Held against the checkpoint in ${stateFile}`);
    // Only `--follow` waits for an auditor that does not answer.
    let report = await pass.run(exhibits, options.follow === true);
    if (options.follow !== true && report !== undefined) finish(report, output);
    while (options.follow === true && (await waited((options.poll ?? pollSecondsDefault) * 1000, stop)))
      report = await pass.run(report === undefined ? exhibits : {}, true);
  } finally {
    stop.release();
  }
}

class Pass {
  readonly #audit: LogAudit;
  readonly #stateFile: string;
  readonly #fraudFolder: string;
  readonly #output: Output;
  #size = -1;

  constructor(audit: LogAudit, stateFile: string, fraudFolder: string, output: Output) {
    this.#audit = audit;
    this.#stateFile = stateFile;
    this.#fraudFolder = fraudFolder;
    this.#output = output;
  }

  /** @returns undefined when it is to be tried again. @throws CliError with the code of the first doubt. */
  async run(exhibits: Parameters<LogAudit['advance']>[0], isPatient: boolean): Promise<AuditReport | undefined> {
    const report = await this.#audit.advance(exhibits);
    const { doubts, doubtCount, checkpoint, size } = report;
    const [first] = doubts;
    if (first?.code === 'unreachable' && isPatient) {
      this.#output.warn(`${first.why}; it is asked again`);
      return undefined;
    }
    for (const doubt of doubts) this.#tell(doubt);
    // Kept before anything is said about it: a log that changes its past later is then found out.
    if (checkpoint !== undefined && !doubts.some(isOtherHistory)) keep(this.#stateFile, checkpoint);
    if (first !== undefined) {
      const code = first.code === 'unreachable' ? 'unavailable' : 'refused';
      const more = doubtCount > 1 ? ` and ${plural(doubtCount - 1, 'more doubt')}` : '';
      throw new CliError(code, first.code, `${doubtLine(first)}${more}`);
    }
    if (isPatient && size !== this.#size) for (const line of reportLines(report)) this.#output.say(line);
    this.#size = size;
    return report;
  }

  #tell(doubt: Doubt): void {
    const { fraudProof, ...said } = doubt;
    const file = fraudProof === undefined ? undefined : join(this.#fraudFolder, fraudFileName(doubt.code, fraudProof));
    if (fraudProof !== undefined && file !== undefined) keep(file, fraudProof);
    this.#output.line({ type: 'doubt', ...said, ...(file === undefined ? {} : { fraudProof: file }) });
    this.#output.say(`${this.#output.paint('red', 'doubt:')} ${doubtLine(doubt)}`);
    if (file !== undefined) this.#output.say(`  fraud proof: ${file}; check it with "coffer fraud verify"`);
  }
}

function finish(report: AuditReport, output: Output): void {
  const { origin, namespace, size, trustRootVersion, witnesses, cosignedMs } = report;
  output.done(
    { ok: true, origin, namespace, epochs: size, trustRootVersion, witnesses, cosignedMs, doubts: 0 },
    reportLines(report),
  );
}

const isOtherHistory = ({ code }: Doubt): boolean => code === 'split-view' || code === 'rollback';

/** @returns false when somebody wants it to stop. */
async function waited(ms: number, stop: StopWatch): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const time = new Promise<true>((resolve) => {
    timer = setTimeout(() => resolve(true), ms);
  });
  const isOn = await Promise.race([time, stop.signalled.then(() => false)]);
  clearTimeout(timer);
  return isOn;
}
