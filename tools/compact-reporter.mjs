/**
 * Reporter for logs: each failed or skipped test, then the runner's own counts. Thousands of lines that say "ok" hide the
 * one that does not.
 */
import { relative } from 'node:path';
import { inspect } from 'node:util';

function place(data) {
  return data.file ? ` (${relative(process.cwd(), data.file)}${data.line ? `:${data.line}` : ''})` : '';
}

function failure(data) {
  const error = data.details?.error;
  return `not ok ${data.name}${place(data)}\n${inspect(error?.cause ?? error, { depth: 4 })}\n\n`;
}

/** @param source - events of node:test. @returns lines of text. */
export default async function* compact(source) {
  const counts = [];
  for await (const { type, data } of source) {
    if (type === 'test:fail') yield failure(data);
    else if (type === 'test:pass' && data.skip) yield `skipped ${data.name}${place(data)}: ${data.skip}\n`;
    else if (type === 'test:stderr') yield data.message;
    else if (type === 'test:diagnostic' && data.nesting === 0) counts.push(`# ${data.message}\n`);
  }
  yield* counts;
}
