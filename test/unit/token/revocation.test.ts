import { expect, test } from 'vitest';
import { RevokedTokens } from '../../../src/config/revoked/revoked-tokens.ts';
import type { AccessToken } from '../../../src/token/access-token.ts';
import { refuseRevoked } from '../../../src/token/revocation.ts';

const TOKEN: AccessToken = {
  ...{ ok: true, issuer: 'https://login.example', kind: undefined, type: 'at+jwt', typeAccepted: true },
  ...{ audience: [], secondAudience: undefined, scopes: new Set(), allScopes: new Set() },
  scopeSource: { names: [], separator: ' ' } as unknown as AccessToken['scopeSource'],
  ...{ expiresAt: 2, validUntil: 2, validFrom: 0, claims: { jti: 'kept' }, clearedBy: undefined },
};

function listOf(...ids: readonly string[]): RevokedTokens {
  const list = new RevokedTokens();
  for (const jti of ids) list.add({ jti });
  return list;
}

test('a token that is kept: looked up in each new list, and keeps no list in memory', () => {
  const token = { ...TOKEN };
  const first = listOf('another');
  expect(refuseRevoked(first, token)).toBe(token);
  expect(refuseRevoked(first, token)).toBe(token);
  expect(Object.values(token)).not.toContain(first);
  expect(refuseRevoked(listOf('another', 'kept'), token)).toMatchObject({ ok: false, reason: 'revoked_token' });
  expect(refuseRevoked(listOf(), token)).toBe(token);
});

test('what was signed and what was answered: each is looked up', () => {
  const answered = { ...TOKEN, claims: {}, signedClaims: { jti: 'signed' } };
  expect(refuseRevoked(listOf('signed'), answered)).toMatchObject({ ok: false, reason: 'revoked_token' });
  expect(refuseRevoked(listOf('kept'), answered)).toBe(answered);
});
