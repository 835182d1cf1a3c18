/** `token_types` is proposed where the product of the issuer is known to write that `typ`, and nothing says it was another kind. */

import { expect, test } from 'vitest';
import { APP_ID, BILLING, ENTRA, exampleYaml, KEYCLOAK, line, onProfile, PROFILE, proposeFor } from './world.ts';

const untyped = { typ: 'JWT', aud: [BILLING], reason: 'wrong_token_type' };

test.each([ENTRA, KEYCLOAK])('%s: known to write JWT', async iss => {
  const found = await proposeFor(exampleYaml({ issuers: [iss] }), [line({ ...untyped, iss })]);
  expect(found).toMatchObject({
    code: 3,
    token_types: [{ issuer: iss, type: 'JWT' }],
    exceptions: [],
    after: { broken: 0 },
  });
  expect(found.text).toContain('    token_types: [at+jwt, JWT]\n');
});

test('an issuer of no known product: an exception', async () => {
  const found = await proposeFor(exampleYaml(), [line(untyped)]);
  expect(found).toMatchObject({ token_types: [], exceptions: [{ client_id: 'web', reasons: ['wrong_token_type'] }] });
});

test('a typ that the product does not write: an exception', async () => {
  const found = await proposeFor(exampleYaml({ issuers: [ENTRA] }), [
    line({ ...untyped, iss: ENTRA, typ: 'secevent+jwt' }),
  ]);
  expect(found).toMatchObject({ token_types: [], exceptions: [{ client_id: 'web' }], after: { broken: 0 } });
});

test('where the log leaves kind out, nobody knows: an exception', async () => {
  const yaml = exampleYaml({ issuers: [ENTRA], top: 'access_log: { omit: [kind] }\n' });
  const found = await proposeFor(yaml, [line({ ...untyped, iss: ENTRA })]);
  expect(found.token_types).toEqual([]);
});

test('a type that would let in what another client was denied: exceptions', async () => {
  const denied = { outcome: 'denied', status: 401, enforcement: 'enforce', client_id: 'stranger', aud: [PROFILE] };
  const found = await proposeFor(exampleYaml({ issuers: [ENTRA] }), [
    line({ ...untyped, iss: ENTRA }),
    onProfile({ ...untyped, iss: ENTRA, ...denied }),
  ]);
  expect(found).toMatchObject({ token_types: [], exceptions: [{ client_id: 'web' }], after: { broken: 0, opened: 0 } });
});

test('a product that writes neither typ nor resource: a type and an alias', async () => {
  const found = await proposeFor(exampleYaml({ issuers: [ENTRA] }), [line({ ...untyped, iss: ENTRA, aud: [APP_ID] })]);
  expect(found).toMatchObject({ token_types: [{ type: 'JWT' }], audiences: [{ audience: APP_ID }], exceptions: [] });
  expect(found.after).toEqual({ broken: 0, opened: 0, unknown: 0 });
});

test('no scope where the product keeps it elsewhere: an exception, with scope_claim as a comment', async () => {
  const entry = line({ iss: KEYCLOAK, aud: [BILLING], scope: '', reason: 'insufficient_scope' });
  const found = await proposeFor(exampleYaml({ issuers: [KEYCLOAK] }), [entry]);
  expect(found.exceptions).toMatchObject([{ reasons: ['insufficient_scope'] }]);
  expect(found.patch).toMatch(/^\+ +# .*scope_claim: realm_access, resource_access\? The log cannot prove it$/m);
  expect(found.text).not.toMatch(/^ *scope_claim/m);
});

test('scopes that clients ask for under another name: metadata as a comment', async () => {
  const entry = line({ iss: ENTRA, aud: [BILLING], scope: 'other', reason: 'insufficient_scope' });
  const found = await proposeFor(exampleYaml({ issuers: [ENTRA] }), [entry]);
  expect(found.patch).toMatch(/^\+ +# .*metadata: \{ scopes/m);
});
