import type { Patch } from '../../packages/hsm/test/mutant.js';

/** `source` with each patch applied. @throws Error unless each applies in exactly one place. */
export function patched(source: string, patches: readonly Patch[]): string {
  let text = source;
  for (const { file, find, replace } of patches) {
    const parts = text.split(loosely(find));
    if (parts.length !== 2) throw new Error(`found ${parts.length - 1} times in ${file}: ${find}`);
    text = parts.join(replace);
  }
  return text;
}

/** `text` with any white space where it has some, so that a reformatted line is still found. */
function loosely(text: string): RegExp {
  const words = text
    .trim()
    .split(/\s+/)
    .map((word) => word.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(words.join('\\s+'));
}
