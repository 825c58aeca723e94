import { equalBytes, hex } from '@coffer/base';
import { fail } from '../errors.js';
import type { BuildStatement, SourceStatement } from '../forms/image.js';
import type { EvidenceRoles } from './evidence-options.js';
import type { Finding } from './evidence-report.js';
import type { VerifiedStatement } from './verify-statement.js';

export function verifySource(source: SourceStatement): Finding<SourceStatement> {
  return {
    value: source,
    verdict: 'attested',
    why: `The operator names commit ${source.commit} of ${source.repository}.`,
  };
}

/** @throws EvidenceError `source-mismatch`. */
export function verifyBuild(build: BuildStatement, source: SourceStatement): Finding<BuildStatement> {
  if (build.commit !== source.commit) fail('source-mismatch', 'built from another commit than the source names');
  const why = `The operator built image ${hex(build.image)} from it; whether others get the same is said below.`;
  return { value: build, verdict: 'attested', why };
}

/** @returns its signer. @throws EvidenceError `source-mismatch`, `rebuilds-disagree`. */
export function verifyRebuild(
  { predicate, signers }: VerifiedStatement<'rebuild'>,
  build: BuildStatement,
): Finding<Uint8Array> {
  if (predicate.commit !== build.commit) fail('source-mismatch', 'rebuilt from another commit');
  if (!equalBytes(predicate.image, build.image)) fail('rebuilds-disagree', 'this rebuilder got another image');
  const [signer, other] = signers;
  if (signer === undefined || other !== undefined) fail('bad-statement', 'a rebuild is signed by one rebuilder');
  return { value: signer as Uint8Array, verdict: 'attested', why: 'This rebuilder got the same image.' };
}

/**
 * @param signers - of the rebuilds that agree.
 * @throws EvidenceError `rebuilder-twice`, `too-few-rebuilders`.
 */
export function verifyRebuilds(signers: readonly Uint8Array[], { rebuilders }: EvidenceRoles): Finding<number> {
  const distinct = new Set(signers.map(hex)).size;
  if (distinct < signers.length) fail('rebuilder-twice', 'two rebuilds of one rebuilder');
  if (distinct < rebuilders.threshold) {
    fail('too-few-rebuilders', `${distinct} rebuilders agree, and the trust root asks for ${rebuilders.threshold}`);
  }
  return distinct === 0
    ? {
        value: 0,
        verdict: 'attested',
        why: 'Nobody but the operator has built the image, and the trust root asks for nobody.',
      }
    : {
        value: distinct,
        verdict: 'proven',
        why: `${distinct} independent rebuilders got this image from this source.`,
      };
}
