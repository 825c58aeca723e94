import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { BackupError, type BackupErrorCode, type BackupStore, type ByteRange, isObjectName } from '@coffer/backup';
import { concat, type Entropy, hex } from '@coffer/base';
import { sha256 } from '@coffer/crypto';
import { packBytesMax, sealHead } from '../dist/head.js';
import { backupIdBytes, deriveBackupKeys, headName, type Label, objectName } from '../dist/labels.js';
import { encodeEntry, type ManifestEntry } from '../dist/manifest.js';
import { paddedBytes } from '../dist/padme.js';
import { once, sealObject } from '../dist/sealed-object.js';

/** Entropy that a seed repeats. */
export function seeded(seed: string): Entropy {
  let counter = 0;
  return {
    bytes(length) {
      const parts: Uint8Array[] = [];
      for (let have = 0; have < length; have += 32) parts.push(sha256(Buffer.from(`${seed} ${counter++}`)));
      return concat(...parts).slice(0, length);
    },
  };
}

export const account = seeded('account').bytes(32);
export const backupKey = seeded('backup key').bytes(32);

/** A store in memory whose objects tests can reach into. */
export class MemoryStore implements BackupStore {
  readonly objects = new Map<string, Uint8Array>();

  async put(name: string, source: AsyncIterable<Uint8Array>): Promise<number> {
    if (!isObjectName(name)) throw new BackupError('bad-object-name', 'not a name');
    const bytes = await bytesOf(source);
    this.objects.set(name, bytes);
    return bytes.length;
  }

  async get(name: string, range?: ByteRange): Promise<AsyncIterable<Uint8Array>> {
    if (!isObjectName(name)) throw new BackupError('bad-object-name', 'not a name');
    const bytes = this.objects.get(name);
    if (bytes === undefined) throw new BackupError('missing-object', 'not there');
    return once(range === undefined ? bytes : bytes.slice(range.offset, range.offset + range.length));
  }

  async *list(prefix: string) {
    for (const [name, bytes] of [...this.objects]) if (name.startsWith(prefix)) yield { name, bytes: bytes.length };
  }

  async remove(name: string): Promise<void> {
    this.objects.delete(name);
  }

  copy(): MemoryStore {
    const copy = new MemoryStore();
    for (const [name, bytes] of this.objects) copy.objects.set(name, bytes.slice());
    return copy;
  }

  names(): string[] {
    return [...this.objects.keys()];
  }
}

export async function bytesOf(source: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of source) parts.push(part.slice());
  return concat(...parts);
}

/** `bytes` in chunks of these lengths over and over. */
export async function* chunked(bytes: Uint8Array, ...lengths: readonly number[]): AsyncGenerator<Uint8Array> {
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const length = lengths[i % lengths.length] as number;
    yield bytes.subarray(at, at + length);
    at += length;
  }
}

/** For assert.rejects. */
export function coded(code: BackupErrorCode) {
  return (error: unknown) => {
    if (error instanceof BackupError && error.code === code) return true;
    throw error;
  };
}

/** A folder that goes away with the test. */
export async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'coffer-backup-'));
  t.after(() => rm(path, { recursive: true, force: true }));
  return path;
}

/** What a tree holds: undefined for a folder, text after `->` for a link, and bytes (with `x` for executable). */
export type Tree = Record<string, string | Uint8Array | undefined>;

export async function plant(root: string, tree: Tree): Promise<void> {
  await mkdir(root, { recursive: true });
  for (const [path, content] of Object.entries(tree)) {
    const full = join(root, path);
    await mkdir(dirname(full), { recursive: true });
    if (content === undefined) await mkdir(full, { recursive: true });
    else if (typeof content === 'string' && content.startsWith('->')) await symlink(content.slice(2), full);
    else {
      await writeFile(full, content);
      if (content.length % 2 === 1) await chmod(full, 0o755);
      await utimes(full, 1_600_000_000 + content.length, 1_600_000_000 + content.length);
    }
  }
}

/** One line for each thing below `root`: kind, mode, time and content. */
export async function look(root: string, at = ''): Promise<string[]> {
  const lines: string[] = [];
  for (const name of (await readdir(join(root, at))).sort()) {
    const path = at === '' ? name : `${at}/${name}`;
    const stats = await lstat(join(root, path));
    const mode = (stats.mode & 0o777).toString(8);
    const time = Math.trunc(stats.mtimeMs);
    if (stats.isDirectory()) lines.push(`${path}/ ${mode} ${time}`, ...(await look(root, path)));
    else if (stats.isSymbolicLink()) lines.push(`${path} -> ${await readlink(join(root, path))}`);
    else
      lines.push(`${path} ${mode} ${time} ${stats.size} ${hex(sha256(await readFile(join(root, path)))).slice(0, 16)}`);
  }
  return lines;
}

/** An entry without the fields that {@link craft} works out. */
export type Crafted =
  | { readonly type: 'folder'; readonly path: string; readonly mode?: number }
  | {
      readonly type: 'file';
      readonly path: string;
      readonly content: string;
      readonly offset?: number;
      readonly mode?: number;
      readonly sha256?: Uint8Array;
    }
  | { readonly type: 'link'; readonly path: string; readonly target: string };

/** Stores an authentic backup of whatever entries an attacker who has the key likes. */
export async function craft(
  store: BackupStore,
  crafted: readonly Crafted[],
  manifestTail = new Uint8Array(0),
): Promise<void> {
  const entropy = seeded('crafted');
  const keys = deriveBackupKeys(account, backupKey);
  const backupId = entropy.bytes(backupIdBytes);
  let contents = new Uint8Array(0);
  const entries = crafted.map((entry): ManifestEntry => {
    if (entry.type === 'link') return entry;
    const { path, mode = 0o644 } = entry;
    if (entry.type === 'folder') return { type: 'folder', path, mode: entry.mode ?? 0o755, mtimeMs: 1000 };
    const content = Buffer.from(entry.content);
    const offset = entry.offset ?? contents.length;
    contents = new Uint8Array(concat(contents, content));
    return {
      type: 'file',
      path,
      mode,
      mtimeMs: 1000,
      size: content.length,
      offset,
      sha256: entry.sha256 ?? sha256(content),
    };
  });
  const manifest = concat(...entries.map(encodeEntry), manifestTail);
  const put = async (kind: Label['kind'], plain: Uint8Array) => {
    const label = { kind, generation: 1n, backupId, index: 0 };
    const padded = concat(plain, new Uint8Array(paddedBytes(plain.length) - plain.length));
    await store.put(objectName(keys, label), sealObject(keys, label, once(padded), entropy));
  };
  await put('manifest', manifest);
  await put('pack', contents);
  const count = (type: string) => crafted.filter((entry) => entry.type === type).length;
  const head = {
    generation: 1n,
    backupId,
    previousGeneration: 0n,
    files: count('file'),
    folders: count('folder'),
    links: count('link'),
    contentBytes: contents.length,
    manifestBytes: manifest.length,
    packBytes: packBytesMax,
  };
  await store.put(headName(account), once(sealHead(keys, head, entropy)));
}
