/** Part of an object: `length` bytes from `offset` on. */
export interface ByteRange {
  readonly offset: number;
  readonly length: number;
}

export interface StoredObject {
  readonly name: string;
  readonly bytes: number;
}

/**
 * Where ciphertext of backups lies: a folder, or any object store. Nothing here is trusted: whatever it answers, a
 * reader notices. What is asked of it is only that it does not lose things by itself.
 *
 * A name is one to eight parts of lower-case letters, digits, `-` and inner dots, joined by `/`, at most 255 long.
 */
export interface BackupStore {
  /**
   * Stores all of `source` under `name`. The object appears, or replaces the one of that name, all at once and only
   * when it is durable; until then the old one stays. When `source` throws, nothing has changed.
   * @returns how many bytes were stored.
   */
  put(name: string, source: AsyncIterable<Uint8Array>): Promise<number>;
  /**
   * The object, or a part of it, which ends early where the object does.
   * @throws BackupError `missing-object`, here or when it is read.
   */
  get(name: string, range?: ByteRange): Promise<AsyncIterable<Uint8Array>>;
  /** The objects whose name starts with `prefix`, in any order. */
  list(prefix: string): AsyncIterable<StoredObject>;
  /** Removes it; one that is not there is fine. */
  remove(name: string): Promise<void>;
}

const namePattern = /^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?:\/[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?){0,7}$/;
/** Longest name that a store must take. */
export const objectNameBytesMax = 255;

/** Whether `name` is one that every store can keep, on any file system, without leaving its folder. */
export function isObjectName(name: string): boolean {
  return name.length <= objectNameBytesMax && namePattern.test(name) && !name.includes('..');
}
