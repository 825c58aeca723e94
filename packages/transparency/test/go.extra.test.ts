import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { vectors } from './files.js';
import { runOracle, skipWithoutGo } from './go-oracle.js';
import { checkLogFolder, filesOf, writeLogFolder } from './log-folder.js';
import { newSeed, Random } from './random.js';
import { temporaryFolder } from './temporary-folder.js';
import { flipBit } from './world.js';

const options = { skip: skipWithoutGo };

test('Go gives every fixture the verdict that it is published with', options, () => {
  const { status, stderr, output } = runOracle([
    'vectors',
    fileURLToPath(new URL('../../../vectors', import.meta.url)),
  ]);
  assert.equal(stderr, '');
  for (const { file, disagreed } of output) assert.deepEqual(disagreed, [], file);
  assert.equal(status, 0);
  // Every case was looked at: what Go counted is what the files hold.
  const file = (name: string) => vectors(`${name}.json`);
  const log = file('transparency/log');
  assert.deepEqual(Object.fromEntries(output.map((each: any) => [each.file.replace('.json', ''), each.agreed])), {
    'transparency/forms': file('transparency/forms').forms.length,
    'transparency/published-notes': 3 + 1 + file('transparency/published-notes').badKeys.length + 1,
    'transparency/merkle': file('transparency/merkle').leaves.length + 1,
    'transparency/log': log.roots.length + 3 * log.inclusion.length + 2 * log.consistency.length + log.tiles.length + 2,
    'transparency/artifacts': file('transparency/artifacts').epochs.length,
    'transparency/bad-documents': file('transparency/bad-documents').documents.length,
    'transparency/bundles': 2 * file('transparency/bundles').cases.length,
    'transparency/trust-roots': file('transparency/trust-roots').steps.length,
    'transparency/fraud-proofs': file('transparency/fraud-proofs').proofs.length,
    'plexi/signatures': 2 * file('plexi/signatures').signatures.length,
  });
  // What C2SP and the Go library accept and Coffer does not, each on purpose (forms.json, `about`).
  const stricter = output.flatMap((each: any) => each.stricter.map((what: string) => what.split(':')[0]));
  assert.deepEqual(stricter, [
    'note, stray bits in base64',
    'checkpoint, a size too large to count',
    'checkpoint, an extension line',
    'checkpoint, a space in the origin',
    'policy, a leading zero',
    'proof-file, 64 hashes',
  ]);
});

/** Ascending sizes, the edges of tiles among them more often than chance has it. */
function someSizes(random: Random): number[] {
  const edges = [0, 1, 2, 255, 256, 257, 511, 512, 513];
  const sizes = Array.from({ length: 5 }, () => (random.below(2) === 0 ? random.pick(edges) : random.below(600)));
  return [...new Set(sizes)].filter((size) => size > 0).sort((a, b) => a - b);
}

test('Go reads whole logs that TypeScript wrote, and refuses each with a flipped bit', options, (t) => {
  const random = new Random(newSeed());
  t.diagnostic(`ORACLE_SEED=${random.seed}`);
  for (let round = 0; round < 6; round++) {
    const folder = temporaryFolder();
    writeLogFolder(folder, someSizes(random), random);
    const { status, stderr, output } = runOracle(['log', folder]);
    assert.equal(status, 0, stderr);
    const { Tiles, ...counts } = output;
    assert.ok(Tiles > 0);
    assert.deepEqual(counts, checkLogFolder(folder));
    const files = filesOf(folder);
    for (let n = 0; n < 12; n++) {
      const path = random.pick(files);
      const bytes = Uint8Array.from(readFileSync(path));
      if (bytes.length === 0) continue;
      const bit = random.below(bytes.length * 8);
      writeFileSync(path, flipBit(bytes, bit));
      assert.equal(runOracle(['log', folder]).status, 1, `Go, ${path}, bit ${bit}`);
      assert.throws(() => checkLogFolder(folder), `TypeScript, ${path}, bit ${bit}`);
      writeFileSync(path, bytes);
    }
  }
});

test('TypeScript reads whole logs that Go wrote', options, (t) => {
  const random = new Random(`${newSeed()} written by Go`);
  t.diagnostic(`ORACLE_SEED=${newSeed()}`);
  for (let round = 0; round < 6; round++) {
    const folder = temporaryFolder();
    const sizes = someSizes(random);
    const args = ['write', folder, String(random.below(2 ** 32)), ...sizes.map(String)];
    assert.equal(runOracle(args).status, 0);
    const { Checkpoints, Entries, Inclusion } = checkLogFolder(folder);
    assert.deepEqual([Checkpoints, Entries], [sizes.length, sizes.at(-1)]);
    assert.ok(Inclusion > 0);
  }
});
