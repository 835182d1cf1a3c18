import { describe, expect, test } from 'vitest';
import { parseClaimPath, resolveClaim } from '../../../../src/config/values/claim-path.ts';

describe('a path: its steps', () => {
  test.each([
    ['scope', ['scope']],
    ['realm_access.roles', ['realm_access', 'roles']],
    ['resource_access."https://api.example/".roles', ['resource_access', 'https://api.example/', 'roles']],
    ['"a.b"', ['a.b']],
    ['"a"."b.c"', ['a', 'b.c']],
    ['urn:zitadel:iam:org:project:roles', ['urn:zitadel:iam:org:project:roles']],
    ['https://example/roles', ['https://example/roles']],
    ['a b', ['a b']],
  ])('%s', (text, steps) => {
    expect(parseClaimPath(text)).toEqual({ ok: true, value: { text, steps } });
  });
});

describe('no path: rejected', () => {
  test.each([
    ['', 'has an empty step'],
    ['.', 'has an empty step'],
    ['a.', 'has an empty step'],
    ['.a', 'has an empty step'],
    ['a..b', 'has an empty step'],
    ['a.""', 'has an empty step'],
    ['"a', 'has a double quote that does not enclose a whole step'],
    ['a"', 'has a double quote that does not enclose a whole step'],
    ['a"b"', 'has a double quote that does not enclose a whole step'],
    ['"a"b', 'has a double quote that does not enclose a whole step'],
    ['a."b"c.d', 'has a double quote that does not enclose a whole step'],
  ])('%j', (text, what) => {
    expect(parseClaimPath(text)).toMatchObject({ ok: false, rejection: { what } });
  });
});

describe('the claim at a path', () => {
  const claims = JSON.parse(`{
    "scope": "a", "realm_access": { "roles": ["r"] }, "a.b": 1, "a": { "b": 2, "c": null },
    "list": [{ "x": 1 }], "text": "abc", "\\"q.r\\"": 3, "q.r": 4, "__proto__": { "own": 5 }
  }`);
  test.each([
    ['scope', 'a'],
    ['realm_access.roles', ['r']],
    ['a.b', 1],
    ['a."b"', 2],
    ['"a.b"', 1],
    ['a.c', null],
    ['a.c.d', undefined],
    ['"q.r"', 3],
    ['list.0.x', undefined],
    ['list.length', undefined],
    ['text.length', undefined],
    ['constructor', undefined],
    ['realm_access.constructor.name', undefined],
    ['__proto__.own', 5],
    ['a.__proto__', undefined],
    ['none.at.all', undefined],
  ])('%s', (text, value) => {
    const path = parseClaimPath(text);
    if (!path.ok) throw new Error('no path');
    expect(resolveClaim(claims, path.value)).toEqual(value);
  });
});
