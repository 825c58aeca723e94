import { base64url, type Clock, equalBytes, utf8 } from '@coffer/base';
import { ed25519PublicKey, sha256 } from '@coffer/crypto';
import { vaultIdOf } from '@coffer/protocol';
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { importJWK, type JSONWebKeySet, SignJWT } from 'jose';
import { z } from 'zod';
import { GatewayError } from './errors.js';
import { tokenRequestBytesMax } from './limits.js';
import type { AccountClaims } from './ports.js';

export interface DevIssuerOptions {
  /** 32 bytes; the caller keeps them, so that tokens survive a restart. */
  readonly seed: Uint8Array;
  readonly issuer: string;
  readonly audience: string;
  readonly clock: Clock;
  /** Default one hour. */
  readonly lifetimeMs?: number;
}

export interface DevIssuer {
  /** For `createTokenVerifier`. */
  readonly keys: JSONWebKeySet;
  /** A token for any account at all. @throws ProtocolError `bad-account`. */
  issue(account: AccountClaims): Promise<string>;
}

const lifetimeMsDefault = 3_600_000;

/**
 * **For development only.** Issues a valid account token to whoever asks, for whatever account they name. In a deployment
 * the app's identity provider does this, after it has checked who is asking.
 */
export function createDevIssuer({
  seed,
  issuer,
  audience,
  clock,
  lifetimeMs = lifetimeMsDefault,
}: DevIssuerOptions): DevIssuer {
  const x = base64url(ed25519PublicKey(seed));
  const kid = `dev-${base64url(sha256(utf8(x))).slice(0, 12)}`;
  const key = { kty: 'OKP', crv: 'Ed25519', x };
  const signing = importJWK({ ...key, d: base64url(seed) }, 'EdDSA');
  return {
    keys: { keys: [{ ...key, kid, alg: 'EdDSA', use: 'sig' }] },
    async issue({ tenant, account }) {
      vaultIdOf(tenant, account);
      const nowS = Math.floor(clock.nowMs() / 1_000);
      return new SignJWT({ tenant })
        .setProtectedHeader({ alg: 'EdDSA', kid, typ: 'JWT' })
        .setIssuer(issuer)
        .setAudience(audience)
        .setSubject(account)
        .setIssuedAt(nowS)
        .setExpirationTime(nowS + Math.floor(lifetimeMs / 1_000))
        .sign(await signing);
    },
  };
}

const tokenRequest = z.strictObject({ tenant: z.string(), account: z.string() });

/**
 * **For development only.** `POST /token {tenant, account}` with the bearer `secret` gives `{token}`; `GET /jwks.json` the
 * keys. Mount it where a configuration says so, never by default.
 * @param secret - at least 16 characters. @throws GatewayError `bad-config` for a shorter one.
 */
export function createDevIssuerApp(issuer: DevIssuer, secret: string): { fetch(request: Request): Promise<Response> } {
  if (secret.length < 16) throw new GatewayError('bad-config', 'a development secret has at least 16 characters');
  const expected = sha256(utf8(`Bearer ${secret}`));
  const app = new Hono();
  app.use(async (context, next) => {
    await next();
    context.header('x-coffer-development-only', 'yes');
    context.header('cache-control', 'no-store');
  });
  app.get('/jwks.json', (context) => context.json(issuer.keys));
  app.post('/token', bodyLimit({ maxSize: tokenRequestBytesMax }), async (context) => {
    // Hashes of one length: neither the secret nor its length shows in the time that this takes.
    const given = sha256(utf8(context.req.header('authorization') ?? ''));
    if (!equalBytes(given, expected)) return context.json({ code: 'unauthorized' }, 401);
    const wanted = tokenRequest.safeParse(await context.req.json().catch(() => undefined));
    if (!wanted.success) return context.json({ code: 'bad-request' }, 400);
    try {
      return context.json({ token: await issuer.issue(wanted.data) });
    } catch {
      return context.json({ code: 'bad-request' }, 400);
    }
  });
  return { fetch: async (request) => app.fetch(request) };
}
