/** Reads exact amounts from a stream of chunks of any size, holding at most one chunk and one block. */
export class ByteSource {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #chunk: Uint8Array = new Uint8Array(0);

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#chunks = source[Symbol.asyncIterator]();
  }

  /** The next 1 to `lengthMax` bytes, as they come; empty only at the end. Valid until the next call. */
  async some(lengthMax: number): Promise<Uint8Array> {
    if (await this.atEnd()) return this.#chunk;
    const taken = this.#chunk.subarray(0, lengthMax);
    this.#chunk = this.#chunk.subarray(taken.length);
    return taken;
  }

  /** The next `length` bytes; fewer only at the end. Valid until the next call. */
  async read(length: number): Promise<Uint8Array> {
    const first = await this.some(length);
    if (first.length === length || first.length === 0) return first;
    const block = new Uint8Array(length);
    block.set(first);
    let filled = first.length;
    while (filled < length) {
      const more = await this.some(length - filled);
      if (more.length === 0) return block.subarray(0, filled);
      block.set(more, filled);
      filled += more.length;
    }
    return block;
  }

  /** Whether nothing is left. */
  async atEnd(): Promise<boolean> {
    while (this.#chunk.length === 0) {
      const next = await this.#chunks.next();
      if (next.done === true) return true;
      this.#chunk = next.value;
    }
    return false;
  }

  /** The next `length` bytes as a stream of their own, which need not be read to the end. */
  async *take(length: number): AsyncGenerator<Uint8Array> {
    for (let left = length; left > 0; ) {
      const chunk = await this.some(left);
      if (chunk.length === 0) return;
      left -= chunk.length;
      yield chunk;
    }
  }

  /** Lets the stream free what it holds. Call it once no more is read, also after an error. */
  async close(): Promise<void> {
    await this.#chunks.return?.();
  }
}

/** Bytes of one write: a call to the system for each segment would take longer than encrypting it. */
const blockBytes = 262_144;

/** The stream in blocks that are worth a write each. */
export async function* blocksOf(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const input = new ByteSource(source);
  try {
    for (;;) {
      const block = await input.read(blockBytes);
      if (block.length > 0) yield block;
      if (block.length < blockBytes) return;
    }
  } finally {
    await input.close();
  }
}

/** All of a short stream. @throws what `tooLong` makes when it is over `lengthMax`. */
export async function collect(
  source: AsyncIterable<Uint8Array>,
  lengthMax: number,
  tooLong: () => Error,
): Promise<Uint8Array> {
  const input = new ByteSource(source);
  try {
    const bytes = await input.read(lengthMax);
    if (bytes.length === lengthMax && !(await input.atEnd())) throw tooLong();
    return bytes.slice();
  } finally {
    await input.close();
  }
}
