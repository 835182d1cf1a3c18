/** One call of an introspection endpoint: what is sent, with each way to authenticate, and which answers count. */

import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compactVerify, createLocalJWKSet } from 'jose';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { ClientAuthentication } from '../../../../src/config/introspection-config.ts';
import { readText } from '../../../../src/config/source/file.ts';
import { readSigningKey } from '../../../../src/config/values/client-key.ts';
import {
  type IntrospectingIssuer,
  IntrospectionEndpoint,
  IntrospectionError,
} from '../../../../src/token/introspection/introspection-request.ts';
import { type Authority, createAuthority } from '../../../support/certificates.ts';
import { type IntrospectionServer, startIntrospectionServer } from '../../../support/introspection-server.ts';
import { exampleIssuer } from '../example-token.ts';

const NAME = 'https://login.example';
/** With characters that Basic must encode (RFC 6749 section 2.3.1). */
const CLIENT_ID = 'https://billing.example/ a:b';
const SECRET = 'p%ss:wörd+ 1'.replace('ö', 'o');
const BASIC: ClientAuthentication = { method: 'basic', secret: SECRET };

let server: IntrospectionServer;
let folder: string;
let authority: Authority;
const endpoints: IntrospectionEndpoint[] = [];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'audgate-introspection-'));
  authority = createAuthority(folder);
});
afterAll(() => rmSync(folder, { recursive: true }));
beforeEach(async () => {
  server = await startIntrospectionServer();
});
afterEach(async () => {
  for (const endpoint of endpoints.splice(0)) endpoint.close();
  await server.close();
});

function endpointWith(authentication: ClientAuthentication, keys = {}): IntrospectionEndpoint {
  const introspection = {
    endpoint: server.endpoint,
    clientId: CLIENT_ID,
    authentication,
    cache: 30_000,
    includesJwts: false,
  };
  const issuer: IntrospectingIssuer = { ...exampleIssuer({ issuer: NAME, keys }), introspection };
  const endpoint = new IntrospectionEndpoint(issuer);
  endpoints.push(endpoint);
  return endpoint;
}

const ask = (authentication: ClientAuthentication = BASIC, keys = {}) =>
  endpointWith(authentication, keys).ask('opaque-1');

describe('what is sent', () => {
  test('basic: id and secret form-encoded, then base64; the token in the body alone', async () => {
    await ask();
    const [question] = server.questions;
    const basic = Buffer.from(String(question?.headers.authorization).replace('Basic ', ''), 'base64').toString();
    const [id, secret] = basic.split(':').map(part => new URLSearchParams(`x=${part}`).get('x'));
    expect([id, secret]).toEqual([CLIENT_ID, SECRET]);
    expect(Object.fromEntries(question?.form ?? [])).toEqual({ token: 'opaque-1' });
    expect(question?.headers).toMatchObject({
      accept: 'application/json',
      'content-type': 'application/x-www-form-urlencoded;charset=UTF-8',
    });
  });

  test('post: id and secret in the body, no Authorization', async () => {
    await ask({ method: 'post', secret: SECRET });
    const [question] = server.questions;
    expect(Object.fromEntries(question?.form ?? [])).toEqual({
      token: 'opaque-1',
      client_id: CLIENT_ID,
      client_secret: SECRET,
    });
    expect(question?.headers.authorization).toBeUndefined();
  });

  test.each([
    ['RS256', generateKeyPairSync('rsa', { modulusLength: 2048 }), {}],
    ['PS256', generateKeyPairSync('rsa', { modulusLength: 2048 }), { alg: 'PS256', kid: 'k' }],
    ['ES256', generateKeyPairSync('ec', { namedCurve: 'P-256' }), {}],
    ['ES384', generateKeyPairSync('ec', { namedCurve: 'P-384' }), { kid: 'k' }],
    ['EdDSA', generateKeyPairSync('ed25519'), {}],
  ] as const)('private_key_jwt, %s: an assertion for the issuer by name, signed by the key', async (alg, pair, jwk) => {
    const file = join(folder, `${alg}.key`);
    const isJwk = Object.keys(jwk).length > 0;
    const pem = pair.privateKey.export({ type: 'pkcs8', format: 'pem' });
    writeFileSync(file, isJwk ? JSON.stringify({ ...pair.privateKey.export({ format: 'jwk' }), ...jwk }) : pem);
    const key = readSigningKey(readText(file));
    if (!key.ok) throw new Error(key.rejection.what);
    const endpoint = endpointWith({ method: 'private_key_jwt', ...key.value });
    await endpoint.ask('opaque-1');
    await endpoint.ask('opaque-1');
    const [first, second] = server.questions.map(({ form }) => form);
    expect(first?.get('client_assertion_type')).toBe('urn:ietf:params:oauth:client-assertion-type:jwt-bearer');
    const published = createLocalJWKSet({ keys: [{ ...pair.publicKey.export({ format: 'jwk' }), ...jwk, alg }] });
    const claims = async (form: URLSearchParams | undefined) => {
      const { payload, protectedHeader } = await compactVerify(form?.get('client_assertion') ?? '', published);
      expect(protectedHeader.alg).toBe(alg);
      expect(protectedHeader.kid).toBe('kid' in jwk ? jwk.kid : undefined);
      return JSON.parse(new TextDecoder().decode(payload));
    };
    const assertion = await claims(first);
    expect(assertion).toMatchObject({ iss: CLIENT_ID, sub: CLIENT_ID, aud: NAME });
    expect(assertion.exp - Date.now() / 1000).toBeLessThan(120);
    expect((await claims(second)).jti).not.toBe(assertion.jti);
  });

  test('tls: the certificate of the client, trusted by ca_file, and its id in the body', async () => {
    await server.close();
    const { cert, key } = authority.issue('IP:127.0.0.1');
    const client = authority.issue('DNS:gateway');
    const files = { certFile: join(folder, 'gateway.crt'), keyFile: join(folder, 'gateway.key') };
    writeFileSync(files.certFile, client.cert);
    writeFileSync(files.keyFile, client.key);
    server = await startIntrospectionServer({ cert, key, ca: readFileSync(authority.file, 'utf8') });
    await ask({ method: 'tls', ...files }, { caFile: authority.file });
    const [question] = server.questions;
    expect(question?.certificate).toMatch(/^server-\d+$/);
    expect(question?.form.get('client_id')).toBe(CLIENT_ID);
    await expect(ask(BASIC)).rejects.toThrow('authority that is not trusted');
  });
});

describe('an answer', () => {
  test('active: its members are the claims, save active and jwt', async () => {
    server.tokens.set('opaque-1', { active: true, jwt: 'e.e.e', sub: 'alice', aud: ['a'], exp: 7 });
    expect(await ask()).toEqual({ active: true, claims: { sub: 'alice', aud: ['a'], exp: 7 } });
  });

  test('not active: nothing else of it counts', async () => {
    server.tokens.set('opaque-1', { active: false, sub: 'alice', exp: 7 });
    expect(await ask()).toEqual({ active: false });
  });

  test('another media type, a byte order mark: read all the same', async () => {
    server.answer = response =>
      response.writeHead(200, { 'content-type': 'text/plain' }).end('\uFEFF{"active":true,"exp":7}');
    expect(await ask()).toEqual({ active: true, claims: { exp: 7 } });
  });

  const json = (status: number, body: string, headers = {}) => ({ status, body, headers });
  test.each([
    ['401, the secret is wrong', json(401, '{"active":true}'), 'status 401: see that client_id'],
    ['403', json(403, ''), 'status 403: see that client_id'],
    ['201', json(201, '{"active":true}'), 'status 201'],
    ['500', json(500, '{"active":true}'), 'status 500'],
    [
      'a redirect',
      json(302, '', { location: '/login?x=1' }),
      /redirect \(302\) to http:\/\/127\.0\.0\.1:\d+\/login, which/,
    ],
    ['no JSON', json(200, 'active'), 'not a JSON object'],
    ['a member twice, further in', json(200, '{"active":true,"a":{"b":1,"b":2}}'), 'has a member twice'],
    ['a list', json(200, '[{"active":true}]'), 'not a JSON object'],
    ['no active', json(200, '{"sub":"alice"}'), '"active"'],
    ['active as text', json(200, '{"active":"true"}'), '"active"'],
    ['active as 1', json(200, '{"active":1}'), '"active"'],
    ['active twice', json(200, '{"active":false,"active":true}'), 'has a member twice'],
    [
      'a JWT (RFC 9701)',
      json(200, 'eyJ9.e30.x', { 'content-type': 'application/token-introspection+jwt' }),
      'not a JSON',
    ],
    ['larger than 1 MiB', json(200, `{"active":true,"x":"${'x'.repeat(1024 * 1024)}"}`), 'larger than 1 MiB'],
  ] as const)('%s: none', async (_, { status, body, headers }, message) => {
    server.answer = response => response.writeHead(status, headers).end(body);
    const failure = await ask().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(IntrospectionError);
    expect(String(failure)).toMatch(message);
    expect(String(failure)).toContain(server.endpoint);
    for (const secret of ['opaque-1', SECRET, 'alice']) expect(String(failure)).not.toContain(secret);
  });

  test('none in time: told so', async () => {
    server.answer = () => undefined;
    await expect(ask(BASIC, { timeout: 50 })).rejects.toThrow('within');
  });

  test('a connection that is closed: told so', async () => {
    server.answer = response => response.destroy();
    await expect(ask()).rejects.toThrow(IntrospectionError);
  });
});
