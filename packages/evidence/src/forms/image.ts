import { hex } from '@coffer/base';
import { statementForm as form, gitHashPattern, type PredicateForm, shortTextPattern } from './predicate-form.js';

/** Where the program of the HSMs comes from. */
export interface SourceStatement {
  /** Name or address of the repository. */
  readonly repository: string;
  /** Git's names of commit and tree, hexadecimal. */
  readonly commit: string;
  readonly tree: string;
}

/** What was built from it. */
export interface BuildStatement {
  /** SHA-256 of the HSM image, 32 bytes. */
  readonly image: Uint8Array;
  readonly commit: string;
  readonly command: string;
  /** Version of Node that built it. */
  readonly node: string;
}

/** What somebody else has built from it; signed by that rebuilder. */
export interface RebuildStatement {
  readonly image: Uint8Array;
  readonly commit: string;
}

export const sourceForm: PredicateForm<SourceStatement> = {
  encode: ({ repository, commit, tree }) => ({ repository, commit, tree }),
  decode(json) {
    const fields = form.object(json, ['repository', 'commit', 'tree']);
    return {
      repository: form.text(fields.repository, shortTextPattern),
      commit: form.text(fields.commit, gitHashPattern),
      tree: form.text(fields.tree, gitHashPattern),
    };
  },
};

export const buildForm: PredicateForm<BuildStatement> = {
  encode: ({ image, commit, command, node }) => ({ image: hex(image), commit, command, node }),
  decode(json) {
    const fields = form.object(json, ['image', 'commit', 'command', 'node']);
    return {
      image: form.hexBytes(fields.image, 32),
      commit: form.text(fields.commit, gitHashPattern),
      command: form.text(fields.command, shortTextPattern),
      node: form.text(fields.node, shortTextPattern),
    };
  },
};

export const rebuildForm: PredicateForm<RebuildStatement> = {
  encode: ({ image, commit }) => ({ image: hex(image), commit }),
  decode(json) {
    const fields = form.object(json, ['image', 'commit']);
    return { image: form.hexBytes(fields.image, 32), commit: form.text(fields.commit, gitHashPattern) };
  },
};
