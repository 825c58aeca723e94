import { readFileSync } from 'node:fs';

/** Version of the package whose folder holds the folder of `moduleUrl`, such as `dist/main.js`. */
export function packageVersion(moduleUrl: string): string {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', moduleUrl), 'utf8')) as { version: string };
  return version;
}
