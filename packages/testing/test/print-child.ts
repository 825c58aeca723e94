/** Plays one schedule and prints its print, and a signature that tells which primitives were used. */
import { hex } from '@coffer/base';
import { ed25519Sign } from '@coffer/crypto';
import { allFaults, simulate } from '@coffer/testing';
import { TracePrint } from '../dist/trace-print.js';

const print = new TracePrint();
await simulate({
  ...{ seed: 'twin', sites: 3, groups: 1, accounts: 3, calls: 2, calmCalls: 1, restMsMax: 10 },
  ...{ faults: allFaults, faultPauseMsMax: 20, faultsMax: 8, guessers: 1 },
  onLine: (line) => print.add(line),
});
const name = hex(ed25519Sign(new Uint8Array(32), new Uint8Array(0)));
console.log(JSON.stringify({ print: print.digest(), name }));
