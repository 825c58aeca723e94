export { computeRoot, TreeBuilder, type TreeLeaf } from './build.js';
export * from './errors.js';
export { emptyRoot } from './hashes.js';
export { proofBytesMax, proofKeysMax } from './limits.js';
export { type NodeWrite, PartialTree, type TreeStore } from './partial-tree.js';
export { type Path, rootPath } from './path.js';
