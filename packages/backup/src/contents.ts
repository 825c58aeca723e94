import { createHash } from 'node:crypto';
import type { Entropy } from '@coffer/base';
import { ByteSource } from './byte-source.js';
import { Channel } from './channel.js';
import { BackupError } from './errors.js';
import { packsMax } from './head.js';
import { type BackupKeys, type Label, objectName } from './labels.js';
import { encodeEntry, type ManifestEntry } from './manifest.js';
import { paddedBytes } from './padme.js';
import type { Tally } from './progress.js';
import { sealObject, zeros } from './sealed-object.js';
import type { BackupStore } from './store.js';
import { readSourceFile, readSourceLink, walkSource } from './walk.js';

/** What of a backup is stored, where, and as which. */
export interface ContentsOptions {
  readonly source: string;
  readonly store: BackupStore;
  readonly generation: bigint;
  readonly entropy: Entropy;
  readonly exclude: (relativePath: string) => boolean;
  readonly packBytes: number;
}

/** Stores packs and manifest side by side. @returns how many bytes that took. */
export async function storeObjects(
  options: ContentsOptions,
  keys: BackupKeys,
  backupId: Uint8Array,
  tally: Tally,
): Promise<number> {
  const { store, generation, entropy, packBytes } = options;
  const label = (kind: Label['kind'], index: number): Label => ({ kind, generation, backupId, index });
  const put = (target: Label, source: AsyncIterable<Uint8Array>) =>
    store.put(objectName(keys, target), sealObject(keys, target, source, entropy));

  const entries = new Channel();
  const manifest = put(label('manifest', 0), paddedManifest(entries, tally));
  // However it ends, the packs must hear of it, which would otherwise wait for it for ever.
  manifest.then(
    () => entries.fail(new BackupError('over-limit', 'the store stopped reading too early')),
    (error: unknown) => entries.fail(error),
  );

  const contents = new ByteSource(paddedContents(options, entries, tally));
  let storedBytes = 0;
  try {
    for (let index = 0; !(await contents.atEnd()); index++) {
      if (index >= packsMax) throw new BackupError('over-limit', `a backup has at most ${packsMax} packs`);
      storedBytes += await put(label('pack', index), contents.take(packBytes));
    }
    entries.end();
  } catch (error) {
    entries.fail(error);
    await manifest.catch(() => undefined);
    throw error;
  } finally {
    await contents.close();
  }
  return storedBytes + (await manifest);
}

async function* paddedManifest(entries: AsyncIterable<Uint8Array>, tally: Tally): AsyncGenerator<Uint8Array> {
  yield* entries;
  const { manifestBytes } = tally.counts();
  yield* zeros(paddedBytes(manifestBytes) - manifestBytes);
}

/** All file contents one after another, then the padding; sends an entry off once what it describes has been read. */
async function* paddedContents(options: ContentsOptions, entries: Channel, tally: Tally): AsyncGenerator<Uint8Array> {
  const { source } = options;
  const send = async (entry: ManifestEntry) => {
    const encoded = encodeEntry(entry);
    tally.entry(entry, encoded.length);
    await entries.push(encoded);
  };
  for await (const found of walkSource(source, options.exclude)) {
    const { type, path, mode, mtimeMs, size } = found;
    if (type === 'folder') await send({ type, path, mode, mtimeMs });
    else if (type === 'link') await send({ type, path, target: await readSourceLink(source, path) });
    else if (type === 'other') tally.skipped.push(path);
    else {
      const offset = tally.contentBytes;
      const hash = createHash('sha256');
      for await (const chunk of readSourceFile(source, found)) {
        hash.update(chunk);
        tally.content(chunk.length);
        yield chunk;
      }
      await send({ type, path, mode, mtimeMs, size, offset, sha256: new Uint8Array(hash.digest()) });
    }
  }
  yield* zeros(paddedBytes(tally.contentBytes) - tally.contentBytes);
}
