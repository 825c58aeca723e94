/**
 * Where a published log is read from. Nothing that it gives is believed; whoever asks computes roots from it.
 * Each method throws PublicationError `not-published`, `unreachable` or `too-large`.
 */
export interface LogReader {
  /** The newest checkpoint, a signed note with the witnesses' lines. */
  checkpoint(): Promise<Uint8Array>;
  /** The note of the tree of `size` leaves as a quorum of witnesses first cosigned it. */
  checkpointAt(size: number): Promise<Uint8Array>;
  /** @param path - as in tlog-tiles: `tile/0/x001/067.p/12`, `tile/entries/000`. */
  tile(path: string): Promise<Uint8Array>;
  /** @param epoch - from 1. */
  leaf(epoch: number): Promise<Uint8Array>;
  /** @param digest - 32 bytes. */
  artifact(digest: Uint8Array): Promise<Uint8Array>;
  /** A trust root with its signatures. @param version - from 1. */
  trustRoot(version: number): Promise<Uint8Array>;
}
