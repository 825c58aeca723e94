import { equalBytes } from '@coffer/base';
import { LedgerError, type LedgerFleet } from '@coffer/ledger';
import type { Sqlite } from '@coffer/sqlite';
import { bytesOf, hashOf, integerOf } from './columns.js';
import { encodeTerm } from './term-bytes.js';

/** "COFL" in the file's header: tells a ledger from any other database (https://www.sqlite.org/pragma.html#pragma_application_id). */
const APPLICATION_ID = 0x434f464cn;
const SCHEMA_VERSION = 2n;

/**
 * `log_group` has one row for each group: the raised term, both ends of the log, and the lease. The tail is stored and
 * not derived, so that it survives trimming. `truncation` keeps the proof of the latest one for an audit.
 */
const SCHEMA = `
  CREATE TABLE fleet (config_hash BLOB NOT NULL) STRICT;
  CREATE TABLE log_group (
    group_id INTEGER PRIMARY KEY,
    genesis BLOB NOT NULL,
    term BLOB NOT NULL,
    tail_index INTEGER NOT NULL,
    tail_hash BLOB NOT NULL,
    floor_index INTEGER NOT NULL,
    floor_hash BLOB NOT NULL,
    lease_holder INTEGER,
    lease_expiry_ms INTEGER,
    lease_granted_ms INTEGER
  ) STRICT;
  CREATE TABLE log_row (
    group_id INTEGER NOT NULL,
    row_index INTEGER NOT NULL,
    hash BLOB NOT NULL,
    prev_hash BLOB NOT NULL,
    term BLOB NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (group_id, row_index)
  ) STRICT;
  CREATE TABLE truncation (
    group_id INTEGER PRIMARY KEY,
    term BLOB NOT NULL,
    base_index INTEGER NOT NULL,
    base_hash BLOB NOT NULL,
    proof BLOB NOT NULL
  ) STRICT;
  PRAGMA application_id = ${APPLICATION_ID};
  PRAGMA user_version = ${SCHEMA_VERSION};
`;

/** Version 1 did not know when a lease was granted; one that it holds counts as void, which costs a takeover at most. */
const FROM_VERSION_1 = `
  ALTER TABLE log_group ADD COLUMN lease_granted_ms INTEGER;
  UPDATE log_group SET lease_holder = NULL, lease_expiry_ms = NULL;
  PRAGMA user_version = ${SCHEMA_VERSION};
`;

/**
 * Makes an empty file this fleet's ledger, or checks that it is one. Runs inside a write transaction, because several
 * processes may open a new file at once.
 * @throws LedgerError `corrupt` for any other file, `other-fleet`.
 */
export function establish(sqlite: Sqlite, fleet: LedgerFleet): void {
  const applicationId = sqlite.get('PRAGMA application_id')?.application_id;
  if (applicationId === 0n && isEmpty(sqlite)) create(sqlite, fleet);
  else if (applicationId !== APPLICATION_ID) throw new LedgerError('corrupt', 'the file is not a ledger');
  if (sqlite.get('PRAGMA user_version')?.user_version === 1n) sqlite.exec(FROM_VERSION_1);
  const version = sqlite.get('PRAGMA user_version')?.user_version;
  if (version !== SCHEMA_VERSION) throw new LedgerError('corrupt', `the ledger has schema version ${version}`);
  checkFleetOf(sqlite, fleet);
}

function isEmpty(sqlite: Sqlite): boolean {
  return sqlite.get('SELECT 1 FROM sqlite_schema LIMIT 1') === undefined;
}

function create(sqlite: Sqlite, fleet: LedgerFleet): void {
  sqlite.exec(SCHEMA);
  sqlite.run('INSERT INTO fleet VALUES (?)', fleet.configHash);
  const term = encodeTerm({ round: 0n, leaderId: 0 });
  fleet.genesis.forEach((hash, group) => {
    sqlite.run('INSERT INTO log_group VALUES (?, ?, ?, 0, ?, 0, ?, NULL, NULL, NULL)', group, hash, term, hash, hash);
  });
}

function checkFleetOf(sqlite: Sqlite, fleet: LedgerFleet): void {
  const row = sqlite.get('SELECT config_hash FROM fleet');
  if (row === undefined) throw new LedgerError('corrupt', 'the ledger has no fleet');
  const groups = sqlite.all('SELECT group_id, genesis FROM log_group ORDER BY group_id LIMIT 100');
  const isSame =
    equalBytes(bytesOf(row, 'config_hash'), fleet.configHash) &&
    groups.length === fleet.genesis.length &&
    groups.every((each, i) => {
      const expected = fleet.genesis[i];
      return integerOf(each, 'group_id') === BigInt(i) && expected && equalBytes(hashOf(each, 'genesis'), expected);
    });
  if (!isSame) throw new LedgerError('other-fleet', 'the ledger belongs to another fleet');
}
