/** The library decides on exceptions as the gateway does. */

import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Authorizer } from '../../src/library.ts';
import { startTokenIssuer, type TokenIssuer } from '../support/token-issuer.ts';
import { createAuthorizer } from './service.ts';

const SIBLING = 'https://sibling.example/';
const dayAfter = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);

let issuer: TokenIssuer;
let authorizer: Authorizer;

beforeAll(async () => {
  issuer = await startTokenIssuer();
  const route = (days: number) => ({
    ...{ resource: 'https://api.example/', scopes: ['read'] },
    exceptions: [{ client_id: 'batch', reasons: ['wrong_audience'], until: dayAfter(days), owner: 'team-batch' }],
  });
  authorizer = await createAuthorizer({
    config: {
      issuers: { [issuer.issuer]: { jwks_uri: issuer.jwksUri } },
      routes: { '/a': route(30), '/lapsed': route(-1), '/sibling': { resource: SIBLING } },
    },
  });
});
afterAll(async () => {
  authorizer?.close();
  await issuer?.close();
});

test.each([
  ['/a', 'batch', 'read', 'reported wrong_audience'],
  ['/a', 'web', 'read', 'wrong_audience'],
  ['/a', 'batch', '', 'insufficient_scope'],
  ['/lapsed', 'batch', 'read', 'wrong_audience'],
])('%s, client %s, scope "%s": %s', async (url, client, scope, expected) => {
  const token = await issuer.sign({ claims: { aud: SIBLING, client_id: client, scope } });
  const rawHeaders = ['Host', 'localhost', 'Authorization', `Bearer ${token}`];
  const decision = await authorizer.authorize({ method: 'GET', url, rawHeaders });
  expect(decision.allowed ? `reported ${decision.reported}` : decision.reason).toBe(expected);
  if (decision.allowed) expect(decision.token?.clientId).toBe('batch');
});
