import { encodeTrustRoot } from '@coffer/transparency';
import { signedBy } from '@coffer/transparency/testing';
import { factsOf, makeSet, roots } from './evidence-world.js';
import { FleetOfCores } from './fleet-of-cores.js';

/** The published set, by file name: index and items, and the trust root that it holds under. */
export async function goldenFiles(): Promise<ReadonlyMap<string, Uint8Array>> {
  const cores = new FleetOfCores({ seed: 'evidence' });
  const { index, files } = makeSet(cores, await factsOf(cores));
  const trustRoot = encodeTrustRoot(signedBy(roots, ['root 1', 'root 2']));
  return new Map([
    ['trust-root.json', trustRoot],
    ['good/index.json', index],
    ...[...files].map(([digest, bytes]) => [`good/${digest}`, bytes] as const),
  ]);
}

export const goldenFolder = new URL('../../../vectors/evidence/', import.meta.url);
