/** For what no alias and no type helps: one exception for each client, of what was reported, never of what was denied. */

import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { BILLING, ENTRA, exampleYaml, KEYCLOAK, LOGIN, line, onProfile, PROFILE, proposeFor, UNTIL } from './world.ts';

const short = ({ exceptions }: Awaited<ReturnType<typeof proposeFor>>) =>
  exceptions.map(({ route, client_id, reasons }) => `${route} ${client_id} ${reasons.join('+')}`);
const NOBODY_BROKEN = { broken: 0, opened: 0, unknown: 0 };

describe('one for each client', () => {
  test('a claim that is excused already, with the log of before: nothing, and nothing unknown', async () => {
    const excused = '{ client_id: web, reasons: [wrong_claim], until: 2027-01-31, owner: x }';
    const yaml = exampleYaml({ billing: `    claims: { tid: x }\n    exceptions: [${excused}]\n` });
    const found = await proposeFor(yaml, [
      line({ aud: [BILLING], reason: 'wrong_claim' }),
      line({ aud: [BILLING], client_id: 'other', outcome: 'forwarded', reason: undefined }),
    ]);
    expect(found).toMatchObject({ code: 0, files: [], refused: [], unknown: {} });
  });

  test('what it holds: 90 days from today, and an owner that is still to be named', async () => {
    const { text, code, after } = await proposeFor(exampleYaml(), [line()]);
    expect(parse(text).routes['/billing'].exceptions).toEqual([
      { client_id: 'web', reasons: ['wrong_audience'], presented: 'foreign', until: UNTIL, owner: 'TODO' },
    ]);
    expect({ code, after }).toEqual({ code: 3, after: NOBODY_BROKEN });
  });

  test('several reasons, of one request or of several: in one exception', async () => {
    const found = await proposeFor(exampleYaml(), [
      line({ scope: '' }),
      line({ aud: [BILLING], typ: 'JWT', reason: 'wrong_token_type' }),
    ]);
    expect(short(found)).toEqual(['/billing web wrong_token_type+wrong_audience+insufficient_scope']);
    expect(found.after).toEqual(NOBODY_BROKEN);
  });

  test('several kinds of audience: presented names none', async () => {
    const found = await proposeFor(exampleYaml(), [line(), line({ aud: [PROFILE] })]);
    expect(found.exceptions).toMatchObject([{ client_id: 'web', presented: null, count: 2 }]);
    expect(found.after).toEqual(NOBODY_BROKEN);
  });

  test('a route of several issuers: the issuer is named', async () => {
    const found = await proposeFor(exampleYaml({ issuers: [LOGIN, ENTRA] }), [line(), line({ iss: ENTRA })]);
    expect(found.exceptions.map(({ iss }) => iss).toSorted()).toEqual([LOGIN, ENTRA].toSorted());
    expect(found.after).toEqual(NOBODY_BROKEN);
  });

  test('a client on two routes: two exceptions', async () => {
    const found = await proposeFor(exampleYaml(), [line(), onProfile()]);
    expect(short(found)).toEqual(['/billing web wrong_audience', '/profile web wrong_audience']);
  });

  test('a required claim that the log has not: excused where it was reported', async () => {
    const yaml = exampleYaml({ billing: '    claims: { tid: x }\n' });
    const found = await proposeFor(yaml, [line({ aud: [BILLING], reason: 'wrong_claim' })]);
    expect(short(found)).toEqual(['/billing web wrong_claim']);
    expect(found.after).toMatchObject({ broken: 0, opened: 0 });
  });

  test('a token that names itself an ID token: excused to its client, not accepted from all', async () => {
    const entry = line({ iss: KEYCLOAK, typ: 'JWT', kind: 'ID', aud: [BILLING], reason: 'wrong_token_type' });
    const found = await proposeFor(exampleYaml({ issuers: [KEYCLOAK] }), [entry]);
    expect(found.token_types).toEqual([]);
    expect(short(found)).toEqual(['/billing web wrong_token_type']);
  });
});

describe('what an exception of the file excuses already', () => {
  const excused = (until: string, reasons: string) =>
    exampleYaml({
      billing: `    exceptions: [{ client_id: web, reasons: [${reasons}], until: ${until}, owner: x }]\n`,
    });

  test('all of it: nothing', async () => {
    expect(await proposeFor(excused('2027-01-01', 'wrong_audience'), [line()])).toMatchObject({ code: 0, files: [] });
  });

  test('a part: the rest', async () => {
    const found = await proposeFor(excused('2027-01-01', 'wrong_audience'), [line({ scope: '' })]);
    expect(short(found)).toEqual(['/billing web insufficient_scope']);
    expect(found.after).toEqual(NOBODY_BROKEN);
  });

  test('until before the log was written: a new one', async () => {
    const found = await proposeFor(excused('2026-11-01', 'wrong_audience'), [line()]);
    expect(short(found)).toEqual(['/billing web wrong_audience']);
    expect(found.after).toEqual(NOBODY_BROKEN);
  });
});

describe('what is never excused', () => {
  test('what was denied', async () => {
    const denied = { outcome: 'denied', status: 401, enforcement: 'enforce' };
    const yaml = exampleYaml().replaceAll('report', 'enforce');
    const found = await proposeFor(yaml, [line(denied), line({ ...denied, aud: ['https://billing.example.com'] })]);
    expect(found).toMatchObject({ code: 0, files: [], after: NOBODY_BROKEN });
  });

  const unverified = { iss: undefined, sub: undefined, client_id: undefined, aud: undefined, scope: undefined };
  const none = { ...unverified, jti: undefined, exp: undefined, typ: undefined };
  test.each([
    ['no token', { ...none, reason: 'missing_token' }],
    ['a signature', { ...none, reason: 'bad_signature' }],
    ['an issuer', { ...none, reason: 'untrusted_issuer' }],
    ['time', { reason: 'token_expired', aud: [BILLING], exp: 1_700_000_000 }],
    ['a method that no rule covers', { method: 'DELETE', reason: 'method_not_allowed', aud: [BILLING] }],
  ])('%s: listed', async (_, fields) => {
    const yaml = exampleYaml().replace('scopes: [read]', 'scopes: { GET: [read] }');
    const found = await proposeFor(yaml, [line(fields)]);
    expect(found).toMatchObject({ code: 0, files: [], refused: [{ route: '/billing', reason: fields.reason }] });
    expect(found.patch).toContain(`/billing ${fields.reason}, `);
    expect(found.after.broken + found.after.unknown).toBe(1);
  });

  test('a token without a client: listed; an alias helps it all the same', async () => {
    const nobody = { client_id: undefined };
    const listed = await proposeFor(exampleYaml(), [line(nobody)]);
    expect(listed).toMatchObject({ code: 0, files: [], refused: [{ reason: 'wrong_audience', client_id: null }] });
    const helped = await proposeFor(exampleYaml(), [line({ ...nobody, aud: ['https://billing.example.com'] })]);
    expect(helped).toMatchObject({ code: 3, exceptions: [], after: NOBODY_BROKEN });
  });

  test('clients that the log leaves out: unknown, and not called nobody; an alias helps them all the same', async () => {
    const yaml = exampleYaml({ top: 'access_log: { omit: [client_id] }\n' });
    const nobody = { client_id: undefined };
    const found = await proposeFor(yaml, [line(nobody)]);
    expect(found).toMatchObject({ code: 0, files: [], refused: [], unknown: { field_omitted: 1 } });
    const helped = await proposeFor(yaml, [line({ ...nobody, aud: ['https://billing.example.com'] })]);
    expect(helped).toMatchObject({ code: 3, refused: [], unknown: {}, after: NOBODY_BROKEN });
  });

  test('an expired token of a foreign audience: listed with its time, not excused', async () => {
    const found = await proposeFor(exampleYaml(), [line({ exp: 1_700_000_000, reason: 'token_expired' })]);
    expect(found).toMatchObject({ files: [], refused: [{ reason: 'token_expired' }] });
  });

  test('what the log does not hold: unknown', async () => {
    const found = await proposeFor(exampleYaml(), [line({ scope: undefined })]);
    expect(found).toMatchObject({ code: 1, files: [], unknown: { field_omitted: 1 } });
    expect(found.patch).not.toContain('nothing to propose');
    expect(found.patch).toContain('unknown, so nothing is proposed for it, or not known to be enough:');
  });

  test('a client whose name the log has cut: unknown', async () => {
    const found = await proposeFor(exampleYaml(), [line({ client_id: 'x'.repeat(1024) }), line()]);
    expect(found.unknown).toEqual({ claims_cut: 1 });
    expect(short(found)).toEqual(['/billing web wrong_audience']);
  });

  test('enforcement: never changed', async () => {
    const { text } = await proposeFor(exampleYaml(), [line()]);
    expect(text.match(/enforcement: report/g)).toHaveLength(2);
    expect(text).not.toContain('enforcement: enforce');
  });
});

test('a route with nearly as many exceptions as a list may have: as many more as fit, the rest is told, and the proposal loads', async () => {
  const has = Array.from(
    { length: 1_998 },
    (_, index) => `      - { client_id: e${index}, reasons: [wrong_audience], until: 2027-01-31, owner: team-a }\n`,
  );
  const lines = Array.from({ length: 5 }, (_, index) => line({ client_id: `c${index}` }));
  const found = await proposeFor(exampleYaml({ billing: `    exceptions:\n${has.join('')}` }), lines);
  expect(found).toMatchObject({ code: 3, truncated: true });
  expect(found.exceptions).toHaveLength(2);
});
