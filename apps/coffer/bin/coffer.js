#!/usr/bin/env node
// The command that `npm ci` links. It is committed so that the link exists before anything is built.
import { existsSync } from 'node:fs';

const main = new URL('../dist/main.js', import.meta.url);
if (existsSync(main)) {
  await import(main.href);
} else {
  process.stderr.write('coffer: not built yet; run "npm run build" in the checkout first\n');
  process.exitCode = 3;
}
