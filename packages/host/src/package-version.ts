import { readFileSync } from 'node:fs';

/** Set where the program is one file (tools/build-hsm-image.mjs), with no package.json beside it. */
declare const COFFER_IMAGE_VERSION: string | undefined;

/** Version of the package whose folder holds the folder of `moduleUrl`, such as `dist/main.js`. */
export function packageVersion(moduleUrl: string): string {
  if (typeof COFFER_IMAGE_VERSION === 'string') return COFFER_IMAGE_VERSION;
  const { version } = JSON.parse(readFileSync(new URL('../package.json', moduleUrl), 'utf8')) as { version: string };
  return version;
}
