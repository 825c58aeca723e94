import { hex, utf8, utf8Text } from '@coffer/base';
import { sha256 } from '@coffer/crypto';
import { type AuditSource, type EvidenceVerifier, LogAudit, type LogAuditOptions, MonitorError } from '@coffer/monitor';
import {
  artifactDigest,
  decodeLeaf,
  decodePlexiMessage,
  decodeTilePath,
  encodeEntryBundle,
  encodeTile,
  encodeTrustRoot,
  plexiAnswerJson,
  plexiKeyId,
  type SignedTrustRoot,
  type TrustRoot,
} from '@coffer/transparency';
import { dayMs, keyOf, nowMs, signedBy, startMs, World } from '@coffer/transparency/testing';

export { dayMs, keyOf, nowMs, startMs, World };

/** What a test has the auditor show in place of what it has: nothing, or other bytes. */
export type Shown = Readonly<Record<string, Uint8Array | undefined | ((honest: Uint8Array) => Uint8Array)>>;

/** The HTTP of an auditor whose log is a `World`. */
export class ShownWorld implements AuditSource {
  readonly world: World;
  readonly roots: SignedTrustRoot[];
  shown: Shown;
  /** Paths that were asked, in order. */
  readonly asked: string[] = [];
  isDown = false;
  /** When witnesses cosigned the checkpoint. */
  cosignedMs: readonly (number | undefined)[] = [nowMs - 3_600_000, nowMs - 3_600_000];
  size: number | undefined;
  readonly #byDigest = new Map<string, Uint8Array>();

  constructor(world: World, shown: Shown = {}) {
    this.world = world;
    this.shown = shown;
    this.roots = [signedBy(world.trustRoot(), ['root 1', 'root 2'])];
  }

  get(path: string, bytesMax: number): Promise<Uint8Array | undefined> {
    this.asked.push(path);
    if (this.isDown) return Promise.reject(new MonitorError('unreachable', path));
    const instead = this.shown[path];
    const bytes = path in this.shown && typeof instead !== 'function' ? instead : this.#honest(path);
    const result = typeof instead === 'function' && bytes !== undefined ? instead(bytes) : bytes;
    if (result !== undefined && result.length > bytesMax) return Promise.reject(new MonitorError('too-large', path));
    return Promise.resolve(result);
  }

  #honest(path: string): Uint8Array | undefined {
    const { world } = this;
    const ns = world.namespace;
    const size = this.size ?? world.size;
    const [kind = '', first = '', ...rest] = path.slice(1).split('/');
    const last = rest.at(-1) ?? '';
    if (path === '/info') return json({ keys: [{ public_key: hex(keyOf('auditor')), not_before: 0 }], logs: [ns] });
    if (path === `/namespaces/${ns}`) {
      const root = world.artifacts[0] && `1/${hex(artifactDigest(world.artifacts[0]))}`;
      return json({ name: ns, root, last_verified_epoch: size, status: 'Online' });
    }
    if (path === `/namespaces/${ns}/last-verified-epoch`) {
      const leaf = decodeLeaf(world.leaves[size - 1] as Uint8Array);
      const timestamp = decodePlexiMessage(leaf.auditor.message).timestampMs;
      return json({ job_id: 'x', epoch: size, start_hash: '', end_hash: hex(leaf.digest), timestamp });
    }
    if (kind === 'namespaces') return this.#answer(Number(last));
    if (kind === 'logs' && last === 'checkpoint') return world.checkpoint(size, this.cosignedMs);
    if (kind === 'logs') return this.#tile(rest.join('/'));
    if (kind === 'artifacts') return this.#artifact(first);
    if (kind === 'leaves') return world.leaves[Number(last) - 1];
    if (kind === 'evidence') return this.#evidence(first);
    if (kind === 'trust-roots') {
      const root = last === 'latest' ? this.roots.at(-1) : this.roots[Number(last) - 1];
      return root === undefined ? undefined : encodeTrustRoot(root);
    }
    return undefined;
  }

  #artifact(digest: string): Uint8Array | undefined {
    for (const artifact of this.world.artifacts.slice(this.#byDigest.size))
      this.#byDigest.set(hex(artifactDigest(artifact)), artifact);
    return this.#byDigest.get(digest);
  }

  #answer(epoch: number): Uint8Array | undefined {
    const entry = this.world.leaves[epoch - 1];
    if (entry === undefined) return undefined;
    // An auditor that logged what is no leaf can still answer something.
    const { auditor } = decodeLeaf(entry.length < 3 ? (this.world.leaves[0] as Uint8Array) : entry);
    const message = decodePlexiMessage(auditor.message);
    return json(plexiAnswerJson({ message, signature: auditor.signature, keyId: plexiKeyId(auditor.key) }));
  }

  #tile(path: string): Uint8Array | undefined {
    const { level, index, width } = decodeTilePath(path);
    if (level === 'entries') {
      const entries = this.world.leaves.slice(index * 256, index * 256 + width);
      return entries.length === width ? encodeEntryBundle(entries) : undefined;
    }
    const isThere = index * 256 + width <= Math.floor(this.world.size / 256 ** level);
    return isThere ? encodeTile({ level, index, width }, this.world.read) : undefined;
  }

  /** `World` lists `SHA-256("evidence NAME")` as the evidence of a fleet: the text is the file. */
  #evidence(digest: string): Uint8Array | undefined {
    return ['A', 'B', 'C', 'D'].map((name) => utf8(`evidence ${name}`)).find((file) => hex(sha256(file)) === digest);
  }
}

export const json = (value: object): Uint8Array => utf8(JSON.stringify(value));

/** The evidence of the tests holds when its one file is there and does not say `bad`. */
export const testEvidence: EvidenceVerifier = {
  verify({ read, indexDigest }) {
    const file = read(indexDigest);
    if (file === undefined) return [{ name: 'index', verdict: 'failed', code: 'missing-index', why: 'not there' }];
    if (utf8Text(file).includes('bad')) return [{ name: 'config', verdict: 'failed', code: 'bad-config', why: 'bad' }];
    return [{ name: 'index', verdict: 'SIMULATED HARDWARE', why: 'there' }];
  },
};

export function auditOf(source: AuditSource, fields: Partial<LogAuditOptions> & { trustRoot: TrustRoot }): LogAudit {
  return new LogAudit({ source, evidence: testEvidence, clock: { nowMs: () => nowMs }, ...fields });
}

/** A log of three epochs: A; A and B; A draining, B serving, C new. */
export function goodWorld(): World {
  const world = new World();
  world.publish({ A: 'serving' }, { atMs: startMs });
  world.publish({ A: 'serving', B: 'serving' }, { atMs: startMs + dayMs });
  world.publish({ A: 'draining', B: 'serving', C: 'serving' }, { atMs: startMs + 4.9 * dayMs });
  return world;
}
