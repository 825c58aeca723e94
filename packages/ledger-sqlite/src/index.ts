export { SqliteLedger, type SqliteLedgerPorts, triesMax } from './sqlite-ledger.js';
export { watchMs } from './watch.js';
