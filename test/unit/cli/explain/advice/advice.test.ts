/** Advice, and above all what is never advised. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createAudienceIndex } from '../../../../../src/authorization/audience.ts';
import { authorize } from '../../../../../src/authorization/authorize.ts';
import { advise } from '../../../../../src/cli/explain/advice/advice.ts';
import type { Evaluation } from '../../../../../src/cli/explain/evaluate/evaluation.ts';
import type { Config, ProtectedRoute } from '../../../../../src/config/config.ts';
import { createRouteTable, matchRequest } from '../../../../../src/route/match.ts';
import { readRequestHead } from '../../../../../src/route/request-head.ts';
import { protectedRoute } from '../../../route/example-route.ts';
import { exampleIssuer, exampleToken } from '../../../token/example-token.ts';

const ENTRA = 'https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0';
const OURS = 'https://billing.example.com/';
const GUID = '6731de76-14a6-49ae-97bc-6eba6914391e';
const SIBLINGS = ['https://profile.example.com/', 'https://billing.example.com:8443/', GUID];

interface Verified {
  /** The `typ` of its header, when that is none of those accepted. */
  readonly type?: string;
  readonly scopes?: ReadonlySet<string>;
  /** `scope_claim` of its issuer. */
  readonly scopeClaim?: string;
}

const pathOf = (text: string) => ({ text, steps: [text] });

function adviseFor(
  aud: readonly string[],
  claims: Record<string, unknown> = {},
  fields: Partial<ProtectedRoute> = {},
  { type, scopes = new Set(), scopeClaim }: Verified = {},
) {
  const iss = typeof claims['iss'] === 'string' ? claims['iss'] : 'https://login.example';
  const issuers = new Set([iss]);
  const routes = [
    protectedRoute({ prefix: '/billing', resource: OURS, issuers, ...fields }),
    protectedRoute({
      prefix: '/other',
      resource: 'https://profile.example.com/',
      audiences: new Set(SIBLINGS),
      issuers,
    }),
  ];
  const request = { scheme: 'https', method: 'GET', target: '/billing', authority: 'gateway', at: 0 } as const;
  const head = readRequestHead({
    ...{ method: 'GET', target: '/billing', version: '1.1', fields: ['Host', 'gateway'] },
    ...{ body: 'none', expects: 'nothing' },
  });
  if (!head.ok) throw new Error('the head is not valid');
  const match = matchRequest(createRouteTable(routes), head);
  if (!match.ok) throw new Error('no route');
  const all = { iss, aud, ...claims };
  const verification = exampleToken({
    ...{ issuer: iss, audience: aud, claims: all },
    typeAccepted: type === undefined,
    scopes,
  });
  const jws = { ok: true, algorithm: 'ES256', keyId: undefined, type: type ?? 'at+jwt', claims: all } as const;
  const evaluation: Evaluation = {
    ...{ config: { routes, issuers: new Map() } as unknown as Config, head, match, headBytes: 0 },
    request: { ...request, isNow: true, isAuthorityAssumed: false },
    credentials: {
      verification,
      jws,
      issuer: exampleIssuer({
        issuer: iss,
        scopeSource: { paths: scopeClaim === undefined ? undefined : [pathOf(scopeClaim)], separator: ' ' },
      }),
      keys: [],
      token: undefined,
      refusedKeys: [],
      keysError: undefined,
      shape: 'jws',
    },
    decision: authorize(createAudienceIndex(routes), match, 'GET', verification, 0),
  };
  return advise(evaluation);
}

const isAddition = (advice: ReturnType<typeof advise>) => advice?.remedy?.path?.at(-1) === 'audiences';

test('another spelling of the same resource: suggested as an alias', () => {
  for (const aud of [
    'https://billing.example.com',
    'https://BILLING.example.com/',
    'https://billing.example.com:443/',
  ]) {
    expect(adviseFor([aud])?.remedy).toEqual({
      text: expect.stringContaining(`add ${JSON.stringify(aud)}`),
      path: ['routes', '/billing', 'audiences'],
    });
  }
});

test('the audience of a sibling, in any spelling: never suggested as an alias', () => {
  const spell = fc.constantFrom(
    (text: string) => text,
    (text: string) => text.toUpperCase(),
    (text: string) => text.replace(/\/$/, ''),
    (text: string) => `api://${text}`,
    (text: string) => text.replace('.com/', '.com:443/'),
    (text: string) => ` ${text}`,
    (text: string) => text.replace('example', '%65xample'),
    (text: string) => text.replace('.com/', '.com/%2e'),
    (text: string) => text.replace('.com/', '.com./'),
  );
  const issuers = fc.constantFrom(
    ...['https://login.example', ENTRA, 'https://shop.okta.com/oauth2/default', 'https://sso.example/realms/shop'],
    ...['https://am.example/am/oauth2/alpha', 'https://shop.zitadel.cloud', 'https://contoso.b2clogin.com/x/v2.0/'],
  );
  const claims = fc.record(
    {
      iss: issuers,
      scp: fc.constant('read'),
      scope: fc.constant('read'),
      nonce: fc.constant('n'),
      roles: fc.constant([]),
    },
    { requiredKeys: ['iss'] },
  );
  const holds = fc.property(fc.constantFrom(...SIBLINGS), spell, claims, (sibling, respell, more) => {
    expect(isAddition(adviseFor([respell(sibling)], more))).toBe(false);
  });
  fc.assert(holds, { numRuns: 1_000, seed: 1 });
});

test('the id of a client, or the audience of an ID token: never suggested as an alias', () => {
  const id = fc.constantFrom('web', GUID.replace('6', '7'), `api://${GUID.replace('6', '7')}`);
  const client = fc.constantFrom('azp', 'appid', 'client_id', 'cid');
  const access = fc.constantFrom({}, { scope: 'read' }, { scp: ['read'] }, { roles: ['read'] }, { realm_access: {} });
  const issuers = fc.constantFrom(ENTRA, 'https://contoso.b2clogin.com/x/v2.0/', 'https://am.example/am/oauth2/alpha');
  const ofClient = fc.property(id, client, access, issuers, (aud, name, claims, iss) => {
    expect(isAddition(adviseFor([aud], { iss, ...claims, [name]: aud }))).toBe(false);
  });
  fc.assert(ofClient, { numRuns: 200, seed: 1 });
  const marks = fc.constantFrom('nonce', 'at_hash', 'c_hash', 's_hash');
  const ofIdToken = fc.property(id, marks, fc.constantFrom({}, { roles: ['read'] }), (aud, mark, claims) => {
    expect(isAddition(adviseFor([aud], { iss: ENTRA, ...claims, [mark]: 'x' }))).toBe(false);
  });
  fc.assert(ofIdToken, { numRuns: 100, seed: 1 });
});

test.for([
  ['http for https', ['http://billing.example.com/'], {}],
  ['another path', ['https://billing.example.com/v2'], {}],
  ['a stranger', ['https://stranger.example/'], {}],
  ['Microsoft Graph', ['00000003-0000-0000-c000-000000000000'], { iss: ENTRA }],
  [
    'the client itself',
    ['99999999-2222-3333-4444-555555555555'],
    { iss: ENTRA, azp: '99999999-2222-3333-4444-555555555555' },
  ],
  ['an ID token', ['99999999-2222-3333-4444-555555555555'], { iss: ENTRA, nonce: 'n' }],
  ['a GUID of nobody known', ['99999999-2222-3333-4444-555555555555'], {}],
  ['Microsoft Graph in capitals', ['00000003-0000-0000-C000-000000000000'], { iss: ENTRA }],
  ['Azure AD Graph', ['00000002-0000-0000-c000-000000000000'], { iss: ENTRA }],
  ['the management of Azure', ['797f4846-ba00-4fd7-ba43-dac1f8f63013'], { iss: ENTRA }],
  [
    'an ID token of Entra ID without nonce',
    ['99999999-2222-3333-4444-555555555555'],
    { iss: ENTRA, preferred_username: 'a@b' },
  ],
  ["Okta's default", ['api://default'], { iss: 'https://shop.okta.com/oauth2/default' }],
  ["Keycloak's account", ['account'], { iss: 'https://sso.example/realms/shop' }],
  ['a client of Google', ['1.apps.googleusercontent.com'], { iss: 'https://accounts.google.com' }],
  ['no audience', [], {}],
] as const)('%s: not suggested as an alias', ([, aud, claims]) => {
  const advice = adviseFor(aud, claims);
  expect(advice?.cause).toBeTruthy();
  expect(isAddition(advice)).toBe(false);
});

test('the application id of Entra ID: suggested, on a condition', () => {
  const advice = adviseFor(['99999999-2222-3333-4444-555555555555'], { iss: ENTRA });
  expect(isAddition(advice)).toBe(true);
  expect(advice?.remedy?.text).toContain('if it is the application (client) ID of this API, and of no other');
});

describe('a token without typ at+jwt', () => {
  const KEYCLOAK = 'https://sso.example/realms/shop';
  const STRANGER = '99999999-2222-3333-4444-555555555555';
  const adviseOn = (aud: readonly string[], claims: Record<string, unknown>) =>
    adviseFor(aud, claims, {}, { type: 'JWT' });

  test('an access token for this route: token_types is named', () => {
    for (const claims of [{}, { preferred_username: 'alice', azp: 'shop', scope: 'openid' }, { typ: 'Bearer' }]) {
      expect(adviseOn([OURS], { iss: KEYCLOAK, ...claims })?.remedy).toEqual({
        text: expect.stringContaining('set [at+jwt, JWT]'),
        path: ['issuers', KEYCLOAK, 'token_types'],
      });
    }
  });

  test.for([
    ['an ID token of Keycloak', { typ: 'ID', azp: 'shop' }, 'an ID token'],
    ['a refresh token', { typ: 'Refresh', scope: 'openid' }, 'a refresh token'],
    ['an offline token', { typ: 'Offline' }, 'a refresh token'],
    ['a logout token', { events: { 'http://schemas.openid.net/event/backchannel-logout': {} } }, 'a logout token'],
    ['one with nonce', { nonce: 'n' }, 'an ID token'],
    ['one that names a person and no client', { preferred_username: 'alice' }, 'an ID token'],
  ] as const)('%s: named, whatever its audience', ([, claims, what]) => {
    for (const aud of [[OURS], [STRANGER]]) {
      const advice = adviseOn(aud, { iss: KEYCLOAK, ...claims });
      expect(advice?.cause).toContain(what);
      expect(advice?.remedy?.path).toBeUndefined();
      expect(advice?.remedy?.text).not.toContain('at+jwt');
    }
  });

  test('a token for another audience: advice on the audience first', () => {
    const claims = { iss: ENTRA, preferred_username: 'alice', scp: 'read', azp: 'someone' };
    for (const aud of [[STRANGER], ['https://profile.example.com/'], []]) {
      const advice = adviseOn(aud, claims);
      expect(advice?.cause).toMatch(/^first of all, /);
      expect(advice?.remedy?.text).not.toContain('[at+jwt, JWT]');
      expect(advice?.remedy?.path?.[0]).not.toBe('issuers');
    }
  });
});

describe('scopes in a claim that is not read', () => {
  const NEEDY: Partial<ProtectedRoute> = { scopeRules: [{ method: '*', path: '/', scopes: ['read'] }] };
  const adviseOn = (claims: Record<string, unknown>, more: Verified = {}) => adviseFor([OURS], claims, NEEDY, more);

  test('a token without the claim that is read: scope_claim is suggested, with its consequence', () => {
    expect(adviseOn({ roles: ['read'] })?.remedy).toEqual({
      text: expect.stringContaining('every token of this issuer is then judged by `roles` alone'),
      path: ['issuers', 'https://login.example', 'scope_claim'],
    });
  });

  test.for([
    ['scope', { scope: 'openid', roles: ['read'] }, {}],
    ['scope, empty', { scope: '', roles: ['read'] }, {}],
    ['scp', { scp: ['openid'], roles: ['read'] }, {}],
    ['scope before scp', { scope: 'openid', scp: ['read'] }, {}],
    ['the claim of the issuer', { rights: ['x'], scope: 'read' }, { scopeClaim: 'rights' }],
  ] as const)('%s: both claims are suggested, beside the other way', ([, claims, more]) => {
    const advice = adviseOn(claims, more);
    expect(advice?.cause).toMatch(/in the claim (?:roles|scp|scope), which is not read/);
    expect(advice?.remedy?.path).toEqual(['issuers', 'https://login.example', 'scope_claim']);
    expect(advice?.remedy?.text).toMatch(
      /^let the issuer put read into the claim .*; or set \[\w+, \w+\]: the scopes of both count/,
    );
  });

  test('an entry of an array with spaces: one scope', () => {
    const within = adviseOn({ scope: ['read admin'] });
    expect(within?.cause).toContain('in an array whose entries hold several scopes');
    expect(within?.remedy?.path).toBeUndefined();
    expect(adviseOn({ scope: [], roles: ['read admin'] })?.cause).toContain('the client did not ask for read');
  });
});
