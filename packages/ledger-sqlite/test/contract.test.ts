import { test } from 'node:test';
import { ledgerContractCases } from '@coffer/ledger';
import { withEnv } from './env.js';

for (const { name, run } of ledgerContractCases) test(`SqliteLedger: ${name}`, () => withEnv(run));
