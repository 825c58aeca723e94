import assert from 'node:assert/strict';
import { test } from 'node:test';
import { base64url, utf8 } from '@coffer/base';
import { ed25519PublicKey, hmacSha256, systemEntropy } from '@coffer/crypto';
import {
  clockToleranceMs,
  createDevIssuer,
  createDevIssuerApp,
  createTokenVerifier,
  GatewayError,
  tokenBytesMax,
} from '@coffer/gateway';
import { exportJWK, generateKeyPair, importJWK, type JWTPayload, SignJWT } from 'jose';
import { audience, issuer, startMs, TestTime } from './harness.js';

const time = new TestTime();
const seed = systemEntropy.bytes(32);
const dev = createDevIssuer({ seed, issuer, audience, clock: time });
const publicKey = dev.keys.keys[0] as (typeof dev.keys.keys)[0];
const signing = await importJWK({ ...publicKey, d: base64url(seed) }, 'EdDSA');
const verifier = createTokenVerifier({ issuer, audience, keys: dev.keys, clock: time });

const nowS = startMs / 1_000;
const good = { iss: issuer, aud: audience, sub: 'alice', tenant: 'example', iat: nowS, exp: nowS + 60 };
const sign = (payload: JWTPayload): Promise<string> =>
  new SignJWT(payload).setProtectedHeader({ alg: 'EdDSA', kid: publicKey.kid as string }).sign(signing);
const refused = (code: string) => (error: unknown) => error instanceof GatewayError && error.code === code;
const part = (value: unknown): string => base64url(utf8(JSON.stringify(value)));

test('a token of the issuer proves tenant and account', async () => {
  assert.deepEqual(await verifier.verify(await dev.issue({ tenant: 'example', account: 'alice' })), {
    tenant: 'example',
    account: 'alice',
  });
  assert.deepEqual(await verifier.verify(await sign(good)), { tenant: 'example', account: 'alice' });
});

const bad: readonly [string, JWTPayload][] = [
  ['expired', { ...good, exp: nowS - clockToleranceMs / 1_000 }],
  ['not yet valid', { ...good, nbf: nowS + clockToleranceMs / 1_000 + 1 }],
  ['without exp', { ...good, exp: undefined as never }],
  ['other audience', { ...good, aud: 'other' }],
  ['no audience', { ...good, aud: undefined as never }],
  ['other issuer', { ...good, iss: 'https://evil.example' }],
  ['no tenant', { ...good, tenant: undefined }],
  ['tenant not text', { ...good, tenant: 7 }],
  ['empty tenant', { ...good, tenant: '' }],
  ['tenant too long', { ...good, tenant: 'é'.repeat(129) }],
  ['no sub', { ...good, sub: undefined as never }],
  ['empty sub', { ...good, sub: '' }],
  ['sub too long', { ...good, sub: 'a'.repeat(257) }],
  ['sub with half a character, which is no text', { ...good, sub: 'alice\ud83d' }],
  ['tenant with half a character', { ...good, tenant: '\udd11' }],
];
for (const [name, payload] of bad) {
  test(`refused: ${name}`, async () => {
    await assert.rejects(verifier.verify(await sign(payload)), refused('bad-token'));
  });
}

test('accepted at the edges: names of 256 bytes, one second inside the tolerance', async () => {
  const tenant = 'é'.repeat(128);
  const exp = nowS - clockToleranceMs / 1_000 + 1;
  assert.deepEqual(await verifier.verify(await sign({ ...good, tenant, sub: 'a'.repeat(256), exp })), {
    tenant,
    account: 'a'.repeat(256),
  });
});

test('alg none, in every spelling', async () => {
  for (const alg of ['none', 'None', 'NONE', '']) {
    for (const signature of ['', base64url(systemEntropy.bytes(64))]) {
      await assert.rejects(verifier.verify(`${part({ alg })}.${part(good)}.${signature}`), refused('bad-token'));
    }
  }
});

test('HS256 with the public key as the secret', async () => {
  const x = publicKey.x as string;
  const raw = ed25519PublicKey(seed);
  for (const secret of [utf8(x), raw, utf8(JSON.stringify(publicKey))]) {
    for (const kid of [publicKey.kid, undefined]) {
      const head = `${part({ alg: 'HS256', kid })}.${part(good)}`;
      await assert.rejects(
        verifier.verify(`${head}.${base64url(hmacSha256(secret, utf8(head)))}`),
        refused('bad-token'),
      );
    }
  }
});

test('a key that the token brings along', async () => {
  const { publicKey: own, privateKey } = await generateKeyPair('ES256', { extractable: true });
  const jwk = await exportJWK(own);
  const token = await new SignJWT(good).setProtectedHeader({ alg: 'ES256', jwk }).sign(privateKey);
  await assert.rejects(verifier.verify(token), refused('bad-token'));
});

test('another key under the same kid, a changed payload, a cut token', async () => {
  const { privateKey } = await generateKeyPair('EdDSA');
  const forged = await new SignJWT(good)
    .setProtectedHeader({ alg: 'EdDSA', kid: publicKey.kid as string })
    .sign(privateKey);
  const [head, , tail] = (await sign(good)).split('.');
  for (const token of [
    forged,
    `${head}.${part({ ...good, sub: 'bob' })}.${tail}`,
    `${head}.${part(good)}`,
    '',
    '..',
    'a.b.c',
  ]) {
    await assert.rejects(verifier.verify(token), refused('bad-token'));
  }
});

test('ES256 keys work; RSA and symmetric key sets, and private keys, make no verifier', async () => {
  const { publicKey: own, privateKey } = await generateKeyPair('ES256', { extractable: true });
  const jwk = await exportJWK(own);
  const es = createTokenVerifier({ issuer, audience, keys: { keys: [jwk] }, clock: time });
  const token = await new SignJWT(good).setProtectedHeader({ alg: 'ES256' }).sign(privateKey);
  assert.equal((await es.verify(token)).account, 'alice');
  for (const key of [
    { kty: 'oct', k: 'AAAA' },
    { kty: 'RSA', n: 'AQAB', e: 'AQAB' },
    { ...publicKey, d: base64url(seed) },
  ]) {
    assert.throws(
      () => createTokenVerifier({ issuer, audience, keys: { keys: [key] }, clock: time }),
      refused('bad-config'),
    );
  }
  assert.throws(
    () => createTokenVerifier({ issuer: '', audience, keys: dev.keys, clock: time }),
    refused('bad-config'),
  );
});

test('token length limit', async () => {
  const pad = tokenBytesMax - (await sign({ ...good, pad: '' })).length;
  const fits = await sign({ ...good, pad: 'x'.repeat(Math.floor((pad * 3) / 4) - 2) });
  assert.ok(fits.length <= tokenBytesMax && fits.length > tokenBytesMax - 8);
  assert.equal((await verifier.verify(fits)).account, 'alice');
  await assert.rejects(verifier.verify(await sign({ ...good, pad: 'x'.repeat(pad) })), refused('bad-token'));
});

test('keys that cannot be fetched are an outage, not a bad token', async () => {
  const remote = createTokenVerifier({ issuer, audience, keys: new URL('http://127.0.0.1:1/jwks.json'), clock: time });
  await assert.rejects(remote.verify(await sign(good)), refused('keys-unavailable'));
});

test('the error of a refused token quotes nothing of it', async () => {
  const error = await verifier.verify(await sign({ ...good, aud: 'private-audience' })).catch((e: unknown) => e);
  assert.ok(error instanceof GatewayError && error.cause === undefined);
  assert.ok(!error.message.includes('private-audience'));
});

test('development issuer: the same seed gives the same keys, and names are checked', async () => {
  assert.deepEqual(createDevIssuer({ seed, issuer, audience, clock: time }).keys, dev.keys);
  assert.ok(!('d' in publicKey));
  await assert.rejects(dev.issue({ tenant: '', account: 'alice' }));
  const short = createDevIssuer({ seed, issuer, audience, clock: time, lifetimeMs: 1_000 });
  const later = new TestTime();
  later.ms += clockToleranceMs + 1_000;
  const strict = createTokenVerifier({ issuer, audience, keys: dev.keys, clock: later });
  await assert.rejects(strict.verify(await short.issue({ tenant: 't', account: 'a' })), refused('bad-token'));
});

test('development issuer over HTTP: guarded by its secret', async () => {
  const secret = 'a development secret';
  assert.throws(() => createDevIssuerApp(dev, 'fifteen chars..'), refused('bad-config'));
  const app = createDevIssuerApp(dev, secret);
  const ask = (body: unknown, authorization = `Bearer ${secret}`): Promise<Response> =>
    app.fetch(
      new Request('http://g/token', { method: 'POST', headers: { authorization }, body: JSON.stringify(body) }),
    );
  const response = await ask({ tenant: 'example', account: 'alice' });
  assert.equal(response.headers.get('x-coffer-development-only'), 'yes');
  const { token } = (await response.json()) as { token: string };
  assert.equal((await verifier.verify(token)).account, 'alice');
  assert.equal((await ask({ tenant: 'example', account: 'alice' }, 'Bearer wrong')).status, 401);
  assert.equal((await ask({ tenant: 'example' })).status, 400);
  assert.equal((await ask({ tenant: 'example', account: '' })).status, 400);
  assert.equal((await ask({ tenant: 'example', account: 'a', admin: true })).status, 400);
  assert.equal((await ask({ tenant: 'x'.repeat(3_000), account: 'a' })).status, 413);
  assert.deepEqual(await (await app.fetch(new Request('http://g/jwks.json'))).json(), dev.keys);
});
