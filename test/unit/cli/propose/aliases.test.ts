/** An alias is proposed only for what can be meant for no other API. */

import { describe, expect, test } from 'vitest';
import { APP_ID, BILLING, ENTRA, exampleYaml, KEYCLOAK, LOGIN, line, onProfile, PROFILE, proposeFor } from './world.ts';

const audiencesOf = ({ audiences }: Awaited<ReturnType<typeof proposeFor>>) =>
  audiences.map(({ route, audience }) => `${route} ${audience}`);
const clientsOf = ({ exceptions }: Awaited<ReturnType<typeof proposeFor>>) =>
  exceptions.map(({ route, client_id }) => `${route} ${client_id}`);

describe('another spelling of the resource', () => {
  test.each([
    'https://billing.example.com',
    'HTTPS://billing.example.com/',
    'https://Billing.Example.com/',
    'https://billing.example.com:443/',
  ])('%s: an alias, and no exception', async aud => {
    const found = await proposeFor(exampleYaml(), [line({ aud: [aud] })]);
    expect(audiencesOf(found)).toEqual([`/billing ${aud}`]);
    expect(found.exceptions).toEqual([]);
    expect(found).toMatchObject({ code: 3, after: { broken: 0, opened: 0, unknown: 0 } });
  });

  test.each([
    'http://billing.example.com/',
    'https://billing.example.com:8443/',
    'https://billing.example.com./',
    'https://billing.example.com/v2',
    'https://billing.example.com/?',
    'https://user@billing.example.com/',
    ' https://billing.example.com/',
    'https://billing.example.com/#x',
    'https://billing.example.com//',
    '*',
  ])('%s: another resource, so an exception', async aud => {
    const found = await proposeFor(exampleYaml(), [line({ aud: [aud] })]);
    expect(found.audiences).toEqual([]);
    expect(clientsOf(found)).toEqual(['/billing web']);
    expect(found.after).toEqual({ broken: 0, opened: 0, unknown: 0 });
  });

  test('a letter of the host that only looks like one of it: another resource, so an exception', async () => {
    const yaml = exampleYaml().replaceAll(BILLING, 'https://kube.example.com/');
    const found = await proposeFor(yaml, [line({ aud: ['https://\u212Aube.example.com/'] })]);
    expect(found.audiences).toEqual([]);
    expect(clientsOf(found)).toEqual(['/billing web']);
  });

  test('an audience with a reference: never written, told', async () => {
    const yaml = exampleYaml().replaceAll(BILLING, 'https://billing.example.com/$x');
    const found = await proposeFor(yaml, [
      line({ aud: ['https://billing.example.com/${HOME}'], client_id: '${HOME}' }),
    ]);
    expect(found).toMatchObject({ code: 0, files: [], refused: [{ reason: 'wrong_audience', client_id: '${HOME}' }] });
  });
});

describe('what may be meant for a sibling', () => {
  test('the audience of another route: an exception that names what is presented', async () => {
    const found = await proposeFor(exampleYaml(), [line({ aud: [PROFILE] })]);
    expect(found.audiences).toEqual([]);
    expect(found.exceptions).toMatchObject([{ client_id: 'web', presented: PROFILE }]);
  });

  test.each(['https://profile.example.com', 'https://PROFILE.example.com/'])(
    '%s, another spelling of it: an exception',
    async aud => {
      const found = await proposeFor(exampleYaml(), [line({ aud: [aud] })]);
      expect(found.audiences).toEqual([]);
      expect(found.exceptions).toMatchObject([{ client_id: 'web', presented: 'foreign' }]);
    },
  );

  test('a spelling of two resources: an exception on either route', async () => {
    const yaml = exampleYaml().replace(PROFILE, 'https://billing.example.com');
    const found = await proposeFor(yaml, [line({ aud: ['HTTPS://billing.example.com'] })]);
    expect(found.audiences).toEqual([]);
    expect(clientsOf(found)).toEqual(['/billing web']);
  });

  test('the userinfo endpoint of the issuer: an exception', async () => {
    const found = await proposeFor(exampleYaml(), [line({ aud: [`${LOGIN}/userinfo`] })]);
    expect(found.audiences).toEqual([]);
  });
});

describe('the application id that a product writes', () => {
  const yaml = (billing = '') => exampleYaml({ issuers: [ENTRA], billing });
  const entra = { iss: ENTRA, aud: [APP_ID] };
  const OTHER_ID = '11111111-14a6-49ae-97bc-6eba6914391e';

  test('seen on one route: an alias, whose comment says what to look up', async () => {
    const found = await proposeFor(yaml(), [line(entra)]);
    expect(audiencesOf(found)).toEqual([`/billing ${APP_ID}`]);
    expect(found.patch).toContain('keep it only if it is the application (client) ID of this API');
    expect(found.after.broken).toBe(0);
  });

  test.each([
    ['seen on two routes', [line(entra), onProfile(entra)]],
    ['seen on another route in other letters', [line(entra), onProfile({ ...entra, aud: [APP_ID.toUpperCase()] })]],
    ['seen on another route behind api://', [line(entra), onProfile({ ...entra, aud: [`api://${APP_ID}`] })]],
    ['seen behind api://, on another route without', [line({ ...entra, aud: [`api://${APP_ID}`] }), onProfile(entra)]],
    ['the client itself, in other letters', [line({ ...entra, client_id: APP_ID.toUpperCase() })]],
    ['accepted on another route now', [line(entra), onProfile({ ...entra, outcome: 'denied' })]],
    ['beside another id on the same route', [line(entra), line({ ...entra, aud: [OTHER_ID] })]],
    ['the client itself', [line({ ...entra, client_id: APP_ID })]],
    [
      'the name of another client',
      [
        line(entra),
        onProfile({ iss: ENTRA, client_id: APP_ID, aud: [PROFILE], outcome: 'forwarded', reason: undefined }),
      ],
    ],
  ])('%s: exceptions', async (_, lines) => {
    const found = await proposeFor(yaml(), lines);
    expect(found.audiences).toEqual([]);
    expect(found.after).toMatchObject({ broken: 0, opened: 0 });
  });

  test('on a route that has its id already: an exception', async () => {
    const found = await proposeFor(yaml(`    audiences: [${OTHER_ID}]\n`), [line(entra)]);
    expect(found.audiences).toEqual([]);
    expect(clientsOf(found)).toEqual(['/billing web']);
  });

  test.each([`api://${APP_ID}`, APP_ID.toUpperCase()])(
    'an alias of another route, there as %s: an exception',
    async alias => {
      const settings = exampleYaml({ issuers: [ENTRA], profile: `    audiences: ["${alias}"]\n` });
      const found = await proposeFor(settings, [line(entra)]);
      expect(found.audiences).toEqual([]);
      expect(clientsOf(found)).toEqual(['/billing web']);
    },
  );

  test('a GUID of an issuer of no known product: an exception', async () => {
    const found = await proposeFor(exampleYaml(), [line({ aud: [APP_ID] })]);
    expect(found.audiences).toEqual([]);
  });

  test('the account console of Keycloak: an exception', async () => {
    const found = await proposeFor(exampleYaml({ issuers: [KEYCLOAK] }), [line({ iss: KEYCLOAK, aud: ['account'] })]);
    expect(found.audiences).toEqual([]);
    expect(clientsOf(found)).toEqual(['/billing web']);
  });
});

describe('no more than is needed', () => {
  test('two spellings in one token: one alias', async () => {
    const aud = ['https://billing.example.com', 'HTTPS://billing.example.com/'];
    const found = await proposeFor(exampleYaml(), [line({ aud })]);
    expect(found.audiences).toHaveLength(1);
    expect(found.after.broken).toBe(0);
  });

  test('an alias that only a client with an exception would use: left out', async () => {
    const found = await proposeFor(exampleYaml(), [line({ aud: ['https://billing.example.com'] }), line()]);
    expect(found.audiences).toEqual([]);
    expect(found.exceptions).toMatchObject([{ client_id: 'web', reasons: ['wrong_audience'], count: 2 }]);
    expect(found.after.broken).toBe(0);
  });

  test('an alias that would let in what was denied to another client: exceptions', async () => {
    const aud = ['https://billing.example.com'];
    const denied = { outcome: 'denied', status: 401, enforcement: 'enforce', client_id: 'stranger' };
    const found = await proposeFor(exampleYaml(), [line({ aud }), line({ aud, ...denied })]);
    expect(found.audiences).toEqual([]);
    expect(clientsOf(found)).toEqual(['/billing web']);
    expect(found.after).toEqual({ broken: 0, opened: 0, unknown: 0 });
  });
});

test('more spellings than anybody reviews: a hundred aliases, then exceptions, and the proposal loads', async () => {
  const letters = [...'billingexample'];
  const spell = (index: number) =>
    `https://${letters.map((each, at) => ((index >> at) & 1 ? each.toUpperCase() : each)).join('')}.com/`;
  const yaml = exampleYaml().replaceAll(BILLING, spell(0));
  const lines = Array.from({ length: 150 }, (_, index) => line({ aud: [spell(index + 1)], client_id: `c${index}` }));
  const found = await proposeFor(yaml, lines);
  expect(found.audiences).toHaveLength(100);
  expect(found.exceptions).toHaveLength(50);
  expect(found.after.broken).toBe(0);
});

test('the clients of an alias: those that need it, and not all that present it', async () => {
  const spelling = 'https://billing.example.com';
  const found = await proposeFor(exampleYaml(), [
    line({ aud: [spelling], client_id: 'web' }),
    line({ aud: [BILLING, spelling], client_id: 'other', scope: '', reason: 'insufficient_scope' }),
  ]);
  expect(found.audiences).toEqual([
    expect.objectContaining({ clients: [expect.objectContaining({ client_id: 'web' })] }),
  ]);
  expect(found.patch).toMatch(/\(trailing slash\)\n.*# web: 1 request.*\n.*- https:\/\/billing\.example\.com\n/);
});

test('the lines in another order, as those of several replicas: the same text', async () => {
  const lines = [
    'https://billing.example.com',
    'https://Billing.example.com/',
    'https://billing.example.com:443/',
    'x',
  ].map((aud, at) => line({ aud: [aud], client_id: `client-${at}`, time: `2026-11-20T10:00:0${at}.000Z` }));
  const [one, other] = [await proposeFor(exampleYaml(), lines), await proposeFor(exampleYaml(), lines.toReversed())];
  expect(one.audiences).toHaveLength(3);
  expect(other.text).toBe(one.text);
});
