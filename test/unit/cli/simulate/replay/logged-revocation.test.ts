import { expect, test } from 'vitest';
import { LoggedRevocation } from '../../../../../src/cli/simulate/replay/logged-revocation.ts';
import { type RevokedEntry, RevokedTokens } from '../../../../../src/config/revoked/revoked-tokens.ts';

const LOGGED = {
  issuer: 'https://i',
  audience: [],
  scope: '',
  expiresAt: 4e9,
  clientId: 'batch',
  whole: { iss: 'https://i', sub: 'alice', jti: 'j1', client_id: 'batch' },
  cutNames: [],
  type: undefined,
  kind: undefined,
  isCut: false,
};

function judge(entry: RevokedEntry, logged: object = {}, omitted: readonly string[] = []): readonly boolean[] {
  const revoked = new RevokedTokens();
  revoked.add(entry);
  return new LoggedRevocation(revoked, new Set(omitted)).judge({ ...LOGGED, ...logged }, 1000);
}

test.each<readonly [string, RevokedEntry, object, readonly string[], readonly boolean[]]>([
  ['its jti', { jti: 'j1' }, {}, [], [true]],
  ['another jti', { jti: 'j2' }, {}, [], [false]],
  ['subject and issuer', { sub: 'alice', iss: 'https://i' }, {}, [], [true]],
  ['issued before a time after the line', { clientId: 'batch', issuedBefore: 1001 }, {}, [], [true]],
  [
    'issued before a time that is earlier: iat is not in the log',
    { clientId: 'batch', issuedBefore: 900 },
    {},
    [],
    [true, false],
  ],
  ['a jti that was left out', { jti: 'j1' }, { whole: { iss: 'https://i' } }, ['jti'], [true, false]],
  ['a token without jti', { jti: 'j1' }, { whole: { iss: 'https://i' } }, [], [false]],
  ['a jti that was cut', { jti: 'j1' }, { whole: {}, cutNames: ['jti'] }, [], [true, false]],
])('%s: every possible answer', (_name, entry, logged, omitted, expected) => {
  expect(judge(entry, logged, omitted)).toEqual(expected);
});
