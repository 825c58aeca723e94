import { readFileSync } from 'node:fs';

const recorded = new URL('../../../vectors/attestation/tpm2.json', import.meta.url);

/** A root of TPMs, as a `--tpm2` file has it. */
export function vendorRoot() {
  const { policy } = JSON.parse(readFileSync(recorded, 'utf8')) as {
    policy: { root: string };
  };
  return { name: 'a vendor', certificate: Buffer.from(policy.root, 'hex').toString('base64'), isHardware: true };
}
