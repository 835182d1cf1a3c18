/** The configuration that a report prints: it loads, and accepts the tokens that the API accepts. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readProbeArguments } from '../../../../src/cli/probe/arguments.ts';
import { writeRemedy } from '../../../../src/cli/probe/output/remedy-yaml.ts';
import { createUrlSubject } from '../../../../src/cli/probe/subjects.ts';
import type { Config } from '../../../../src/config/config.ts';
import { loadConfig } from '../../../../src/config/load.ts';
import { encodePart } from '../../../../src/probe/tokens/jws-parts.ts';

const folder = mkdtempSync(join(tmpdir(), 'audgate-remedy-'));
afterAll(() => rmSync(folder, { recursive: true }));

const CLAIMS = { iss: 'https://login.example.com', aud: 'https://billing.example.com/' };

function loadRemedy(
  header: object,
  claims: object,
  { url = 'http://127.0.0.1:8080/billing', lacking = '' } = {},
): Config {
  const given = readProbeArguments({ urls: [url], 'token-file': 'given' });
  if (!given.ok) throw new Error(given.rejection.what);
  const right = `${encodePart({ alg: 'ES256', ...header })}.${encodePart({ ...CLAIMS, ...claims })}.c2ln`;
  const insufficient = lacking === '' ? undefined : `${encodePart({})}.${encodePart({ scope: lacking })}.c2ln`;
  const none = { idToken: undefined, expired: undefined, insufficient, mintKey: undefined };
  const subject = createUrlSubject(given.value, { right, others: [], ...none }, undefined);
  if (typeof subject === 'string') throw new Error(subject);
  const file = join(folder, 'audgate.yaml');
  writeFileSync(file, writeRemedy(subject, undefined, lacking !== ''));
  const loaded = loadConfig(file, {});
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.diagnostics));
  return loaded.config;
}

test.each([
  [{ typ: 'at+jwt' }, ['at+jwt']],
  [{ typ: 'JWT' }, ['JWT']],
  [{}, ['JWT']],
])('a token whose header has %j: accepted by its typ', (header, expected) => {
  const [issuer] = loadRemedy(header, {}).issuers.values();
  expect([...(issuer?.tokenTypes ?? [])].map(type => type.toLowerCase())).toEqual(
    expected.map(each => each.toLowerCase()),
  );
});

test.each([
  ['an aud that ends in a colon', { aud: 'https://billing.example.com/a:' }],
  ['an iss that is no URL', { iss: 'login" : {a: b}' }],
  ['an iss that is a name', { iss: 'accounts.example.com' }],
  ['an iss with a line end', { iss: 'https://a.example\nroutes: {}' }],
  ['an aud with a variable', { aud: 'https://a.example/${HOME}' }],
])('%s: the configuration loads, and has one route', (_, claims) => {
  expect(loadRemedy({ typ: 'at+jwt' }, claims).routes).toHaveLength(1);
});

test.each(['/a:', '/a,b', "/a'b", '/a{b}*&!x', '/*', '/#', '/a%23'])('the path %s: the configuration loads', path => {
  expect(loadRemedy({ typ: 'at+jwt' }, {}, { url: `http://127.0.0.1:8080${path}` }).routes).toHaveLength(1);
});

test.each(['api://billing', '6731de76-14a6-49ae-97bc-6eba6914391e', 'https://b.example/#a'])(
  'the aud %s: accepted',
  aud => {
    const [route] = loadRemedy({ typ: 'at+jwt' }, { aud }).routes;
    expect(route?.public ? [] : [...(route?.audiences ?? [])]).toContain(aud);
  },
);

test('a token without the scope was accepted: the scopes that the right one has more are needed', () => {
  const [route] = loadRemedy({ typ: 'at+jwt' }, { scope: 'openid billing:read' }, { lacking: 'openid' }).routes;
  expect(route?.public ? [] : route?.scopeRules.flatMap(({ scopes }) => scopes)).toEqual(['billing:read']);
});
