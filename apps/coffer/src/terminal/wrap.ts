/** Escape sequences that paint; they take no room. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what they are made of
const paints = /\x1b\[[\d;]*m/g;

/**
 * A line broken at spaces, so that no part is wider than `columns`; every part begins where the line's own text does. A
 * word that is wider stays whole.
 */
export function wrap(line: string, columns: number): string {
  if (widthOf(line) <= columns) return line;
  const indent = /^ */.exec(line)?.[0] ?? '';
  const parts: string[] = [];
  let part = indent;
  for (const word of line.slice(indent.length).split(' ')) {
    const longer = part === indent ? part + word : `${part} ${word}`;
    if (part !== indent && widthOf(longer) > columns) {
      parts.push(part);
      part = indent + word;
    } else part = longer;
  }
  return [...parts, part].join('\n');
}

function widthOf(text: string): number {
  return [...text.replace(paints, '')].length;
}
