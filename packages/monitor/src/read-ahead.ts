/**
 * Loads `items` in order, at most `count` at once.
 * @returns what `load` returned, in the same order. The first that rejects ends it; those under way are let go.
 */
export async function* readAhead<T, R>(
  items: readonly T[],
  count: number,
  load: (item: T) => Promise<R>,
): AsyncGenerator<R> {
  const waiting: Promise<R>[] = [];
  let next = 0;
  while (next < items.length || waiting.length > 0) {
    while (next < items.length && waiting.length < count) {
      const loading = load(items[next++] as T);
      // Its turn comes later. Until then nobody may think that its failure is not looked at.
      loading.catch(() => undefined);
      waiting.push(loading);
    }
    yield await (waiting.shift() as Promise<R>);
  }
}
