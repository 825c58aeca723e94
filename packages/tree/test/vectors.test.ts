import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fromHex, hex } from '@coffer/base';
import { computeRoot, emptyRoot, PartialTree } from '@coffer/tree';
import { isCode, proofFor, storeOf } from './fixtures.js';
import { naiveRoot } from './oracle.js';

interface Tree {
  readonly name: string;
  readonly leaves: readonly { readonly key: string; readonly contentHash: string }[];
  readonly root: string;
  readonly proofs: readonly {
    readonly keys: readonly string[];
    readonly found: readonly (string | null)[];
    readonly proof: string;
  }[];
}

interface BadProof {
  readonly name: string;
  readonly root: string;
  readonly proof: string;
  readonly code: string;
}

const read = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../../../vectors/tree/${name}`, import.meta.url), 'utf8'));
const trees = (read('trees.json') as { trees: Tree[] }).trees;
const bad = (read('bad-proofs.json') as { proofs: BadProof[] }).proofs;

test('golden trees: roots', () => {
  assert.equal(trees[0]?.root, hex(emptyRoot));
  for (const { name, leaves, root } of trees) {
    const entries = leaves.map((leaf) => ({ key: fromHex(leaf.key), contentHash: fromHex(leaf.contentHash) }));
    assert.equal(hex(computeRoot(entries)), root, name);
    assert.equal(naiveRoot(new Map(leaves.map((leaf) => [leaf.key, leaf.contentHash]))), root, name);
  }
});

test('golden trees: proofs, made and opened', () => {
  for (const { name, leaves, root, proofs } of trees) {
    const { store } = storeOf(new Map(leaves.map((leaf) => [leaf.key, leaf.contentHash])));
    for (const { keys, found, proof } of proofs) {
      assert.equal(hex(proofFor(store, keys.map(fromHex))), proof, name);
      const tree = PartialTree.open(fromHex(proof), fromHex(root));
      const got = keys.map((key) => tree.get(fromHex(key)));
      assert.deepEqual(
        got.map((content) => (content === undefined ? null : hex(content))),
        found,
        name,
      );
    }
  }
});

test('golden bad proofs: each with its code', () => {
  assert.ok(bad.length > 5);
  for (const { name, root, proof, code } of bad) {
    assert.throws(() => PartialTree.open(fromHex(proof), fromHex(root)), isCode(code), name);
  }
});
