import { register } from 'node:module';

/** Preloaded (`--import`) into a process that runs a mutant: COFFER_MUTANT holds its patches as JSON. */
const { COFFER_MUTANT: given = '[]' } = process.env;
register('./patch-loader.js', import.meta.url, { data: JSON.parse(given) });
