/** Near misses of clients, issuers and configurations: `explain` names the difference. */

import fc from 'fast-check';
import { exportJWK, generateKeyPair, type JWK } from 'jose';
import { describe, expect, test } from 'vitest';
import { ENTRA_V2, explainRequest, PLAIN, RESOURCE, signingKey, useExplainWorld, writeKeys } from './world.ts';

useExplainWorld();

const SLIPS: readonly (readonly [input: string, reason: string, cause: string])[] = [
  ['Bearer Bearer eyJx', 'malformed_token', 'the scheme stands there twice'],
  ['Bearer undefined', 'malformed_token', 'a variable without a token in it was written as text'],
  ['Bearer null', 'malformed_token', 'a variable without a token in it was written as text'],
  ['Bearer None', 'malformed_token', 'a variable without a token in it was written as text'],
  ['Bearer [object Object]', 'malformed_token', 'a variable without a token in it was written as text'],
  ['Bearer ${TOKEN}', 'malformed_token', 'it is a placeholder'],
  ['Bearer $ACCESS_TOKEN', 'malformed_token', 'it is a placeholder'],
  ['Bearer <token>', 'malformed_token', 'it is a placeholder'],
  ['Bearer {{access_token}}', 'malformed_token', 'it is a placeholder'],
  ['Bearer YOUR_ACCESS_TOKEN', 'malformed_token', 'it is a placeholder'],
  ['Bearer "eyJhbGciOiJub25lIn0.e30."', 'malformed_token', 'quotation marks around the token'],
  ["Bearer 'x'", 'malformed_token', 'quotation marks around the token'],
  ['"eyJhbGciOiJub25lIn0.e30."', 'malformed_token', 'quotation marks around the token'],
  ['Bearer %22eyJx%22', 'malformed_token', 'quotation marks around the token'],
  ['Bearer abc%2Edef', 'malformed_token', 'percent-encoded'],
  ['Bearer eyJhbGciOiJSUzI1NiJ9.e30', 'malformed_token', 'it was cut'],
  ['Bearer eyJhbGciOiJSUzI1NiJ9.e30.c2ln more', 'malformed_token', 'white space within the token'],
  ['Bearer {"access_token":"x"}', 'malformed_token', 'it is JSON'],
  ['Bearer dXNlcjpwYXNzd29yZA==', 'malformed_token', 'a name and a password'],
  ['Bearer gho_16C7e42F292c6912E7', 'malformed_token', 'a token for the API of GitHub'],
  ['Bearer c29tZXRoaW5n', 'malformed_token', 'it is opaque'],
  ['Authorization: JWT x', 'missing_token', 'the scheme is JWT, and only Bearer is taken here'],
  ['JWT x', 'missing_token', 'the scheme is JWT, and only Bearer is taken here'],
  ['Authorization: Token x', 'missing_token', 'the scheme is Token'],
  ['Authorization: Bearer: x', 'missing_token', 'a colon or = stands behind Bearer'],
  ['Bearer: x', 'missing_token', 'a colon or = stands behind Bearer'],
  ['Authorization: x', 'missing_token', 'the field has no scheme'],
  ['Authorization: Basic dXNlcjpwYXNzd29yZA==', 'missing_token', 'the scheme is Basic'],
  ['Authorization: DPoP x', 'missing_token', 'the scheme is DPoP'],
  ['Authorization: Authorization: Bearer x', 'missing_token', 'the name of the field stands in its value'],
  ['Authorization: "Bearer x"', 'missing_token', 'quotation marks around the value'],
  ['Authorization:', 'missing_token', 'the Authorization field is empty'],
  ['Bearer', 'malformed_credentials', 'nothing behind Bearer'],
  ['Authorization: Bearer a\nAuthorization: Bearer b', 'malformed_credentials', '2 Authorization fields'],
];

describe('malformed Authorization field: the cause', () => {
  test.for(SLIPS)('%j: %s', async ([input, reason, cause]) => {
    const explanation = await explainRequest({ input });
    expect(explanation).toMatchObject({ code: 2, reason });
    expect(explanation.cause).toContain(cause);
    if (!cause.includes('opaque')) expect(explanation.cause).not.toContain('Auth0');
  });
});

const encode = (part: unknown) =>
  Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url');
const forge = (header: unknown, claims: unknown = { iss: PLAIN, aud: RESOURCE, exp: 4e9 }) =>
  `Bearer ${encode(header)}.${encode(claims)}.c2ln`;

describe('the header of a token', () => {
  test.for([
    ['a numeric kid', { alg: 'RS256', kid: 1 }, 'kid in its header is a number, where a string belongs'],
    ['kid null', { alg: 'RS256', kid: null }, 'kid in its header is null'],
    ['no alg', { kid: 'key-1' }, 'its header has no alg'],
    ['typ that is a list', { alg: 'RS256', typ: ['JWT'] }, 'typ in its header is an array'],
    ['crit', { alg: 'RS256', crit: ['exp'] }, 'its header has crit'],
    ['b64', { alg: 'RS256', b64: false }, 'its header has b64'],
  ] as const)('%s', async ([, header, cause]) => {
    const explanation = await explainRequest({ input: forge(header) });
    expect(explanation).toMatchObject({ code: 2, reason: 'malformed_token', remedy: { path: null } });
    expect(explanation.cause).toContain(cause);
    expect(explanation.remedy?.text).toBe('this is to be put right at the issuer');
  });

  test('a payload that is no JSON object, or has stray bits: the cause', async () => {
    expect((await explainRequest({ input: forge({ alg: 'RS256' }, 'text') })).cause).toContain(
      'its second part is not base64url',
    );
    expect((await explainRequest({ input: forge({ alg: 'RS256' }).replace(/n$/, '') })).cause).toContain(
      'bits that are not 0',
    );
  });

  test('alg in another letter case: the cause, without advice to allow it', async () => {
    const explanation = await explainRequest({ input: forge({ alg: 'rs256', kid: 'key-1' }) });
    expect(explanation).toMatchObject({ reason: 'bad_signature', remedy: null });
    expect(explanation.cause).toContain('"rs256" is written RS256');
  });
});

describe('a key of the issuer for another algorithm', () => {
  const publish = async (algorithm: 'Ed25519' | 'ES256', alg: string | undefined) => {
    const { publicKey } = await generateKeyPair(algorithm, { extractable: true });
    return { ...(await exportJWK(publicKey)), kid: 'other', ...(alg !== undefined && { alg }) };
  };
  const without = (jwk: JWK, member: string): JWK =>
    Object.fromEntries(Object.entries(jwk).filter(([name]) => name !== member));

  test.for([
    ['PS256 and RS256', () => Promise.resolve({ ...signingKey(), alg: 'PS256', kid: 'other' }), 'RS256', 'alg PS256'],
    ['EdDSA and Ed25519', () => publish('Ed25519', 'EdDSA'), 'Ed25519', 'alg EdDSA; EdDSA and Ed25519 are two names'],
    ['Ed25519 and EdDSA', () => publish('Ed25519', 'Ed25519'), 'EdDSA', 'alg Ed25519; EdDSA and Ed25519 are two names'],
    ['a curve and RS256, without alg', () => publish('ES256', undefined), 'RS256', 'P-256'],
    [
      'RSA and ES256, without alg',
      () => Promise.resolve({ ...without(signingKey(), 'alg'), kid: 'other' }),
      'ES256',
      'RSA',
    ],
  ] as const)('%s', async ([, key, algorithm, published]) => {
    writeKeys([await key(), signingKey()]);
    const explanation = await explainRequest({ input: forge({ alg: algorithm, kid: 'other' }) });
    expect(explanation).toMatchObject({ code: 2, reason: 'bad_signature', remedy: { path: null } });
    expect(explanation.cause).toContain(`the token says alg ${algorithm}, but its key is published for ${published}`);
    writeKeys([signingKey()]);
  });

  test('keys without kid, or with another letter case: the cause', async () => {
    writeKeys([without(signingKey(), 'kid')]);
    expect((await explainRequest({ header: { kid: 'a' } })).cause).toContain('its keys have no kid');
    writeKeys([signingKey()]);
    expect((await explainRequest({ header: { kid: 'KEY-1' } })).cause).toContain('but one that differs in letter case');
  });
});

describe('scopes in another claim or form', () => {
  test.for([
    [
      'commas',
      { scope: 'read,write' },
      'with commas, where only a space separates',
      `issuers.${PLAIN}.scope_separator`,
    ],
    ['commas and spaces', { scope: 'read, write' }, 'with commas', `issuers.${PLAIN}.scope_separator`],
    ['commas and semicolons', { scope: 'read, write;x' }, 'with something else than a space between', null],
    [
      'the claim scopes',
      { scopes: ['read', 'write'] },
      'in the claim scopes, which is not read',
      `issuers.${PLAIN}.scope_claim`,
    ],
    [
      'the claim scopes beside scope',
      { scope: 'openid', scopes: 'read write' },
      'in the claim scopes',
      `issuers.${PLAIN}.scope_claim`,
    ],
    [
      'permissions (Auth0)',
      { permissions: ['read', 'write'] },
      'in the claim permissions',
      `issuers.${PLAIN}.scope_claim`,
    ],
    [
      'another case',
      { scope: 'Read write' },
      '"Read", which differs from "read" in letter case',
      'routes./orders.scopes',
    ],
    [
      'a URI before it',
      { scope: 'api://orders/read write' },
      'the same name behind a URI as "read"',
      'routes./orders.scopes',
    ],
    ['a URI before it in scp', { scp: ['api://orders/read', 'write'] }, '"api://orders/read"', 'routes./orders.scopes'],
    ['an array in a text', { scope: '["read","write"]' }, 'as the JSON of an array within a text', null],
    ['a text in an array', { scope: ['read write'] }, 'in an array whose entries hold several scopes', null],
    ['an array with a number in it', { scope: ['read', 'write', 1] }, 'entries that are no text', null],
    [
      'roles of a realm',
      { realm_access: { roles: ['read', 'write'] } },
      'in realm_access.roles',
      'routes./orders.scope_claim',
    ],
    [
      'roles of a client',
      { resource_access: { api: { roles: ['read', 'write'] } } },
      'the roles of a client',
      'routes./orders.scope_claim',
    ],
    ['another scope', { scope: 'reader' }, 'the client did not ask for read write', null],
  ] as const)('%s', async ([, claims, cause, path]) => {
    const explanation = await explainRequest({ scopes: ['read', 'write'], claims });
    expect(explanation).toMatchObject({ code: 2, reason: 'insufficient_scope' });
    expect(explanation.cause).toContain(cause);
    expect(explanation.remedy?.path).toBe(path);
  });

  test('api://…/read in the YAML for Entra ID: the short scope to write, and why', async () => {
    const scopes = ['api://orders/read'];
    const explanation = await explainRequest({ issuers: { [ENTRA_V2]: {} }, scopes, claims: { scp: 'read' } });
    expect(explanation.cause).toContain(
      'the last part of "api://orders/read": scp of Entra ID holds the name of a scope alone',
    );
    expect(explanation.remedy).toMatchObject({ path: 'routes./orders.scopes', line: 4 });
    expect(explanation.remedy?.text).toContain('write "read"');
  });
});

describe('an audience close to the resource', () => {
  test.for([
    ['another port', 'https://orders.example.com:8443/', 'another port', false],
    ['a dot behind the host', 'https://orders.example.com./', 'a dot behind the host', false],
    ['several in one text', `${RESOURCE} https://b.example/`, 'aud is one text', false],
    ['several in one text, with a comma', `https://b.example/,${RESOURCE}`, 'aud is one text', false],
    ['an array as text', `["${RESOURCE}"]`, 'aud is one text', false],
    ['a sibling, percent-encoded', 'https://stock.example.com/%2e', 'which is no resource', false],
    ['another case of the host', 'https://ORDERS.example.com/', 'letter case of the host', true],
  ] as const)('%s', async ([, aud, cause, isAlias]) => {
    const explanation = await explainRequest({ claims: { aud } });
    expect(explanation).toMatchObject({ code: 2, reason: 'wrong_audience' });
    expect(explanation.cause).toContain(cause);
    expect(explanation.remedy?.path === 'routes./orders.audiences').toBe(isAlias);
  });

  test('aud of another type, or with an entry that is no string: the cause', async () => {
    expect((await explainRequest({ claims: { aud: { a: 1 } } })).cause).toContain('aud is an object, where text');
    expect((await explainRequest({ claims: { aud: [RESOURCE, 7] } })).cause).toContain(
      'aud has an entry that is no text',
    );
  });

  test('an ID token with an aud close to the resource: no advice to add an alias', async () => {
    const explanation = await explainRequest({ claims: { aud: RESOURCE.slice(0, -1), nonce: 'n' } });
    expect(explanation.cause).toContain('an ID token');
    expect(explanation.remedy?.path).toBeNull();
  });
});

test('exp, nbf or iat in another unit or type: the cause', async () => {
  expect((await explainRequest({ claims: { exp: '4000000000' } })).cause).toContain(
    'exp is text, where a number of seconds belongs',
  );
  expect((await explainRequest({ claims: { exp: 4_000_000_000_000, iat: 1_700_000_000_000 } })).cause).toContain(
    'milliseconds',
  );
  const explanation = await explainRequest({ claims: { exp: 1_900_000_000_000, iat: undefined } });
  expect(explanation).toMatchObject({ code: 2, reason: 'malformed_token' });
  expect(explanation.cause).toContain('exp is in milliseconds, where seconds belong');
  const far = await explainRequest({ claims: { exp: 9_000_000_000, iat: undefined } });
  expect(far.cause).toContain('exp is more than 100 years ahead');
});

test('arbitrary header and claims: explained, no control character in the output', async () => {
  const values = fc.oneof(
    fc.jsonValue({ maxDepth: 2 }),
    fc.string({ unit: 'binary' }),
    fc.constantFrom(RESOURCE, PLAIN, 'read'),
  );
  const names = [
    'iss',
    'aud',
    'exp',
    'iat',
    'nbf',
    'scope',
    'scp',
    'scopes',
    'roles',
    'realm_access',
    'resource_access',
  ];
  const more = ['azp', 'client_id', 'typ', 'token_use', 'tokenName', 'nonce', 'events', 'preferred_username'];
  const claims = fc.dictionary(fc.constantFrom(...names, ...more), values, { maxKeys: 6 });
  const header = fc.record({ typ: fc.oneof(fc.constant('JWT'), values), kid: fc.constantFrom('key-1', 'key-1', 'x') });
  for (const [index, forged] of fc.sample(fc.record({ claims, header }), { numRuns: 80, seed: 1 }).entries()) {
    const { code, text } = await explainRequest({ scopes: index % 2 === 0 ? ['read'] : [], ...forged });
    expect([0, 2]).toContain(code);
    expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    expect(text.split('\n').every(line => line.length < 3_000)).toBe(true);
  }
}, 600_000);
