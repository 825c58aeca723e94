/**
 * Module hooks that put the files of this folder in the place of `@coffer/crypto`'s primitives, in one process of a
 * simulation. They are outside the package on purpose: it has no switch, condition or option that weakens it.
 */
const places: Readonly<Record<string, string>> = {
  '#primitives': './primitives.js',
  '#group': './group.js',
  '@noble/post-quantum/ml-kem.js': './ml-kem.js',
  '@noble/hashes/sha3.js': './sha3.js',
};

type Resolve = (
  specifier: string,
  context: { readonly parentURL?: string },
  next: (specifier: string, context: object) => Promise<{ url: string }>,
) => Promise<{ url: string; shortCircuit?: boolean }>;

export const resolve: Resolve = async (specifier, context, next) => {
  const place = places[specifier];
  const isOfCrypto = context.parentURL?.includes('/packages/crypto/dist/') === true;
  if (place === undefined || !isOfCrypto) return next(specifier, context);
  return { url: new URL(place, import.meta.url).href, shortCircuit: true };
};
