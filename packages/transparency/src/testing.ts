/** A whole published world in memory, for the tests of every package that reads one. Not part of what ships. */

import { concat, fromHex, hex, utf8, utf8Text } from '@coffer/base';
import { ed25519PublicKey, sha256 } from '@coffer/crypto';
import { decodeFleetDescriptor, encodeFleetDescriptor, type FleetDescriptor, type FleetId } from '@coffer/protocol';
import {
  appendLeaf,
  artifactDigest,
  type Bundle,
  type BundleRequest,
  cosignCheckpoint,
  countersign,
  countersignedBy,
  emptyFrontier,
  encodeArtifact,
  encodeBundle,
  encodeCheckpoint,
  encodeLeaf,
  encodeNote,
  encodePlexiMessage,
  encodeProofFile,
  type FleetStatus,
  frontierRoot,
  type Leaf,
  type LoggedEpoch,
  leafHash,
  type MaturityProof,
  type NodeReader,
  type NoteKey,
  type NoteSigner,
  newClientTrust,
  noteKey,
  noteSigner,
  proveConsistency,
  proveInclusion,
  type SignedTrustRoot,
  signNote,
  signPlexiMessage,
  signTrustRoot,
  type TrustRoot,
  treeRoot,
} from './index.js';

/** 32 bytes by name: every key of the tests can be made again. */
export const seedOf = (name: string): Uint8Array => sha256(utf8(`coffer transparency test seed: ${name}`));
export const keyOf = (name: string): Uint8Array => ed25519PublicKey(seedOf(name));

export const dayMs = 86_400_000;
/** When the tests' logs begin. */
export const startMs = 1_800_000_000_000;

export const namespace = 'example.encrypted_backups.fleet_keys.v1';
export const origin = 'log.example/fleet-keys';

export const sortKeys = (keys: readonly Uint8Array[]): Uint8Array[] =>
  [...keys].sort((a, b) => (hex(a) < hex(b) ? -1 : 1));

export function fleetOf(name: string, options: { groups?: number } = {}): FleetDescriptor {
  const bytes = encodeFleetDescriptor({
    fleetId: sha256(utf8(`fleet ${name}`)).slice(0, 16) as FleetId,
    quorum: 1,
    rollbackTolerance: 0,
    groups: options.groups ?? 2,
    budgetLimit: 10,
    channelKey: new Uint8Array(1216).fill(name.charCodeAt(0)),
    opaqueKey: sha256(utf8(`opaque ${name}`)),
    members: [{ id: 1, site: 'site-1', key: keyOf(`hsm ${name}`) }],
  });
  return decodeFleetDescriptor(bytes);
}

const publicPart = ({ name, use, key }: NoteSigner): NoteKey => noteKey(name, use, key);

export type Listed = Readonly<Record<string, FleetStatus>>;

export interface PublishOptions {
  readonly atMs?: number;
  /** What the artifact says instead of what it should. */
  readonly artifactEpoch?: number;
  readonly notAfterMs?: number;
  readonly trustRootVersion?: number;
  readonly auditor?: string;
  readonly operator?: string;
  /** Changes the leaf before the operator signs it. */
  readonly edit?: (leaf: Leaf) => Leaf;
  /** Changes the leaf after. */
  readonly tamper?: (leaf: Leaf) => Leaf;
}

export interface WorldOptions {
  readonly namespace?: string;
  readonly origin?: string;
  /** What the names in a list stand for. Default {@link fleetOf}. */
  readonly fleetOf?: (name: string) => FleetDescriptor;
}

/** An auditor with its log, an operator and three witnesses of whom two are a quorum. It does whatever a test asks. */
export class World {
  readonly namespace: string;
  readonly origin: string;
  readonly log: NoteSigner;
  readonly witnesses: readonly NoteSigner[];
  readonly artifacts: Uint8Array[] = [];
  readonly leaves: Uint8Array[] = [];
  readonly #fleetOf: (name: string) => FleetDescriptor;
  readonly #nodes = new Map<string, Uint8Array>();
  #frontier = emptyFrontier;

  constructor(options: WorldOptions = {}) {
    this.namespace = options.namespace ?? namespace;
    this.origin = options.origin ?? origin;
    this.#fleetOf = options.fleetOf ?? fleetOf;
    this.log = noteSigner(this.origin, 'log', seedOf('log'));
    this.witnesses = [1, 2, 3].map((i) => noteSigner(`witness.example/w${i}`, 'witness', seedOf(`witness ${i}`)));
  }

  get size(): number {
    return this.leaves.length;
  }

  trustRoot(fields: Partial<TrustRoot> = {}): TrustRoot {
    return {
      version: 1,
      namespace: this.namespace,
      origin: this.origin,
      rootKeys: { threshold: 2, keys: sortKeys(['root 1', 'root 2', 'root 3'].map(keyOf)) },
      auditors: sortKeys([keyOf('auditor')]),
      operators: sortKeys([keyOf('operator')]),
      policy: {
        logs: [{ key: publicPart(this.log) }],
        witnesses: this.witnesses.map((key, i) => ({ name: `w${i + 1}`, key: publicPart(key) })),
        groups: [{ name: 'two-of-three', threshold: 2, members: ['w1', 'w2', 'w3'] }],
        quorum: 'two-of-three',
      },
      ceremony: { threshold: 1, witnesses: sortKeys([1, 2].map((i) => keyOf(`ceremony witness ${i}`))) },
      rebuilders: { threshold: 1, keys: sortKeys([1, 2].map((i) => keyOf(`rebuilder ${i}`))) },
      revocations: [],
      ...fields,
    };
  }

  /** Artifact and leaf of the next epoch, logged. */
  publish(listed: Listed, options: PublishOptions = {}): void {
    const artifact = this.artifactOf(listed, options);
    this.logLeaf(artifact, this.leafOf(artifact, options));
  }

  /** Any bytes as the next entry. */
  logLeaf(artifact: Uint8Array, leaf: Uint8Array): void {
    const { frontier, completed } = appendLeaf(this.#frontier, leafHash(leaf));
    for (const { level, index, hash } of completed) this.#nodes.set(`${level}/${index}`, hash);
    this.#frontier = frontier;
    this.artifacts.push(artifact);
    this.leaves.push(leaf);
  }

  artifactOf(listed: Listed, options: PublishOptions = {}): Uint8Array {
    const epoch = options.artifactEpoch ?? this.size + 1;
    const before = this.artifacts[this.artifacts.length - 1] ?? utf8('none');
    return encodeArtifact({
      namespace: this.namespace,
      epoch,
      ...(epoch === 1 ? {} : { previous: artifactDigest(before) }),
      fleets: Object.entries(listed).map(([name, status]) => ({
        descriptor: this.#fleetOf(name),
        evidence: sha256(utf8(`evidence ${name}`)),
        status,
      })),
    });
  }

  leafOf(artifact: Uint8Array, options: PublishOptions = {}): Uint8Array {
    const { fleets, epoch } = JSON.parse(utf8Text(artifact)) as {
      fleets: { evidence: string }[];
      epoch: number;
    };
    const { atMs = startMs, auditor = 'auditor', operator = 'operator' } = options;
    const digest = artifactDigest(artifact);
    const message = { suite: 1, namespace: this.namespace, timestampMs: atMs, epoch, digest } as const;
    const before = this.leaves[this.leaves.length - 1] ?? utf8('none');
    const draft: Leaf = {
      namespace: this.namespace,
      epoch,
      digest,
      auditor: {
        message: encodePlexiMessage(message),
        key: keyOf(auditor),
        signature: signPlexiMessage(message, seedOf(auditor)),
      },
      operator: { key: keyOf(operator), signatures: { compatible: new Uint8Array(64), full: new Uint8Array(64) } },
      evidence: fleets.map(({ evidence }) => fromHex(evidence)),
      ...(epoch === 1 ? {} : { previous: leafHash(before) }),
      notAfterMs: options.notAfterMs ?? startMs + 30 * dayMs,
      trustRootVersion: options.trustRootVersion ?? 1,
    };
    const edited = options.edit?.(draft) ?? draft;
    const signatures = countersign(countersignedBy(edited), seedOf(operator));
    const leaf = { ...edited, operator: { ...edited.operator, signatures } };
    return encodeLeaf(options.tamper?.(leaf) ?? leaf);
  }

  readonly read: NodeReader = ({ level, index }) => {
    const hash = this.#nodes.get(`${level}/${index}`);
    if (hash === undefined) throw new Error('no such node');
    return hash;
  };

  /** Root of all that was logged. */
  root(size = this.size): Uint8Array {
    return size === this.size ? frontierRoot(this.#frontier) : treeRoot(size, this.read);
  }

  checkpointText(size = this.size): string {
    return encodeCheckpoint({ origin: this.origin, size, root: this.root(size) });
  }

  /** @param cosignedMs - by witness, from the first; undefined: that one did not. */
  checkpoint(size: number, cosignedMs: readonly (number | undefined)[]): Uint8Array {
    const text = this.checkpointText(size);
    const lines = this.witnesses.flatMap((witness, i) => {
      const timeMs = cosignedMs[i];
      return timeMs === undefined ? [] : [cosignCheckpoint(text, witness, Math.floor(timeMs / 1000))];
    });
    return encodeNote({ text, signatures: [signNote(text, this.log), ...lines] });
  }

  epochPart(epoch: number, checkpoint: Uint8Array, size = this.size): LoggedEpoch {
    const proof = encodeProofFile({
      index: epoch - 1,
      hashes: proveInclusion(epoch - 1, size, this.read),
      checkpoint,
    });
    return { artifact: this.artifacts[epoch - 1] as Uint8Array, leaf: this.leaves[epoch - 1] as Uint8Array, proof };
  }

  maturity(epoch: number, size: number, atMs: number, laterSize = this.size): MaturityProof {
    const part = this.epochPart(epoch, this.checkpoint(size, [atMs, atMs]), size);
    return { ...part, consistency: proveConsistency(size, laterSize, this.read) };
  }

  bundle(atMs: number, fromSize: number, maturity: readonly MaturityProof[] = [], size = this.size): Bundle {
    return {
      ...this.epochPart(size, this.checkpoint(size, [atMs, atMs - 3_600_000]), size),
      maturity,
      consistency: { fromSize, hashes: proveConsistency(fromSize, size, this.read) },
    };
  }
}

/** Three epochs over five days: A alone; A and B; A draining, B serving and C, which is new. */
export function threeEpochs(options: WorldOptions = {}, last: PublishOptions = {}): World {
  const world = new World(options);
  world.publish({ A: 'serving' }, { atMs: startMs });
  world.publish({ A: 'serving', B: 'serving' }, { atMs: startMs + dayMs });
  world.publish({ A: 'draining', B: 'serving', C: 'serving' }, { atMs: startMs + 4.9 * dayMs, ...last });
  return world;
}

export const nowMs = startMs + 5 * dayMs;

/** The bundle of {@link threeEpochs} for a client that saw the first epoch. */
export const threeEpochBundle = (world: World): Bundle =>
  world.bundle(nowMs - 3_600_000, 1, [world.maturity(2, 2, startMs + 1.1 * dayMs)]);

/** What a client with the first epoch's checkpoint asks when it wants fleet B. */
export function requestFor(world: World, bundle: Bundle, fields: Partial<BundleRequest> = {}): BundleRequest {
  return {
    bundle: encodeBundle(bundle),
    trustRoot: world.trustRoot(),
    clientTrust: {
      trustRootVersion: 1,
      epoch: 1,
      verifiedMs: startMs,
      checkpoint: {
        origin: world.origin,
        size: 1,
        root: world.root(1),
        note: world.checkpoint(1, [startMs, startMs]),
      },
    },
    nowMs,
    expectations: { namespace, origin, fleetId: fleetOf('B').fleetId },
    ...fields,
  };
}

export const newClient = newClientTrust;

/** A trust root signed by the named root keys. */
export function signedBy(trustRoot: TrustRoot, names: readonly string[]): SignedTrustRoot {
  const signatures = names.map((name) => signTrustRoot(trustRoot, seedOf(name), keyOf(name)));
  return { trustRoot, signatures };
}

/** `bytes` with one bit changed. */
export function flipBit(bytes: Uint8Array, bit: number): Uint8Array {
  const changed = bytes.slice();
  changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return changed;
}

/** `note` with one more line. */
export const withLine = (note: Uint8Array, line: string): Uint8Array => concat(note, utf8(line));
