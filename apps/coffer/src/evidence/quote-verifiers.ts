import { readFileSync } from 'node:fs';
import { type QuoteVerifier, SimulatedQuoteVerifier, Tpm2QuoteVerifier } from '@coffer/attestation';
import { fromBase64, fromHex } from '@coffer/base';
import { z } from 'zod';
import { CliError } from '../cli-error.js';

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
  if (tpm2 === undefined) return [new SimulatedQuoteVerifier()];
  const { roots, imagePcr, pcrs } = readPolicy(tpm2);
  const verifier = new Tpm2QuoteVerifier({
    roots: roots.map((root) => ({ ...root, certificate: fromBase64(root.certificate) })),
    imagePcr,
    pcrs: pcrs.map(({ index, value }) => ({ index, value: fromHex(value) })),
  });
  return [verifier];
}

function readPolicy(path: string): z.infer<typeof policySchema> {
  const text = readFileSync(path, 'utf8');
  try {
    return policySchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new CliError('usage', 'bad-tpm2-policy', `${path} does not say which TPMs to believe`, { cause });
  }
}
