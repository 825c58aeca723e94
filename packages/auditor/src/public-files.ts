import { utf8Text } from '@coffer/base';
import type { AuditedNamespace } from './audited-namespace.js';
import type { PublicFiles } from './http/app.js';
import type { GuardedStore } from './store/guarded-store.js';
import { artifactName, digestName, evidenceName } from './store/names.js';

/**
 * Files by digest. An artifact is shown when its epoch is: before that it would tell of an epoch that nobody can yet find
 * in the log. Evidence is kept only when an artifact was signed for it, and names no epoch.
 */
export function publicFiles(store: GuardedStore, namespaces: ReadonlyMap<string, AuditedNamespace>): PublicFiles {
  return {
    artifact(digest) {
      const signedFor = store.read(digestName(digest));
      if (signedFor === undefined) return undefined;
      const [name = '', epoch = ''] = utf8Text(signedFor).trim().split(' ');
      const isPublic = Number(epoch) <= (namespaces.get(name)?.view.size ?? 0);
      return isPublic ? store.read(artifactName(digest)) : undefined;
    },
    evidence: (digest) => store.read(evidenceName(digest)),
  };
}
