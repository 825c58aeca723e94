import { resolve } from 'node:path';
import { decodeTrustRoot, type FraudFinding, TransparencyError, verifyFraudProof } from '@coffer/transparency';
import { CliError } from '../cli-error.js';
import { readTrustRoot } from '../device/fleet-link.js';
import { inputFile } from '../input-file.js';
import type { Terminal } from '../terminal/terminal.js';

export interface FraudVerifyOptions {
  readonly trustRoot: string;
}

/** `coffer fraud verify`: whether a file proves that somebody broke the rules. */
export async function fraudVerifyCommand(
  path: string,
  options: FraudVerifyOptions,
  { output }: Terminal,
): Promise<void> {
  const { trustRoot } = decodeTrustRoot(readTrustRoot(resolve(options.trustRoot)));
  const bytes = inputFile(path);
  let found: FraudFinding;
  try {
    found = verifyFraudProof(bytes, trustRoot);
  } catch (cause) {
    if (!(cause instanceof TransparencyError)) throw cause;
    throw new CliError('refused', cause.code, `it proves nothing: ${cause.message} (${cause.code})`, { cause });
  }
  const { kind, culprit, finding } = found;
  output.done({ ok: true, kind, culprit, finding }, [
    finding,
    `Signed by the ${culprit} of trust root ${trustRoot.version}: proven (${kind}).`,
  ]);
}
