/**
 * Files with attacks make tests of them when they are loaded. Whoever wants the attacks themselves, such as the mutants, loads
 * the files through this, and no test is made.
 */
export class AttackCollector<T> {
  #collected: T[] | undefined;

  /** The attacks of the files that `load` imports. */
  async collect(load: () => Promise<unknown>): Promise<readonly T[]> {
    const attacks: T[] = [];
    this.#collected = attacks;
    try {
      await load();
    } finally {
      this.#collected = undefined;
    }
    return attacks;
  }

  /** @returns whether somebody collects just now, and has got these: then they are not to become tests. */
  takes(attacks: readonly T[]): boolean {
    this.#collected?.push(...attacks);
    return this.#collected !== undefined;
  }
}
