import { type Clock, fromHex, hex, type Timers } from '@coffer/base';
import { type PlexiAnswer, plexiAnswerJson, trustRootBytesMax } from '@coffer/transparency';
import { type Context, Hono } from 'hono';
import { cors } from 'hono/cors';
import type { AuditedNamespace } from '../audited-namespace.js';
import { AuditorError } from '../errors.js';
import { type AuditorLimits, auditBodyBytesMax, bodiesMax, countersignatureBodyBytesMax } from '../limits.js';
import { openApiDocument } from '../openapi/document.js';
import type { AuditorEvent } from '../ports.js';
import type { AuditorKey } from '../signing-keys.js';
import { parseAuditBody, parseCountersignatureBody } from './bodies.js';
import { readBody } from './request-body.js';
import { refusalOf, refusalResponse } from './statuses.js';

export interface AppOptions {
  readonly namespaces: ReadonlyMap<string, AuditedNamespace>;
  readonly auditorKeys: readonly AuditorKey[];
  /** Evidence and artifacts by digest, as far as they are public. */
  readonly files: PublicFiles;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly limits: AuditorLimits;
  readonly onEvent: (event: AuditorEvent) => void;
}

/** What is served by digest alone. */
export interface PublicFiles {
  artifact(digest: Uint8Array): Uint8Array | undefined;
  evidence(digest: Uint8Array): Uint8Array | undefined;
}

const octets = 'application/octet-stream';
/** What has its one value for ever. */
const immutable = 'public, max-age=31536000, immutable';
/** What the next request may find changed. */
const fresh = 'no-cache';

/** All routes of the auditor; docs/spec/transparency.md and `/openapi.json` describe them. */
export function createAuditorApp(options: AppOptions): Hono {
  const { auditorKeys, namespaces, onEvent, files } = options;
  const bodies = new BodyReader(options);
  const app = new Hono();
  // Everything here is public and nothing depends on who asks, so any web page may read it.
  app.use(cors({ origin: '*', allowMethods: ['GET', 'POST'], allowHeaders: ['content-type'], maxAge: 600 }));
  app.use(async (context, next) => {
    await next();
    context.header('x-content-type-options', 'nosniff');
  });

  app.get('/info', (context) => {
    const keys = auditorKeys.map(({ publicKey, notBeforeMs }) => ({
      public_key: hex(publicKey),
      not_before: notBeforeMs,
    }));
    return json(context, { keys, logs: [...namespaces.keys()] });
  });
  app.get('/namespaces', (context) =>
    json(context, { namespaces: [...namespaces.values()].map(({ view }) => view.info()) }),
  );
  app.get('/namespaces/:ns', (context) => json(context, known(namespaces, context).view.info()));
  app.get('/namespaces/:ns/audits/:epoch', (context) =>
    json(context, found(enabled(namespaces, context).view.audit(integer(context, 'epoch', 1)))),
  );
  app.get('/namespaces/:ns/last-verified-epoch', (context) =>
    json(context, found(enabled(namespaces, context).view.lastVerifiedEpoch())),
  );
  app.post('/namespaces/:ns/audits', async (context) => {
    const namespace = enabled(namespaces, context);
    const body = await bodies.read(context.req.raw, auditBodyBytesMax, parseAuditBody);
    const { value, isNew } = await namespace.postAudit(body);
    return json(context, plexiAnswerJson(value satisfies PlexiAnswer), isNew ? 201 : 200);
  });
  app.post('/namespaces/:ns/audits/:epoch/countersignature', async (context) => {
    const namespace = enabled(namespaces, context);
    const epoch = integer(context, 'epoch', 1);
    const body = await bodies.read(context.req.raw, countersignatureBodyBytesMax, parseCountersignatureBody);
    const { value, isNew } = await namespace.postCountersignature(epoch, body);
    return json(context, { ...value, leafHash: hex(value.leafHash) }, isNew ? 201 : 200);
  });

  app.get('/logs/:ns/checkpoint', (context) =>
    bytes(context, found(known(namespaces, context).view.checkpoint()), 'text/plain; charset=utf-8', fresh),
  );
  app.get('/logs/:ns/tile/*', (context) => {
    const { view, name } = known(namespaces, context);
    const tile = found(view.tile(context.req.path.slice(`/logs/${name}/`.length)));
    return bytes(context, tile.bytes, octets, tile.isFull ? immutable : fresh);
  });
  app.get('/leaves/:ns/:epoch', (context) => {
    const leaf = found(known(namespaces, context).view.leaf(integer(context, 'epoch', 1)));
    return bytes(context, leaf, 'application/json', immutable);
  });
  app.get('/checkpoints/:ns/:size', (context) => {
    const note = found(known(namespaces, context).view.checkpointAt(integer(context, 'size', 0)));
    return bytes(context, note, 'text/plain; charset=utf-8', fresh);
  });
  app.get('/artifacts/:digest', (context) =>
    bytes(context, found(files.artifact(digest(context))), 'application/json', immutable),
  );
  app.get('/evidence/:digest', (context) => bytes(context, found(files.evidence(digest(context))), octets, immutable));

  app.get('/trust-roots/:ns/:version', (context) => {
    const isLatest = context.req.param('version') === 'latest';
    const version = isLatest ? 'latest' : integer(context, 'version', 1);
    const root = found(known(namespaces, context).roots.read(version));
    return bytes(context, root, 'application/json', isLatest ? fresh : immutable);
  });
  app.post('/trust-roots/:ns', async (context) => {
    const namespace = enabled(namespaces, context);
    const body = await bodies.read(context.req.raw, trustRootBytesMax, (whole) => whole);
    const { value, isNew } = await namespace.postTrustRoot(body);
    return json(context, { version: value }, isNew ? 201 : 200);
  });

  app.get('/openapi.json', (context) => json(context, openApiDocument));
  app.get('/healthz', (context) => context.text('ok'));

  const refuse = (error: unknown): Response => {
    const code = refusalOf(error);
    onEvent({ type: 'refused', code, ...(code === 'internal' ? { cause: error } : {}) });
    return refusalResponse(code);
  };
  for (const path of new Set(app.routes.filter(({ method }) => method !== 'ALL').map((route) => route.path)))
    app.all(path, () => refuse(new AuditorError('bad-method', 'no such method here')));
  app.notFound(() => refuse(new AuditorError('not-found', 'no such path')));
  app.onError(refuse);
  return app;
}

/** Bodies, a bounded number at once. */
class BodyReader {
  readonly #options: AppOptions;
  #count = 0;

  constructor(options: AppOptions) {
    this.#options = options;
  }

  async read<T>(request: Request, bytesMax: number, parse: (bytes: Uint8Array) => T): Promise<T> {
    const { timers, limits } = this.#options;
    if (this.#count >= bodiesMax) throw new AuditorError('busy', 'too many bodies at once');
    this.#count++;
    try {
      return parse(await readBody(request, { bytesMax, timeMs: limits.bodyMs, timers }));
    } finally {
      this.#count--;
    }
  }
}

function known(namespaces: AppOptions['namespaces'], context: Context): AuditedNamespace {
  const namespace = namespaces.get(context.req.param('ns') ?? '');
  if (namespace === undefined) throw new AuditorError('unknown-namespace', 'no such namespace');
  return namespace;
}

function enabled(namespaces: AppOptions['namespaces'], context: Context): AuditedNamespace {
  const namespace = known(namespaces, context);
  if (namespace.isDisabled) throw new AuditorError('namespace-disabled', 'this namespace is disabled');
  return namespace;
}

/** A decimal number in its one spelling. @throws AuditorError `not-found`, for there is nothing of that name. */
function integer(context: Context, name: string, min: number): number {
  const text = context.req.param(name) ?? '';
  const value = /^(?:0|[1-9][0-9]{0,15})$/.test(text) ? Number(text) : -1;
  if (value < min || !Number.isSafeInteger(value)) throw new AuditorError('not-found', 'not a number of that kind');
  return value;
}

function digest(context: Context): Uint8Array {
  const text = context.req.param('digest') ?? '';
  if (!/^[0-9a-f]{64}$/.test(text)) throw new AuditorError('not-found', 'not a digest');
  return fromHex(text);
}

function found<T>(value: T | undefined): T {
  if (value === undefined) throw new AuditorError('not-found', 'nothing here');
  return value;
}

function json(context: Context, value: object, status: 200 | 201 = 200): Response {
  return context.body(JSON.stringify(value), status, { 'content-type': 'application/json', 'cache-control': fresh });
}

function bytes(context: Context, value: Uint8Array, type: string, caching: string): Response {
  return context.body(value.slice().buffer, 200, { 'content-type': type, 'cache-control': caching });
}
