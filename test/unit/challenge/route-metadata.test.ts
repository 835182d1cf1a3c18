/** `metadata` of a route, and issuers that are no URL: what documents and challenges say. */

import { describe, expect, test } from 'vitest';
import { createChallenge } from '../../../src/challenge/challenge.ts';
import { createMetadataIndex, findMetadata } from '../../../src/challenge/metadata.ts';
import type { ProtectedRoute } from '../../../src/config/config.ts';
import { protectedRoute } from '../route/example-route.ts';

const scopeRules = [{ method: '*', path: '/', scopes: ['read'] }];
const NONE = { scopes: undefined, authorizationServers: undefined };

function documentOf(...routes: readonly ProtectedRoute[]): Record<string, unknown> {
  const found = findMetadata(createMetadataIndex(routes), '/.well-known/oauth-protected-resource', 'api.example');
  if (found.kind !== 'document') throw new Error('no document');
  return JSON.parse(found.body);
}

describe('the document', () => {
  test('without metadata: scopes of the route, issuers that are http(s) URLs', () => {
    const issuers = new Set(['https://login.example', 'accounts.google.com', 'urn:x:y', 'http://adfs.example/trust']);
    expect(documentOf(protectedRoute({ prefix: '/a', issuers, scopeRules }))).toEqual({
      resource: 'https://api.example/',
      authorization_servers: ['https://login.example', 'http://adfs.example/trust'],
      scopes_supported: ['read'],
      bearer_methods_supported: ['header'],
    });
  });

  test('no issuer is a URL: no authorization_servers (RFC 9728 section 3.2)', () => {
    const route = protectedRoute({ prefix: '/a', issuers: new Set(['accounts.google.com']) });
    expect(documentOf(route)).not.toHaveProperty('authorization_servers');
  });

  test('with metadata: its scopes and servers in place of the others', () => {
    const metadata = { scopes: ['api://x/read'], authorizationServers: ['https://other.example'] };
    expect(documentOf(protectedRoute({ prefix: '/a', scopeRules, metadata }))).toMatchObject({
      authorization_servers: ['https://other.example'],
      scopes_supported: ['api://x/read'],
    });
  });

  test('two routes of one resource: joined, each by its own metadata', () => {
    const one = protectedRoute({ prefix: '/a', scopeRules, metadata: { ...NONE, scopes: ['api://x/read'] } });
    const other = protectedRoute({ prefix: '/b', scopeRules });
    expect(documentOf(one, other)['scopes_supported']).toEqual(['api://x/read', 'read']);
  });
});

describe('the challenge', () => {
  const route = (metadata: ProtectedRoute['metadata']) => protectedRoute({ prefix: '/a', scopeRules, metadata });
  test.each([
    ['without metadata: the scopes of the operation', NONE, ['read'], 'scope="read", '],
    ['metadata.scopes: in place of them', { ...NONE, scopes: ['api://x/read'] }, ['read'], 'scope="api://x/read", '],
    ['metadata.scopes, and none needed: named all the same', { ...NONE, scopes: ['y'] }, [], 'scope="y", '],
    ['metadata.scopes empty: none', { ...NONE, scopes: [] }, ['read'], ''],
  ])('%s', (_, metadata, scopes, scope) => {
    expect(createChallenge('wrong_claim', route(metadata), scopes)).toBe(
      `Bearer ${scope}resource_metadata="https://api.example/.well-known/oauth-protected-resource"`,
    );
  });
});
