import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wrap } from '../dist/terminal/wrap.js';

test('a line is broken at spaces, under its own text, and never inside of a word', () => {
  assert.equal(wrap('     one two three', 18), '     one two three');
  assert.equal(wrap('     one two three', 17), '     one two\n     three');
  assert.equal(wrap('  a-word-that-is-wider than this', 11), '  a-word-that-is-wider\n  than this');
  assert.equal(wrap('    54b3  1f25  7276', 14), '    54b3  1f25\n    7276');
  assert.equal(wrap('', 10), '');
});

test('paint takes no room', () => {
  assert.equal(wrap('\x1b[32m✓\x1b[39m \x1b[2m1.2 s\x1b[22m', 7), '\x1b[32m✓\x1b[39m \x1b[2m1.2 s\x1b[22m');
});
