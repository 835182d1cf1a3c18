/** What is advised, above all: what is never advised. */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createAudienceIndex } from '../../../../src/authorization/audience.ts';
import { authorize } from '../../../../src/authorization/authorize.ts';
import { advise } from '../../../../src/cli/explain/advice.ts';
import type { Judgement } from '../../../../src/cli/explain/judgement.ts';
import type { Config, ProtectedRoute } from '../../../../src/config/config.ts';
import { createRouteTable, matchRoute } from '../../../../src/route/match.ts';
import { readRequestHead } from '../../../../src/route/request-head.ts';
import { protectedRoute } from '../../route/example-route.ts';
import { exampleToken } from '../../token/example-token.ts';

const ENTRA = 'https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0';
const OURS = 'https://billing.example.com/';
const GUID = '6731de76-14a6-49ae-97bc-6eba6914391e';
const SIBLINGS = ['https://profile.example.com/', 'https://billing.example.com:8443/', GUID];

function adviseFor(aud: readonly string[], claims: Record<string, unknown> = {}, fields: Partial<ProtectedRoute> = {}) {
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
  const question = { scheme: 'https', method: 'GET', target: '/billing', authority: 'gateway', at: 0 } as const;
  const head = readRequestHead({ method: 'GET', url: '/billing', httpVersion: '1.1', rawHeaders: ['Host', 'gateway'] });
  if (!head.ok) throw new Error('the head is not valid');
  const match = matchRoute(createRouteTable(routes), 'gateway', head.path);
  if (!match.ok) throw new Error('no route');
  const all = { iss, aud, ...claims };
  const presented = exampleToken({ issuer: iss, audience: aud, claims: all });
  const jws = { ok: true, algorithm: 'ES256', keyId: undefined, type: 'at+jwt', claims: all } as const;
  const judgement: Judgement = {
    ...{ config: { routes, issuers: new Map() } as unknown as Config, head, match },
    question: { ...question, isNow: true, isAuthorityAssumed: false },
    credentials: { presented, jws, issuer: undefined, keyIds: [], keysError: undefined, shape: 'jws' },
    decision: authorize(createAudienceIndex(routes), match, 'GET', presented),
  };
  return advise(judgement);
}

const isAddition = (advice: ReturnType<typeof advise>) => advice?.remedy?.path?.at(-1) === 'audiences';

test('another spelling of the same resource may be added', () => {
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

test('no audience of a sibling is ever offered as an alias, nor what is but a spelling of one', () => {
  const spell = fc.constantFrom(
    (text: string) => text,
    (text: string) => text.toUpperCase(),
    (text: string) => text.replace(/\/$/, ''),
    (text: string) => `api://${text}`,
    (text: string) => text.replace('.com/', '.com:443/'),
    (text: string) => ` ${text}`,
  );
  const claims = fc.constantFrom({}, { iss: ENTRA }, { iss: 'https://shop.okta.com/oauth2/default' });
  const holds = fc.property(fc.constantFrom(...SIBLINGS), spell, claims, (sibling, respell, more) => {
    expect(isAddition(adviseFor([respell(sibling)], more))).toBe(false);
  });
  fc.assert(holds, { numRuns: 500 });
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
  ["Okta's default", ['api://default'], { iss: 'https://shop.okta.com/oauth2/default' }],
  ["Keycloak's account", ['account'], { iss: 'https://sso.example/realms/shop' }],
  ['a client of Google', ['1.apps.googleusercontent.com'], { iss: 'https://accounts.google.com' }],
  ['no audience', [], {}],
] as const)('%s is not to be added', ([, aud, claims]) => {
  const advice = adviseFor(aud, claims);
  expect(advice?.cause).toBeTruthy();
  expect(isAddition(advice)).toBe(false);
});

test('the application ID of Entra ID may be, on a condition', () => {
  const advice = adviseFor(['99999999-2222-3333-4444-555555555555'], { iss: ENTRA });
  expect(isAddition(advice)).toBe(true);
  expect(advice?.remedy?.text).toContain('if it is the application (client) ID of this API, and of no other');
});
