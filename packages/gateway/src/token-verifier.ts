import type { Clock } from '@coffer/base';
import { nameBytesMax } from '@coffer/protocol';
import {
  createLocalJWKSet,
  createRemoteJWKSet,
  errors,
  type JSONWebKeySet,
  type JWTVerifyGetKey,
  jwtVerify,
} from 'jose';
import { z } from 'zod';
import { GatewayError } from './errors.js';
import { clockToleranceMs, retryAfterMsDefault, tokenBytesMax } from './limits.js';
import type { AccountClaims, TokenVerifier } from './ports.js';

export interface TokenVerifierOptions {
  /** Required value of `iss`. */
  readonly issuer: string;
  /** Required value of `aud`. */
  readonly audience: string;
  /** Public keys of the identity provider: a set, or where to fetch it (and fetch it again when a key is new). */
  readonly keys: JSONWebKeySet | URL;
  readonly clock: Clock;
}

/**
 * The only algorithms. Both are signatures: there is no algorithm here under which a public key could be taken for a shared
 * secret, and `none` is not one.
 */
const algorithms = ['EdDSA', 'Ed25519', 'ES256'];

const name = z
  .string()
  .min(1)
  .refine((text) => new TextEncoder().encode(text).length <= nameBytesMax)
  // Half a surrogate pair has no UTF-8: encoded all the same it would be another account's name.
  .refine((text) => !/\p{Surrogate}/u.test(text));
const claims = z.object({ tenant: name, sub: name });

/**
 * Checks account tokens: JWTs by EdDSA or ES256 with `iss`, `aud`, `exp`, `tenant`, `sub`, and `nbf` where there is one.
 * @throws GatewayError `bad-config` for a key set with anything but public signature keys.
 */
export function createTokenVerifier({ issuer, audience, keys, clock }: TokenVerifierOptions): TokenVerifier {
  if (issuer === '' || audience === '') throw new GatewayError('bad-config', 'issuer and audience must be named');
  const getKey: JWTVerifyGetKey = keys instanceof URL ? createRemoteJWKSet(keys) : createLocalJWKSet(publicOnly(keys));
  return {
    async verify(token) {
      if (token.length > tokenBytesMax) throw new GatewayError('bad-token', 'token is too long');
      try {
        const { payload } = await jwtVerify(token, getKey, {
          algorithms,
          issuer,
          audience,
          currentDate: new Date(clock.nowMs()),
          clockTolerance: clockToleranceMs / 1_000,
          requiredClaims: ['exp', 'sub', 'tenant'],
        });
        return accountOf(payload);
      } catch (cause) {
        throw refusal(cause);
      }
    },
  };
}

function accountOf(payload: unknown): AccountClaims {
  const { tenant, sub } = claims.parse(payload);
  return { tenant, account: sub };
}

/** The cause may quote claims, so it is named and not kept. */
function refusal(cause: unknown): GatewayError {
  const ours = cause instanceof errors.JOSEError ? cause.code : cause instanceof z.ZodError ? 'claims' : undefined;
  const isFetch = cause instanceof errors.JWKSTimeout || ours === 'ERR_JOSE_GENERIC' || ours === undefined;
  if (!isFetch) return new GatewayError('bad-token', `token refused: ${ours}`);
  return new GatewayError('keys-unavailable', 'the keys of the identity provider cannot be fetched', {
    retryAfterMs: retryAfterMsDefault,
  });
}

function publicOnly(set: JSONWebKeySet): JSONWebKeySet {
  for (const key of set.keys) {
    if ((key.kty !== 'OKP' && key.kty !== 'EC') || 'd' in key || 'k' in key) {
      throw new GatewayError('bad-config', 'a key set holds public OKP and EC keys only');
    }
  }
  return set;
}
