import { AttestationError, type QuoteVerifier, SimulatedQuoteVerifier, Tpm2QuoteVerifier } from '@coffer/attestation';
import { BytesError, fromBase64, fromHex } from '@coffer/base';
import { z } from 'zod';
import { CliError } from '../cli-error.js';
import { inputText } from '../input-file.js';

/** What a TPM has to show; docs/operations.md. Certificates are DER in base64. */
const policySchema = z.strictObject({
  roots: z
    .array(z.strictObject({ name: z.string().min(1), certificate: z.base64(), isHardware: z.boolean() }))
    .min(1)
    .max(64),
  imagePcr: z.int().min(0).max(23),
  pcrs: z.array(z.strictObject({ index: z.int().min(0).max(23), value: z.string().regex(/^[0-9a-f]{64}$/) })).max(24),
});

/**
 * Whose quotes are believed: simulated ones, which are always called so; or, where somebody says which, those of TPMs and no
 * others. Every HSM holds all secrets of its fleet, so that one whose quote anybody can make would be the fleet's worth.
 * @param tpm2 - JSON file with roots and PCRs. @throws CliError `usage`.
 */
export function quoteVerifiers(tpm2: string | undefined): readonly QuoteVerifier[] {
  return [tpm2 === undefined ? new SimulatedQuoteVerifier() : tpm2Verifier(tpm2)];
}

function tpm2Verifier(path: string): Tpm2QuoteVerifier {
  const text = inputText(path);
  try {
    const { roots, imagePcr, pcrs } = policySchema.parse(JSON.parse(text));
    return new Tpm2QuoteVerifier({
      roots: roots.map((root) => ({ ...root, certificate: fromBase64(root.certificate) })),
      imagePcr,
      pcrs: pcrs.map(({ index, value }) => ({ index, value: fromHex(value) })),
    });
  } catch (cause) {
    const isForm = [SyntaxError, z.ZodError, BytesError, AttestationError].some((kind) => cause instanceof kind);
    if (!isForm) throw cause;
    throw new CliError('usage', 'bad-tpm2-policy', `${path} does not say which TPMs to believe`, { cause });
  }
}
