import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bindsSessions, encodeOwner } from '../../../src/mcp/session-owner.ts';
import type { AccessToken } from '../../../src/token/access-token.ts';

const route = { id: '/mcp' };
const ISSUER = 'https://login.example';

/** Only the issuer and the claims make the owner. */
const tokenOf = (claims: Record<string, unknown>, issuer = ISSUER) => ({ issuer, claims }) as unknown as AccessToken;
const ownerOf = (claims: Record<string, unknown>, credential = 'the.token', issuer = ISSUER, id = '/mcp') =>
  encodeOwner({ id }, tokenOf(claims, issuer), credential).toString('hex');

const ALICE = { sub: 'alice', client_id: 'web' };

describe('the owner of a session', () => {
  test('another token of the same issuer, subject and client: the same', () => {
    expect(ownerOf({ ...ALICE, exp: 1, jti: 'a' }, 'one')).toBe(ownerOf({ ...ALICE, exp: 2, jti: 'b' }, 'two'));
  });

  test.each<[string, string]>([
    ['another subject', ownerOf({ ...ALICE, sub: 'bob' })],
    ['another client', ownerOf({ ...ALICE, client_id: 'cli' })],
    ['no client', ownerOf({ sub: 'alice' })],
    ['a client that is no text', ownerOf({ sub: 'alice', client_id: 7 })],
    ['another issuer', ownerOf(ALICE, 'the.token', 'https://other.example')],
    ['another route', ownerOf(ALICE, 'the.token', ISSUER, '/other')],
    ['the client as subject, the subject as client', ownerOf({ sub: 'web', client_id: 'alice' })],
    ['no token that verified', encodeOwner(route, undefined, 'the.token').toString('hex')],
    ['no subject', ownerOf({ client_id: 'web' })],
  ])('%s: another', (_, owner) => {
    expect(owner).not.toBe(ownerOf(ALICE));
  });

  test('the client under the name of its issuer: the same', () => {
    expect(ownerOf({ sub: 'alice', azp: 'web' })).toBe(ownerOf(ALICE));
  });

  test('a client id metadata document, whose URL is the client: compared exactly', () => {
    const of = (client_id: string) => ownerOf({ sub: 'alice', client_id });
    expect(of('https://app.example/client.json')).not.toBe(of('https://app.example/client.json/'));
    expect(of('https://app.example/client.json')).toBe(of('https://app.example/client.json'));
  });

  test.each([undefined, '', 7, null, ['alice'], {}])('sub is %j: the token itself', sub => {
    const claims = { sub, client_id: 'web' };
    expect(ownerOf(claims, 'one')).toBe(ownerOf(claims, 'one'));
    expect(ownerOf(claims, 'one')).not.toBe(ownerOf(claims, 'two'));
  });

  test('no two owners share their bytes, whatever their texts are', () => {
    const texts = fc.string({ unit: 'binary', maxLength: 4 });
    const owners = fc.record({ sub: texts, client_id: texts, issuer: texts, key: texts });
    fc.assert(
      fc.property(owners, owners, (one, two) => {
        const [a, b] = [one, two].map(({ issuer, key, ...claims }) => ownerOf(claims, 't', issuer, key));
        // A client without a name is none.
        expect(a === b).toBe(JSON.stringify(one) === JSON.stringify(two));
      }),
    );
    // Where one field ends and the next begins.
    expect(ownerOf({ sub: 'ab', client_id: 'c' })).not.toBe(ownerOf({ sub: 'a', client_id: 'bc' }));
  });

  test('texts that UTF-8 has one form for: apart', () => {
    expect(ownerOf({ ...ALICE, sub: '\ud800' })).not.toBe(ownerOf({ ...ALICE, sub: '\ufffd' }));
    expect(ownerOf({ ...ALICE, sub: '\ud800' })).not.toBe(ownerOf({ ...ALICE, sub: '\udc00' }));
    expect(ownerOf({ ...ALICE, sub: '\u00e9' })).not.toBe(ownerOf({ ...ALICE, sub: 'e\u0301' }));
  });
});

test('which routes bind sessions: protected ones of MCP servers', () => {
  const mcp = {} as never;
  expect(bindsSessions({ public: false, mcp })).toBe(true);
  expect(bindsSessions({ public: true, mcp })).toBe(false);
  expect(bindsSessions({ public: false, mcp: undefined })).toBe(false);
});
