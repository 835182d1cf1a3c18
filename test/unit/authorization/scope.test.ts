import { describe, expect, test } from 'vitest';
import { findRequirement } from '../../../src/authorization/scope.ts';
import type { ScopeRule } from '../../../src/config/config.ts';

/** The scope of each rule is the key of the rule, so that a result names the rule that was found. */
function rules(...keys: readonly string[]): readonly ScopeRule[] {
  return keys.map(key => {
    const [method = '', path = '/'] = key.split(' ');
    return { method, path, scopes: [key] };
  });
}

const find = (table: readonly ScopeRule[], method: string, rest: string) => {
  const requirement = findRequirement(table, method, rest);
  return requirement.ok ? requirement.scopes.join() : `405 ${requirement.allow.join(', ')}`;
};

describe('the rule that applies: the longest path that covers the method', () => {
  const table = rules('GET', 'POST /invoices', 'GET /invoices', 'GET /invoices/drafts', 'DELETE', '* /admin');
  test.each([
    ['GET', '', 'GET'],
    ['GET', '/', 'GET'],
    ['GET', '/x/y', 'GET'],
    ['GET', '/invoices', 'GET /invoices'],
    ['GET', '/invoices/', 'GET /invoices'],
    ['GET', '/invoices/7', 'GET /invoices'],
    ['GET', '/invoices-old', 'GET'],
    ['GET', '/Invoices', 'GET'],
    ['GET', '/x/invoices', 'GET'],
    ['GET', '/invoices/drafts', 'GET /invoices/drafts'],
    ['GET', '/invoices/drafts/7', 'GET /invoices/drafts'],
    ['GET', '/invoices/draftsman', 'GET /invoices'],
    ['POST', '/invoices', 'POST /invoices'],
    ['POST', '/invoices/drafts', 'POST /invoices'],
    ['DELETE', '/invoices/drafts', 'DELETE'],
    ['POST', '/admin', '* /admin'],
    ['GET', '/admin', '* /admin'],
    ['DELETE', '/admin/x', '* /admin'],
    ['PROPFIND', '/admin', '* /admin'],
    ['DELETE', '/administrators', 'DELETE'],
  ])('%s %s → %s', (method, rest, found) => {
    expect(find(table, method, rest)).toBe(found);
    expect(find(table.toReversed(), method, rest)).toBe(found);
  });
});

describe('GET rules: cover HEAD, unless there is a HEAD rule at the same path', () => {
  test.each([
    [['GET'], 'HEAD', '/', 'GET'],
    [['GET', 'HEAD'], 'HEAD', '/', 'HEAD'],
    [['GET', 'HEAD'], 'GET', '/', 'GET'],
    [['GET', '*'], 'HEAD', '/', 'GET'],
    [['HEAD', '*'], 'GET', '/', '*'],
    [['HEAD'], 'GET', '/', '405 HEAD'],
    [['GET /a', 'HEAD'], 'HEAD', '/a', 'GET /a'],
    [['GET', 'HEAD /a'], 'HEAD', '/a/b', 'HEAD /a'],
    [['GET', '* /a'], 'HEAD', '/a', '* /a'],
    [['GET'], 'OPTIONS', '/', '405 GET, HEAD'],
  ])('%j: %s %s → %s', (keys, method, rest, found) => {
    expect(find(rules(...keys), method, rest)).toBe(found);
    expect(find(rules(...keys.toReversed()), method, rest)).toBe(found);
  });
});

describe('a * rule: every other method', () => {
  test.each([
    ['GET', 'GET'],
    ['POST', 'POST'],
    ['DELETE', '*'],
    ['OPTIONS', '*'],
    ['TRACE', '*'],
    ['get', '*'],
    ['*', '*'],
  ])('%s → %s', (method, found) => {
    expect(find(rules('*', 'GET', 'POST'), method, '/')).toBe(found);
  });
});

describe('a method that no rule covers: 405, with the allowed methods (RFC 9110 section 10.2.1)', () => {
  const table = rules('GET', 'POST /invoices', 'HEAD /invoices', 'PUT /invoices/drafts');
  test.each([
    ['DELETE', '/', '405 GET, HEAD'],
    ['POST', '/', '405 GET, HEAD'],
    ['DELETE', '/invoices', '405 GET, HEAD, POST'],
    ['DELETE', '/invoices/drafts', '405 GET, HEAD, POST, PUT'],
    ['PUT', '/invoices', '405 GET, HEAD, POST'],
    ['get', '/', '405 GET, HEAD'],
    ['*', '/', '405 GET, HEAD'],
    ['', '/', '405 GET, HEAD'],
  ])('%s %s → %s', (method, rest, found) => {
    expect(find(table, method, rest)).toBe(found);
  });

  test('a path on which no method is allowed: an empty list', () => {
    expect(find(rules('POST /a'), 'GET', '/b')).toBe('405 ');
  });
});

test('a rule without scopes: allowed, no scope needed', () => {
  expect(findRequirement([{ method: '*', path: '/', scopes: [] }], 'GET', '')).toEqual({ ok: true, scopes: [] });
});

test('the needed scopes: all of the rule, in the order of the YAML', () => {
  const table = [{ method: 'POST', path: '/invoices', scopes: ['billing:read', 'billing:write', 'a'] }];
  expect(findRequirement(table, 'POST', '/invoices')).toEqual({
    ok: true,
    scopes: ['billing:read', 'billing:write', 'a'],
  });
});
