/**
 * Overwrites `bytes` with zeros. JavaScript cannot promise more: a garbage collector may have moved the array before,
 * and copies inside a library or a string live on until they are collected. Callers zero what they own, as soon as
 * they can, so that a memory dump taken later finds less.
 */
export function zero(...secrets: readonly Uint8Array[]): void {
  for (const bytes of secrets) bytes.fill(0);
}
