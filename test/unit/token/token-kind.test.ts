import { describe, expect, test } from 'vitest';
import { findForeignKind } from '../../../src/token/token-kind.ts';

describe('the payload names the kind', () => {
  const kinds = 'id id_token refresh refresh_token offline offline_token logout logout_token logout+jwt'.split(' ');
  test.each(kinds.flatMap(kind => [kind, kind.toUpperCase()]))(
    '%s: foreign, as written, whatever the header says',
    kind => {
      expect(findForeignKind({ typ: kind }, 'at+jwt', false)).toBe(kind);
      expect(findForeignKind({ token_use: kind }, 'jwt', false)).toBe(kind);
      expect(findForeignKind({ scope: 'read', typ: 'Bearer', token_use: kind }, 'jwt', false)).toBe(kind);
      expect(findForeignKind({ token_type: kind }, undefined, true)).toBe(kind);
    },
  );

  test.each(['Bearer', 'access', 'at+jwt', 'JWT', 'ID ', 'Ⅰd', '', 'refreshtoken', 'constructor', 7, null, ['ID'], {}])(
    '%j: says nothing',
    kind => {
      expect(findForeignKind({ typ: kind }, 'jwt', false)).toBeUndefined();
      expect(findForeignKind({ token_type: kind }, undefined, true)).toBeUndefined();
    },
  );

  test('token_type: only in an introspection answer', () => {
    expect(findForeignKind({ token_type: 'ID' }, 'jwt', false)).toBeUndefined();
  });
});

describe('neither payload nor header names a kind', () => {
  const marks = ['nonce', 'at_hash', 'c_hash', 's_hash'];
  test.each(marks)('%s: an ID token', mark => {
    expect(findForeignKind({ [mark]: 'x' }, 'jwt', false)).toBe('id_token');
    expect(findForeignKind({ [mark]: null }, 'jwt', false)).toBe('id_token');
    expect(findForeignKind({ [mark]: 'x' }, undefined, true)).toBe('id_token');
    expect(findForeignKind({ [mark]: 'x', typ: 'Bearer' }, 'jwt', false)).toBe('id_token');
  });

  test.each(['scope', 'scp', 'roles', 'realm_access', 'resource_access'])('%s beside nonce: an access token', name => {
    expect(findForeignKind({ nonce: 'x', [name]: '' }, 'jwt', false)).toBeUndefined();
    expect(findForeignKind({ nonce: 'x', [name]: null }, 'jwt', false)).toBe('id_token');
  });

  test('a header that names the kind: nonce says nothing', () => {
    expect(findForeignKind({ nonce: 'x' }, 'at+jwt', false)).toBeUndefined();
  });

  test('no mark: nothing', () => {
    expect(findForeignKind({ sub: 'alice' }, 'jwt', false)).toBeUndefined();
  });
});
