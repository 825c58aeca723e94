import { equalBytes } from '@coffer/base';
import { genesisHash } from '@coffer/protocol';
import type { Sqlite } from '@coffer/sqlite';
import { emptyRoot } from '@coffer/tree';
import { ReplicaError } from './errors.js';
import { Tables } from './tables.js';
import type { ReplicaOptions } from './types.js';

/** Version of the tables below, in the file's `user_version`. */
export const schemaVersion = 1n;

/*
 * A *state* is one complete set of records and tree nodes. Each group's tip names the one in force; a snapshot is built
 * as another state beside it, so that installing it is one small transaction, however many records there are.
 *
 * entry.body keeps the leaves as well as the entry, for sites that catch up and for repair of the ledger. undo keeps, per
 * uncommitted entry, what its leaves (kind 0) and nodes (kind 1) were before; NULL means that there was none.
 * certificate has two rows at most: the newest known (held = 0) and the newest for an entry that is held (held = 1).
 */
const tables = `
CREATE TABLE fleet (config_hash BLOB NOT NULL, group_count INTEGER NOT NULL) STRICT;
CREATE TABLE state (id INTEGER PRIMARY KEY AUTOINCREMENT, grp INTEGER NOT NULL) STRICT;
CREATE TABLE tip (
  grp INTEGER PRIMARY KEY,
  state INTEGER NOT NULL UNIQUE REFERENCES state (id),
  idx INTEGER NOT NULL,
  hash BLOB NOT NULL,
  root BLOB NOT NULL,
  records INTEGER NOT NULL
) STRICT;
CREATE TABLE entry (
  grp INTEGER NOT NULL,
  idx INTEGER NOT NULL,
  hash BLOB NOT NULL,
  root BLOB NOT NULL,
  signed BLOB NOT NULL,
  leaves BLOB NOT NULL,
  PRIMARY KEY (grp, idx)
) STRICT;
CREATE TABLE leaf (state INTEGER NOT NULL, key BLOB NOT NULL, sealed BLOB NOT NULL, PRIMARY KEY (state, key)) STRICT;
CREATE TABLE node (
  state INTEGER NOT NULL,
  path BLOB NOT NULL,
  node BLOB NOT NULL,
  PRIMARY KEY (state, path)
) STRICT, WITHOUT ROWID;
CREATE TABLE undo (
  grp INTEGER NOT NULL,
  idx INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  key BLOB NOT NULL,
  old BLOB,
  PRIMARY KEY (grp, idx, kind, key)
) STRICT;
CREATE TABLE certificate (
  grp INTEGER NOT NULL,
  held INTEGER NOT NULL,
  idx INTEGER NOT NULL,
  hash BLOB NOT NULL,
  qc BLOB NOT NULL,
  PRIMARY KEY (grp, held)
) STRICT;
PRAGMA user_version = ${schemaVersion};
`;

/** Creates the tables in an empty file, whole or not at all. */
export function createSchema(sqlite: Sqlite, { configHash, groups }: ReplicaOptions): void {
  sqlite.transaction(() => {
    if (sqlite.get('SELECT 1 FROM sqlite_schema LIMIT 1') !== undefined) return;
    sqlite.exec(tables);
    sqlite.run('INSERT INTO fleet VALUES (?, ?)', configHash, groups);
    for (let group = 0; group < groups; group++) {
      const state = new Tables(sqlite, false).newState(group);
      sqlite.run('INSERT INTO tip VALUES (?, ?, 0, ?, ?, 0)', group, state, genesisHash(configHash, group), emptyRoot);
    }
  });
}

/** @throws ReplicaError `unknown-schema`, `other-fleet` unless the file was made for exactly this fleet. */
export function checkSchema(sqlite: Sqlite, { configHash, groups }: ReplicaOptions): void {
  const version = sqlite.get('PRAGMA user_version')?.user_version;
  if (version !== schemaVersion) throw new ReplicaError('unknown-schema', `schema version ${version}`);
  const fleet = sqlite.get('SELECT config_hash, group_count FROM fleet');
  const same = fleet?.group_count === BigInt(groups) && equalBytes(fleet.config_hash as Uint8Array, configHash);
  if (!same) throw new ReplicaError('other-fleet', 'made for another fleet');
}
