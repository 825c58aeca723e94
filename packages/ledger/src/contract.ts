import type { LedgerContractCase } from './contract-env.js';
import { leaseCases } from './contract-lease.js';
import { limitCases } from './contract-limits.js';
import { logCases } from './contract-log.js';
import { repairCases } from './contract-repair.js';
import { termCases } from './contract-terms.js';

/**
 * What an engine must do to be a {@link Ledger}. Every engine's tests run these cases, unchanged, each on a fresh
 * ledger for `contractFleet`; they use no test framework, so that the package stays in the pure tier.
 */
export const ledgerContractCases: readonly LedgerContractCase[] = [
  ...logCases,
  ...termCases,
  ...repairCases,
  ...leaseCases,
  ...limitCases,
];
