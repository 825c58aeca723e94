/**
 * Hands chunks from one task to another, one at a time: `push` waits until the reader wants the next. The manifest is
 * stored through one while the contents that it describes are being read, so that neither is ever held whole.
 */
export class Channel implements AsyncIterable<Uint8Array> {
  #items: Uint8Array[] = [];
  #ended = false;
  #failure: { readonly reason: unknown } | undefined;
  #wake: (() => void)[] = [];

  /** Resolves once there is room for more. Rejects with the failure when one side has failed. */
  async push(item: Uint8Array): Promise<void> {
    while (this.#items.length > 0 && this.#failure === undefined) await this.#change();
    if (this.#failure !== undefined) throw this.#failure.reason;
    this.#items.push(item);
    this.#notify();
  }

  /** No more will come. */
  end(): void {
    this.#ended = true;
    this.#notify();
  }

  /** Makes the other side reject with `reason`. The first reason stays. */
  fail(reason: unknown): void {
    this.#failure ??= { reason };
    this.#notify();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure.reason;
      const item = this.#items.shift();
      if (item !== undefined) {
        this.#notify();
        yield item;
      } else if (this.#ended) return;
      else await this.#change();
    }
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#wake.push(resolve));
  }

  #notify(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }
}
