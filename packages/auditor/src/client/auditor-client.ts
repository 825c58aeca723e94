import { concat, equalBytes, fromHex, hex } from '@coffer/base';
import { ed25519PublicKey } from '@coffer/crypto';
import {
  artifactDigest,
  type Countersigned,
  countersign,
  countersignedBy,
  decodeArtifact,
  decodeLeaf,
  decodeTrustRoot,
  encodePlexiMessage,
  encodeTilePath,
  leafHash,
  type PlexiAnswer,
  parsePlexiAnswer,
  type Tile,
  TransparencyError,
  type TrustRoot,
  verifyPlexiAnswer,
} from '@coffer/transparency';
import type { Json } from '@coffer/wire';
import { z } from 'zod';
import { signAuditRequest } from '../audit-request.js';
import type { LoggedEpochAnswer } from '../audited-namespace.js';
import { AuditorError, type RefusalCode } from '../errors.js';
import { readBytes } from '../http/response-body.js';
import { statusOf } from '../http/statuses.js';
import { answerBytesMax } from '../limits.js';

export interface AuditorClientOptions {
  /** Origin of the auditor, such as `https://auditor.example`. */
  readonly url: string;
  readonly namespace: string;
  /** How long one answer may take; default 60 s, for evidence is checked and witnesses are waited for. */
  readonly timeoutMs?: number;
  readonly fetch?: typeof fetch;
}

export interface AuditRequest {
  /** Bytes of the artifact. */
  readonly artifact: Uint8Array;
  /** Evidence files that the auditor may not have. */
  readonly evidence: readonly Uint8Array[];
  /** 32 bytes of an operator; stays the caller's. */
  readonly operatorSeed: Uint8Array;
}

export interface PublishRequest extends AuditRequest {
  readonly trustRoot: TrustRoot;
  /** Milliseconds since 1970 after which no client takes the epoch. */
  readonly notAfterMs: number;
}

const timeoutMsDefault = 60_000;

const loggedSchema = z.strictObject({
  epoch: z.int().min(1),
  leafHash: z.string().regex(/^[0-9a-f]{64}$/),
  size: z.int().min(1),
});
const infoSchema = z.object({
  keys: z.array(z.object({ public_key: z.string(), not_before: z.int() })),
  logs: z.array(z.string()),
});
const namespaceSchema = z.object({
  name: z.string(),
  root: z.string().nullable(),
  last_verified_epoch: z.int().optional(),
  status: z.enum(['Online', 'Initialization', 'Disabled']),
});
const lastVerifiedSchema = z.object({
  job_id: z.string(),
  epoch: z.int().min(1),
  start_hash: z.string(),
  end_hash: z.string(),
  timestamp: z.int(),
});
export type AuditorInfo = z.output<typeof infoSchema>;
export type NamespaceInfo = z.output<typeof namespaceSchema>;
export type LastVerifiedEpoch = z.output<typeof lastVerifiedSchema>;

/**
 * Typed calls to an auditor. Reads return what it said, unverified; undefined for what it does not have.
 * Everything throws AuditorError: the auditor's own refusal code, `unreachable` or `bad-answer`.
 */
export class AuditorClient {
  readonly #options: AuditorClientOptions;
  readonly #fetch: typeof fetch;
  readonly #ns: string;

  constructor(options: AuditorClientOptions) {
    this.#options = options;
    this.#fetch = options.fetch ?? fetch;
    this.#ns = options.namespace;
  }

  async info(): Promise<AuditorInfo> {
    return parsed(infoSchema, needed(await this.#get('/info')));
  }

  async namespaceInfo(): Promise<NamespaceInfo | undefined> {
    return ifAny(await this.#get(`/namespaces/${this.#ns}`), (bytes) => parsed(namespaceSchema, bytes));
  }

  async lastVerifiedEpoch(): Promise<LastVerifiedEpoch | undefined> {
    const bytes = await this.#get(`/namespaces/${this.#ns}/last-verified-epoch`);
    return ifAny(bytes, (found) => parsed(lastVerifiedSchema, found));
  }

  /** The Plexi answer of a published epoch. */
  async audit(epoch: number): Promise<PlexiAnswer | undefined> {
    return ifAny(await this.#get(`/namespaces/${this.#ns}/audits/${epoch}`), plexiAnswer);
  }

  checkpoint(): Promise<Uint8Array | undefined> {
    return this.#get(`/logs/${this.#ns}/checkpoint`);
  }

  /** The checkpoint of a size with its earliest cosignatures. */
  checkpointAt(size: number): Promise<Uint8Array | undefined> {
    return this.#get(`/checkpoints/${this.#ns}/${size}`);
  }

  tile(tile: Tile): Promise<Uint8Array | undefined> {
    return this.#get(`/logs/${this.#ns}/${encodeTilePath(tile)}`);
  }

  leaf(epoch: number): Promise<Uint8Array | undefined> {
    return this.#get(`/leaves/${this.#ns}/${epoch}`);
  }

  artifact(digest: Uint8Array): Promise<Uint8Array | undefined> {
    return this.#get(`/artifacts/${hex(digest)}`);
  }

  evidence(digest: Uint8Array): Promise<Uint8Array | undefined> {
    return this.#get(`/evidence/${hex(digest)}`);
  }

  trustRoot(version: number | 'latest'): Promise<Uint8Array | undefined> {
    return this.#get(`/trust-roots/${this.#ns}/${version}`);
  }

  /** Hands over the next trust root. @param bytes - of `encodeTrustRoot`. */
  async postTrustRoot(bytes: Uint8Array): Promise<void> {
    decodeTrustRoot(bytes);
    await this.#post(`/trust-roots/${this.#ns}`, bytes);
  }

  /** Has an artifact audited. @returns what the auditor says it signed; see {@link publish} for what to verify. */
  async postAudit({ artifact, evidence, operatorSeed }: AuditRequest): Promise<PlexiAnswer> {
    const body = {
      artifact: base64(artifact),
      evidence: Object.fromEntries(evidence.map((file) => [hex(artifactDigest(file)), base64(file)])),
      requestSignature: {
        key: hex(ed25519PublicKey(operatorSeed)),
        sig: hex(signAuditRequest(artifact, operatorSeed)),
      },
    };
    return plexiAnswer(await this.#post(`/namespaces/${this.#ns}/audits`, jsonBytes(body)));
  }

  /** Counter-signs what the auditor signed. The caller has verified that it is what was meant. */
  async postCountersignature(
    epoch: number,
    signed: Countersigned,
    trustRootVersion: number,
    operatorSeed: Uint8Array,
  ): Promise<LoggedEpochAnswer> {
    const { compatible, full } = countersign(signed, operatorSeed);
    const body = {
      key: hex(ed25519PublicKey(operatorSeed)),
      sigCompat: hex(compatible),
      sig: hex(full),
      notAfter: signed.notAfterMs,
      trustRootVersion,
    };
    const path = `/namespaces/${this.#ns}/audits/${epoch}/countersignature`;
    const answer = parsed(loggedSchema, await this.#post(path, jsonBytes(body)));
    return { ...answer, leafHash: fromHex(answer.leafHash) };
  }

  /**
   * Audits, verifies, counter-signs and looks up one epoch; may be repeated after a failure at any point with the same
   * request, `notAfterMs` included.
   * @returns the epoch as it was logged, and its leaf. @throws AuditorError `bad-answer` when the auditor signed anything
   *   but this artifact, or logged anything but this counter-signature.
   */
  async publish(request: PublishRequest): Promise<LoggedEpochAnswer & { readonly leaf: Uint8Array }> {
    const { artifact, trustRoot, notAfterMs, operatorSeed } = request;
    const { namespace, epoch, fleets } = decodeArtifact(artifact);
    const answer = await this.postAudit(request);
    const auditorKey = verifiedKey(answer, trustRoot);
    const { message, signature } = answer;
    const isOurs =
      message.suite === 1 &&
      message.namespace === namespace &&
      message.epoch === epoch &&
      equalBytes(message.digest, artifactDigest(artifact));
    if (!isOurs) throw badAnswer('the auditor signed something else');
    const signed: Countersigned = {
      auditorMessage: encodePlexiMessage(message),
      auditorSignature: signature,
      auditorKey,
      evidence: fleets.map((fleet) => fleet.evidence),
      notAfterMs,
    };
    const logged = await this.postCountersignature(epoch, signed, trustRoot.version, operatorSeed);
    const leaf = needed(await this.leaf(epoch));
    verifyLogged(leaf, logged, signed);
    return { ...logged, leaf };
  }

  async #get(path: string): Promise<Uint8Array | undefined> {
    const { status, body } = await this.#call(path, { method: 'GET' });
    if (status === 200) return body;
    const code = refusalCode(status, body);
    if (code === 'not-found') return undefined;
    throw new AuditorError(code, 'the auditor refused');
  }

  async #post(path: string, bytes: Uint8Array): Promise<Uint8Array> {
    const { status, body } = await this.#call(path, {
      method: 'POST',
      body: bytes.slice().buffer,
      headers: { 'content-type': 'application/json' },
    });
    if (status === 200 || status === 201) return body;
    throw new AuditorError(refusalCode(status, body), 'the auditor refused');
  }

  async #call(path: string, init: RequestInit): Promise<{ readonly status: number; readonly body: Uint8Array }> {
    const { url, timeoutMs = timeoutMsDefault } = this.#options;
    // Not AbortSignal.timeout: its timer would stay for the whole time after every quick answer.
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), timeoutMs);
    try {
      const response = await this.#fetch(new URL(path, url), { ...init, redirect: 'error', signal: stop.signal });
      return { status: response.status, body: await readBytes(response, answerBytesMax) };
    } catch (cause) {
      if (cause instanceof RangeError) throw badAnswer('over its limit', cause);
      throw new AuditorError('unreachable', 'no answer from the auditor', { cause });
    } finally {
      clearTimeout(timer);
    }
  }
}

function verifiedKey(answer: PlexiAnswer, { auditors }: TrustRoot): Uint8Array {
  try {
    return verifyPlexiAnswer(answer, auditors);
  } catch (cause) {
    throw badAnswer('not signed by an auditor of the trust root', cause);
  }
}

/** The leaf that is logged is the one that was counter-signed. */
function verifyLogged(bytes: Uint8Array, logged: LoggedEpochAnswer, signed: Countersigned): void {
  const there = countersignedBy(decodedLeaf(bytes));
  const isSame =
    equalBytes(leafHash(bytes), logged.leafHash) &&
    equalBytes(there.auditorMessage, signed.auditorMessage) &&
    equalBytes(there.auditorSignature, signed.auditorSignature) &&
    equalBytes(concat(...there.evidence), concat(...signed.evidence)) &&
    there.notAfterMs === signed.notAfterMs;
  if (!isSame) throw badAnswer('something else was logged');
}

function decodedLeaf(bytes: Uint8Array) {
  try {
    return decodeLeaf(bytes);
  } catch (cause) {
    throw badAnswer('not a leaf', cause);
  }
}

function plexiAnswer(bytes: Uint8Array): PlexiAnswer {
  try {
    return parsePlexiAnswer(jsonOf(bytes));
  } catch (cause) {
    if (cause instanceof TransparencyError) throw badAnswer('not a Plexi answer', cause);
    throw cause;
  }
}

/** A code that was never documented under that status is no answer at all. */
function refusalCode(status: number, body: Uint8Array): RefusalCode {
  const { error } = parsed(z.object({ error: z.string() }), body);
  const isKnown = (code: string): code is RefusalCode => Object.hasOwn(statusOf, code);
  if (!isKnown(error) || statusOf[error] !== status) throw badAnswer('an unknown refusal');
  return error;
}

function parsed<T>(schema: z.ZodType<T>, bytes: Uint8Array): T {
  const result = schema.safeParse(jsonOf(bytes));
  if (!result.success) throw badAnswer('not the documented form');
  return result.data;
}

function jsonOf(bytes: Uint8Array): Json {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8')) as Json;
  } catch (cause) {
    throw badAnswer('not JSON', cause);
  }
}

const ifAny = <T>(bytes: Uint8Array | undefined, read: (bytes: Uint8Array) => T): T | undefined =>
  bytes === undefined ? undefined : read(bytes);

function needed(bytes: Uint8Array | undefined): Uint8Array {
  if (bytes === undefined) throw badAnswer('nothing where there has to be something');
  return bytes;
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
const jsonBytes = (value: object): Uint8Array => new Uint8Array(Buffer.from(JSON.stringify(value)));
const badAnswer = (what: string, cause?: unknown): AuditorError => new AuditorError('bad-answer', what, { cause });
