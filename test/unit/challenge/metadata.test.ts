import { describe, expect, test } from 'vitest';
import { createMetadataIndex, findMetadata, protectedResourceMetadataUrl } from '../../../src/challenge/metadata.ts';
import type { Route } from '../../../src/config/config.ts';
import type { ResourceUri } from '../../../src/config/values/address/uri.ts';
import { protectedRoute, publicRoute } from '../route/example-route.ts';

const WELL_KNOWN = '/.well-known/oauth-protected-resource';

describe('the metadata URL: well-known path inserted between host and path (RFC 9728 section 3.1)', () => {
  test.each([
    ['https://api.example', 'https://api.example/.well-known/oauth-protected-resource'],
    ['https://api.example/', 'https://api.example/.well-known/oauth-protected-resource'],
    ['https://api.example/v1', 'https://api.example/.well-known/oauth-protected-resource/v1'],
    ['https://api.example/v1/', 'https://api.example/.well-known/oauth-protected-resource/v1/'],
    ['https://api.example/a/b/c', 'https://api.example/.well-known/oauth-protected-resource/a/b/c'],
    ['https://api.example?k=v', 'https://api.example/.well-known/oauth-protected-resource?k=v'],
    ['https://api.example/?k=v', 'https://api.example/.well-known/oauth-protected-resource?k=v'],
    ['https://api.example/v1?k=v', 'https://api.example/.well-known/oauth-protected-resource/v1?k=v'],
    ['https://api.example:8443/v1', 'https://api.example:8443/.well-known/oauth-protected-resource/v1'],
    ['https://api.example:8443', 'https://api.example:8443/.well-known/oauth-protected-resource'],
    ['http://127.0.0.1:3000/mcp', 'http://127.0.0.1:3000/.well-known/oauth-protected-resource/mcp'],
    ['https://[::1]:8443/v1', 'https://[::1]:8443/.well-known/oauth-protected-resource/v1'],
    ['https://api.example/caf%C3%A9', 'https://api.example/.well-known/oauth-protected-resource/caf%C3%A9'],
    ['https://api.example/a%20b', 'https://api.example/.well-known/oauth-protected-resource/a%20b'],
  ])('%s → %s', (resource, url) => {
    expect(protectedResourceMetadataUrl(resource)).toBe(url);
  });
});

const guard = (prefix: string, resource: ResourceUri, fields: Partial<Parameters<typeof protectedRoute>[0]> = {}) =>
  protectedRoute({ prefix, resource, ...fields });

/** The resource of the document at `target` on `host`. */
function find(routes: readonly Route[], target: string, host: string): unknown {
  const found = findMetadata(createMetadataIndex(routes), target, host);
  return found.kind === 'document' ? JSON.parse(found.body).resource : found.kind;
}

describe('the document found by target and Host', () => {
  const routes = [
    publicRoute({ prefix: '/' }),
    guard('/a', 'https://one.example/'),
    guard('/b', 'https://two.example'),
    guard('/c', 'https://two.example:8443/'),
    guard('/v1', 'https://one.example/v1'),
    guard('/v2', 'https://one.example/v2/'),
    guard('/q', 'https://one.example/q?k=v'),
    publicRoute({ prefix: '/r', host: 'routed.example' }),
  ];
  test.each([
    ['by its Host', WELL_KNOWN, 'one.example', 'https://one.example/'],
    ['by another Host', WELL_KNOWN, 'two.example', 'https://two.example'],
    ['by a Host in another case', WELL_KNOWN, 'ONE.Example', 'https://one.example/'],
    ['by Host and port', WELL_KNOWN, 'two.example:8443', 'https://two.example:8443/'],
    ['by the Host alone, where the port is the gateway’s', WELL_KNOWN, 'one.example:8080', 'https://one.example/'],
    ['at the root with a slash', `${WELL_KNOWN}/`, 'one.example', 'https://one.example/'],
    [
      'none where the Host names none of several, nor is it a route’s to answer',
      WELL_KNOWN,
      'three.example',
      'ambiguous',
    ],
    ['none where the Host only ends alike', WELL_KNOWN, 'x.one.example', 'ambiguous'],
    ['the only one of its path, for whatever Host', `${WELL_KNOWN}/v1`, '10.0.0.7:8080', 'https://one.example/v1'],
    [
      'none of the only one of its path, for the Host of another resource',
      `${WELL_KNOWN}/v1`,
      'two.example',
      'ambiguous',
    ],
    ['none of the only one of its path, for the Host of a route', `${WELL_KNOWN}/v1`, 'routed.example:80', 'ambiguous'],
    ['the only one of its path, without a Host', `${WELL_KNOWN}/v1`, '', 'https://one.example/v1'],
    ['none where two ports could be meant', WELL_KNOWN, 'two.example:9000', 'ambiguous'],
    ['not below it', `${WELL_KNOWN}/v1/x`, 'one.example', 'none'],
    ['with a slash that the resource lacks', `${WELL_KNOWN}/v1/`, 'one.example', 'https://one.example/v1'],
    ['not with two slashes', `${WELL_KNOWN}/v1//`, 'one.example', 'none'],
    ['not with a second slash', `${WELL_KNOWN}/v2//`, 'one.example', 'none'],
    ['not with a slash before its query', `${WELL_KNOWN}/q/?k=v`, 'one.example', 'none'],
    ['with the slash that the resource has', `${WELL_KNOWN}/v2/`, 'one.example', 'https://one.example/v2/'],
    ['not without the slash that the resource has', `${WELL_KNOWN}/v2`, 'one.example', 'none'],
    ['with its query', `${WELL_KNOWN}/q?k=v`, 'one.example', 'https://one.example/q?k=v'],
    ['not without its query', `${WELL_KNOWN}/q`, 'one.example', 'none'],
    ['not with a query that the resource lacks', `${WELL_KNOWN}/v1?x`, 'one.example', 'none'],
    ['not in another case', `${WELL_KNOWN}/V1`, 'one.example', 'none'],
    ['not in another spelling', `${WELL_KNOWN}/%761`, 'one.example', 'none'],
    ['not where something stands before it', `/x${WELL_KNOWN}/v1`, 'one.example', 'none'],
    ['not for the well-known path of something else', '/.well-known/openid-configuration', 'one.example', 'none'],
  ])('%s', (_, target, host, resource) => {
    expect(find(routes, target, host)).toBe(resource);
  });

  test('at the root: only a resource without a path, also where the gateway has no other', () => {
    const index = [guard('/mcp', 'https://one.example/mcp')];
    expect(find(index, WELL_KNOWN, 'one.example')).toBe('none');
    expect(find(index, `${WELL_KNOWN}/`, 'one.example')).toBe('none');
  });

  test('at the root, for the Host of a resource with a path: not the root resource of another host', () => {
    const index = [guard('/mcp', 'https://one.example/mcp'), guard('/', 'https://two.example/')];
    expect(find(index, WELL_KNOWN, 'one.example')).toBe('ambiguous');
    expect(find(index, WELL_KNOWN, 'two.example')).toBe('https://two.example/');
    expect(find(index, WELL_KNOWN, '10.0.0.7:8080')).toBe('https://two.example/');
  });

  test('resources that differ by a slash: each at its own place', () => {
    const twins = [guard('/a', 'https://one.example/v1'), guard('/b', 'https://one.example/v1/')];
    for (const index of [twins, twins.toReversed()]) {
      expect(find(index, `${WELL_KNOWN}/v1`, 'one.example')).toBe('https://one.example/v1');
      expect(find(index, `${WELL_KNOWN}/v1/`, 'one.example')).toBe('https://one.example/v1/');
      expect(find(index, `${WELL_KNOWN}/v1/`, '10.0.0.7')).toBe('https://one.example/v1/');
    }
  });

  test('a slash that is overlooked: for the Host that is meant by it', () => {
    const index = [guard('/a', 'https://one.example/v1'), guard('/b', 'https://two.example/v1/')];
    expect(find(index, `${WELL_KNOWN}/v1/`, 'one.example')).toBe('https://one.example/v1');
    expect(find(index, `${WELL_KNOWN}/v1/`, 'two.example')).toBe('https://two.example/v1/');
    expect(find(index, `${WELL_KNOWN}/v1`, 'two.example')).toBe('ambiguous');
  });

  test.each([
    ['one resource', ['https://one.example/'], false],
    ['two on one host', ['https://one.example/', 'https://one.example/v1'], false],
    ['two on one host with two ports', ['https://one.example/', 'https://one.example:8443/'], true],
    ['two hosts, two paths', ['https://one.example/', 'https://two.example/v1'], true],
  ] as const)('whether the Host selects, %s: %s', (_name, resources, expected) => {
    const index = createMetadataIndex(resources.map((resource, number) => guard(`/${number}`, resource)));
    expect(findMetadata(index, WELL_KNOWN, 'one.example')).toMatchObject({ variesByHost: expected });
  });

  test('a hostile Host: selects nothing, appears nowhere', () => {
    const index = createMetadataIndex([guard('/a', 'https://one.example/')]);
    const found = JSON.stringify(findMetadata(index, WELL_KNOWN, 'evil.example'));
    expect(found).toContain('https://one.example/');
    expect(found).not.toContain('evil');
  });
});

describe('the content of a document (RFC 9728 section 2)', () => {
  const only = (routes: readonly Route[], target = WELL_KNOWN) => {
    const found = findMetadata(createMetadataIndex(routes), target, 'api.example');
    return found.kind === 'document' ? JSON.parse(found.body) : found.kind;
  };

  test('a route with name and scopes: every parameter', () => {
    const route = guard('/a', 'https://API.example/', {
      name: 'The API',
      issuers: new Set(['https://one.example', 'https://two.example']),
      scopeRules: [
        { method: 'GET', path: '/', scopes: ['a:read'] },
        { method: 'POST', path: '/x', scopes: ['a:read', 'a:write'] },
      ],
    });
    expect(only([route])).toEqual({
      resource: 'https://API.example/',
      authorization_servers: ['https://one.example', 'https://two.example'],
      scopes_supported: ['a:read', 'a:write'],
      bearer_methods_supported: ['header'],
      resource_name: 'The API',
    });
  });

  test('a parameter without elements: left out (section 3.2)', () => {
    expect(only([guard('/a', 'https://api.example/')])).toEqual({
      resource: 'https://api.example/',
      authorization_servers: ['https://login.example'],
      bearer_methods_supported: ['header'],
    });
  });

  test('routes of one resource: one document', () => {
    const scoped = (scopes: readonly string[]) => [{ method: '*', path: '/', scopes }];
    const routes = [
      guard('/a', 'https://api.example/', { scopeRules: scoped(['a']), issuers: new Set(['https://one.example']) }),
      guard('/b', 'https://api.example/', {
        name: 'B',
        scopeRules: scoped(['b', 'a']),
        issuers: new Set(['https://two.example', 'https://one.example']),
      }),
    ];
    expect(only(routes)).toEqual({
      resource: 'https://api.example/',
      authorization_servers: ['https://one.example', 'https://two.example'],
      scopes_supported: ['a', 'b'],
      bearer_methods_supported: ['header'],
      resource_name: 'B',
    });
  });

  test('aliases: not published', () => {
    const route = guard('/a', 'https://api.example/', { audiences: new Set(['https://api.example/', 'secret-alias']) });
    expect(JSON.stringify(only([route]))).not.toContain('secret-alias');
  });

  test('public routes: no document', () => {
    expect([...createMetadataIndex([publicRoute({ prefix: '/' })]).targets]).toEqual([]);
  });
});
