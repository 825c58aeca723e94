import { createRequire } from 'node:module';

/** What a column holds. Integers are always read as `bigint`, so that a 64-bit index is never rounded. */
export type SqlValue = null | number | bigint | string | Uint8Array;

/** A row by column name. */
export type SqlRow = Readonly<Record<string, SqlValue>>;

/** The part of `node:sqlite`'s prepared statement that is used here. */
export interface DriverStatement {
  run(...parameters: SqlValue[]): { changes: number | bigint };
  get(...parameters: SqlValue[]): unknown;
  all(...parameters: SqlValue[]): unknown[];
  setReadBigInts(enabled: boolean): void;
}

/** The part of `node:sqlite`'s connection that is used here. */
export interface DriverDatabase {
  exec(sql: string): void;
  prepare(sql: string): DriverStatement;
  close(): void;
}

/** Which of the two drivers is in use. They share one API and one file format. */
export type DriverName = 'node:sqlite' | '@photostructure/sqlite';

export interface Driver {
  readonly name: DriverName;
  readonly open: (path: string) => DriverDatabase;
}

interface DriverModule {
  readonly DatabaseSync: new (path: string) => DriverDatabase;
}

/**
 * `node:sqlite` without its ExperimentalWarning. Only that one warning, and only while the module loads: everything
 * else that Node has to say still reaches the operator.
 */
function builtin(): DriverModule | undefined {
  const runtime: { getBuiltinModule?: (id: string) => object | undefined } = process;
  const emitWarning = process.emitWarning;
  process.emitWarning = ((warning: string | Error, ...rest: unknown[]) => {
    if (String(warning).startsWith('SQLite is an experimental feature')) return;
    Reflect.apply(emitWarning, process, [warning, ...rest]);
  }) as typeof process.emitWarning;
  try {
    return runtime.getBuiltinModule?.('node:sqlite') as DriverModule | undefined;
  } finally {
    process.emitWarning = emitWarning;
  }
}

/**
 * The driver: Node's own where there is one (Node 22.13 and later), else the addon with the same API. Loaded at the
 * first call, so that a program which never opens a database never loads native code.
 */
export function driver(): Driver {
  loaded ??= load();
  return loaded;
}

let loaded: Driver | undefined;

function load(): Driver {
  const own = builtin();
  if (own !== undefined) return { name: 'node:sqlite', open: (path) => new own.DatabaseSync(path) };
  const addon = createRequire(import.meta.url)('@photostructure/sqlite') as DriverModule;
  return {
    name: '@photostructure/sqlite',
    open: (path) => new addon.DatabaseSync(path),
  };
}
