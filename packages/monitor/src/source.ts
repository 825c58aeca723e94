/** Where published things are read from. Nothing that it gives is believed. */
export interface AuditSource {
  /**
   * @param path - from `/` on, as in docs/spec/transparency.md §11.
   * @param bytesMax - the most that is read.
   * @returns the bytes, or undefined when there is nothing (404). @throws MonitorError `unreachable`, `too-large`.
   */
  get(path: string, bytesMax: number): Promise<Uint8Array | undefined>;
}
