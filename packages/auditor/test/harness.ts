import {
  type Auditor,
  AuditorClient,
  type AuditorEvent,
  type AuditorOptions,
  type AuditorStore,
  auditorKey,
  type CosignRequest,
  type EvidenceCheck,
  type EvidenceFailure,
  openAuditor,
  type Witnesses,
} from '@coffer/auditor';
import { type Clock, concat, hex, type Timers, utf8 } from '@coffer/base';
import { ed25519PublicKey, sha256 } from '@coffer/crypto';
import { decodeFleetDescriptor, encodeFleetDescriptor, type FleetDescriptor, type FleetId } from '@coffer/protocol';
import {
  artifactDigest,
  type Checkpoint,
  cosignCheckpoint,
  encodeAddCheckpoint,
  encodeArtifact,
  encodeTrustRoot,
  type FleetStatus,
  type NoteSignature,
  type NoteSigner,
  noteKey,
  noteSigner,
  signTrustRoot,
  stepWitness,
  type TrustRoot,
} from '@coffer/transparency';

/** 32 bytes by name: every key of the tests can be made again. */
export const seedOf = (name: string): Uint8Array => sha256(utf8(`coffer auditor test seed: ${name}`));
const keys = new Map<string, Uint8Array>();
/** The public key of {@link seedOf}. */
export function keyOf(name: string): Uint8Array {
  const key = keys.get(name) ?? ed25519PublicKey(seedOf(name));
  keys.set(name, key);
  return key;
}
export const namespace = 'example.encrypted_backups.fleet_keys.v1';
export const origin = 'log.example/fleet-keys';
export const startMs = 1_800_000_000_000;
export const dayMs = 86_400_000;

const sorted = (keys: readonly Uint8Array[]): Uint8Array[] => [...keys].sort((a, b) => (hex(a) < hex(b) ? -1 : 1));

/** Time that a test sets, and timers that run when a test says so. */
export class TestTime implements Clock, Timers {
  ms = startMs;
  readonly waiting = new Set<{ readonly atMs: number; readonly task: () => void }>();

  nowMs(): number {
    return this.ms;
  }

  after(delayMs: number, task: () => void): () => void {
    const timer = { atMs: this.ms + delayMs, task };
    this.waiting.add(timer);
    return () => void this.waiting.delete(timer);
  }

  /** Lets time pass, and runs what is due. */
  pass(ms: number): void {
    this.ms += ms;
    for (const timer of [...this.waiting].sort((a, b) => a.atMs - b.atMs)) {
      if (timer.atMs > this.ms || !this.waiting.delete(timer)) continue;
      timer.task();
    }
  }
}

export class PowerCut extends Error {}

/** Keeps everything in memory, and can fail one write before or after it happened. */
export class MemoryStore implements AuditorStore {
  readonly files = new Map<string, Uint8Array>();
  writes = 0;
  /** Number of the write that fails, from 1. */
  failsAt = 0;
  failsWhen: 'before' | 'after' = 'before';
  /** What a process that was killed wrote last: there, but perhaps not for good. */
  unsure: string | undefined;

  read(name: string): Uint8Array | undefined {
    return this.files.get(name)?.slice();
  }

  write(name: string, bytes: Uint8Array): void {
    this.writes++;
    if (this.writes === this.failsAt && this.failsWhen === 'before') throw new PowerCut(name);
    this.files.set(name, bytes.slice());
    if (this.unsure === name) this.unsure = undefined;
    if (this.writes === this.failsAt) this.unsure = name;
    if (this.writes === this.failsAt) throw new PowerCut(name);
  }

  /** What a power cut leaves. */
  copy(): MemoryStore {
    const copy = new MemoryStore();
    for (const [name, bytes] of this.files) copy.files.set(name, bytes);
    copy.unsure = this.unsure;
    return copy;
  }
}

/** Witnesses that remember what they cosigned, as real ones do; `down` and `lie` are for tests to set. */
export class FakeWitnesses implements Witnesses {
  readonly signers: readonly NoteSigner[];
  readonly latest = new Map<string, Map<string, Checkpoint>>();
  readonly down = new Set<string>();
  /** Every checkpoint text that was shown to any of them. */
  readonly seen: string[] = [];
  readonly #clock: Clock;

  constructor(clock: Clock, names: readonly string[] = ['w1', 'w2', 'w3']) {
    this.#clock = clock;
    this.signers = names.map((name) => noteSigner(`witness.example/${name}`, 'witness', seedOf(name)));
  }

  /** What one of them answers to the body of an add-checkpoint request. */
  answer(name: string, body: Uint8Array, logs: TrustRoot['policy']['logs']) {
    const latest = this.latest.get(name) ?? new Map<string, Checkpoint>();
    this.latest.set(name, latest);
    const answer = stepWitness(body, logs, (of) => latest.get(of));
    if (answer.status === 200) latest.set(answer.latest.origin, answer.latest);
    return answer;
  }

  cosign({ policy, checkpoint, text, prove }: CosignRequest): Promise<readonly NoteSignature[]> {
    this.seen.push(text);
    const lines = policy.witnesses.flatMap(({ key }) => {
      const signer = this.signers.find(({ name }) => name === key.name);
      if (signer === undefined || this.down.has(signer.name)) return [];
      const size = this.latest.get(signer.name)?.get(origin)?.size ?? 0;
      if (size > Number(text.split('\n')[1])) return [];
      const body = encodeAddCheckpoint({ oldSize: size, hashes: prove(size), checkpoint });
      if (this.answer(signer.name, body, policy.logs).status !== 200) return [];
      return [cosignCheckpoint(text, signer, Math.floor(this.#clock.nowMs() / 1000))];
    });
    return Promise.resolve(lines);
  }
}

/** Evidence of the tests: an index that names one file, whose text says what is wrong with it. */
export const testEvidence: EvidenceCheck = {
  check({ read, indexDigest }): readonly EvidenceFailure[] {
    const index = read(indexDigest);
    const file = read(Buffer.from(new TextDecoder().decode(index), 'hex'));
    if (file === undefined) return [{ name: 'config', code: 'missing' }];
    const text = new TextDecoder().decode(file);
    return text.startsWith('bad ') ? [{ name: 'config', code: text.slice(4) }] : [];
  },
};

/** A fleet of the tests, with its two files of evidence. */
export interface TestFleet {
  readonly descriptor: FleetDescriptor;
  readonly evidence: Uint8Array;
  readonly files: readonly Uint8Array[];
}

export function fleetOf(name: string, statement = `evidence of ${name}`): TestFleet {
  const bytes = encodeFleetDescriptor({
    fleetId: sha256(utf8(`fleet ${name}`)).slice(0, 16) as FleetId,
    quorum: 1,
    rollbackTolerance: 0,
    groups: 2,
    budgetLimit: 10,
    channelKey: new Uint8Array(1216).fill(name.charCodeAt(0)),
    opaqueKey: sha256(utf8(`opaque ${name}`)),
    members: [{ id: 1, site: 'site-1', key: keyOf(`hsm ${name}`) }],
  });
  const file = utf8(statement);
  const index = utf8(hex(sha256(file)));
  return { descriptor: decodeFleetDescriptor(bytes), evidence: sha256(index), files: [index, file] };
}

export type Listed = readonly (readonly [fleet: TestFleet, status: FleetStatus])[];

export function artifactOf(epoch: number, before: Uint8Array | undefined, listed: Listed, ns = namespace): Uint8Array {
  return encodeArtifact({
    namespace: ns,
    epoch,
    ...(before === undefined ? {} : { previous: artifactDigest(before) }),
    fleets: listed.map(([{ descriptor, evidence }, status]) => ({ descriptor, evidence, status })),
  });
}

export function trustRootOf(fields: Partial<TrustRoot> = {}): TrustRoot {
  const ns = fields.namespace ?? namespace;
  const witnesses = ['w1', 'w2', 'w3'].map((name) => ({
    name,
    key: noteKey(`witness.example/${name}`, 'witness', keyOf(name)),
    url: `https://${name}.example`,
  }));
  return {
    version: 1,
    namespace: ns,
    origin,
    rootKeys: { threshold: 2, keys: sorted(['root 1', 'root 2', 'root 3'].map(keyOf)) },
    auditors: [keyOf('auditor')],
    operators: [keyOf('operator')],
    policy: {
      logs: [{ key: noteKey(fields.origin ?? origin, 'log', keyOf('log')) }],
      witnesses,
      groups: [{ name: 'two-of-three', threshold: 2, members: ['w1', 'w2', 'w3'] }],
      quorum: 'two-of-three',
    },
    ceremony: { threshold: 0, witnesses: [] },
    rebuilders: { threshold: 0, keys: [] },
    revocations: [],
    ...fields,
  };
}

export const rootBytes = (trustRoot: TrustRoot, names: readonly string[] = ['root 1', 'root 2']): Uint8Array =>
  encodeTrustRoot({
    trustRoot,
    signatures: names.map((name) => signTrustRoot(trustRoot, seedOf(name), keyOf(name))),
  });

export interface BenchOptions extends Partial<AuditorOptions> {
  readonly time?: TestTime;
  readonly memory?: AuditorStore;
  readonly root?: TrustRoot;
  readonly isDisabled?: boolean;
  readonly auditorNames?: readonly string[];
  readonly logNames?: readonly string[];
  /** Another build of the package. */
  readonly open?: typeof openAuditor;
}

/** An auditor in this process, an operator, and witnesses. */
export class Bench {
  readonly time: TestTime;
  readonly witnesses: FakeWitnesses;
  readonly events: AuditorEvent[] = [];
  readonly root: TrustRoot;
  readonly auditor: Auditor;
  readonly client: AuditorClient;
  /** Artifacts that were made by {@link next}. */
  readonly artifacts: Uint8Array[] = [];

  constructor(options: BenchOptions = {}) {
    const {
      memory = new MemoryStore(),
      root = trustRootOf(),
      auditorNames = ['auditor'],
      logNames = ['log'],
      open = openAuditor,
    } = options;
    this.time = options.time ?? new TestTime();
    this.root = root;
    this.witnesses = (options.witnesses as FakeWitnesses | undefined) ?? new FakeWitnesses(this.time);
    this.auditor = open({
      namespaces: [
        { trustRoot: rootBytes(root), logSeeds: logNames.map(seedOf), isDisabled: options.isDisabled ?? false },
      ],
      auditorKeys: auditorNames.map((name) => auditorKey(seedOf(name), startMs)),
      store: memory,
      evidence: testEvidence,
      clock: this.time,
      timers: this.time,
      onEvent: (event) => this.events.push(event),
      ...options,
      witnesses: this.witnesses,
    });
    this.client = new AuditorClient({ url: 'http://auditor.example', namespace, fetch: this.fetch });
  }

  readonly fetch: typeof fetch = (input, init) => this.auditor.fetch(new Request(input as string, init));

  get(path: string): Promise<Response> {
    return this.fetch(`http://auditor.example${path}`);
  }

  post(path: string, body: unknown): Promise<Response> {
    const text = body instanceof Uint8Array ? body.slice() : typeof body === 'string' ? body : JSON.stringify(body);
    return this.fetch(`http://auditor.example${path}`, { method: 'POST', body: text });
  }

  /** The artifact after those that were made before. */
  next(listed: Listed): Uint8Array {
    const artifact = artifactOf(this.artifacts.length + 1, this.artifacts.at(-1), listed);
    this.artifacts.push(artifact);
    return artifact;
  }

  /** Audits and counter-signs the next epoch. */
  publish(listed: Listed, operator = 'operator') {
    return this.publishArtifact(this.next(listed), listed, operator);
  }

  publishArtifact(artifact: Uint8Array, listed: Listed, operator = 'operator') {
    return this.client.publish({
      artifact,
      evidence: listed.flatMap(([{ files }]) => files),
      operatorSeed: seedOf(operator),
      trustRoot: this.root,
      notAfterMs: startMs + 30 * dayMs,
    });
  }
}

/** What an error answer says: status, and the code. */
export async function refusal(answer: Response | Promise<Response>): Promise<readonly [status: number, code: string]> {
  const response = await answer;
  return [response.status, ((await response.json()) as { error: string }).error];
}

/** `bytes` with one bit changed. */
export function flipBit(bytes: Uint8Array, bit: number): Uint8Array {
  const changed = concat(bytes);
  changed[bit >> 3]! ^= 1 << (bit & 7);
  return changed;
}
