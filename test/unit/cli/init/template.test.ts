/** The file of `audgate init`: it loads, and means what it was made of, whatever an issuer says. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { readInitArguments } from '../../../../src/cli/init/arguments.ts';
import { type Inspection, inspectName } from '../../../../src/cli/init/inspection.ts';
import { writeConfiguration } from '../../../../src/cli/init/template.ts';
import { ANY_PRODUCT } from '../../../../src/config/lint/identity-products/identity-product.ts';
import { writeList, writeScalar } from '../../../../src/config/source/yaml-text.ts';
import { listCodes, loadValid } from '../../config/configuration.ts';
import { VENDOR_ISSUERS } from '../../config/lint/identity-products/vendor-issuers.ts';

const ROUTE = { key: '/', resource: 'https://billing.example.com/', upstream: 'http://billing:8080' };

const EVERY_ISSUER = Object.entries(VENDOR_ISSUERS).flatMap(([name, issuers]) =>
  issuers.map(issuer => [name, issuer] as const),
);

test.each(EVERY_ISSUER)('%s, %s: loads, with the token types of its row, on report', (_name, issuer) => {
  const inspection = inspectName(issuer, undefined);
  const text = writeConfiguration(inspection, [ROUTE]);
  const { issuers, routes } = loadValid(text);
  expect([...issuers.keys()]).toEqual([issuer]);
  const { tokenTypes, audienceClaim } = issuers.get(issuer) ?? {};
  expect([...(tokenTypes ?? [])].toSorted()).toEqual(
    inspection.product.tokenTypes.map(type => type.toLowerCase()).toSorted(),
  );
  expect(audienceClaim).toBe('aud');
  expect(routes).toMatchObject([
    { ...ROUTE, upstream: {}, prefix: '/', enforcement: 'report', upstreamToken: 'forward' },
  ]);
});

test.each(EVERY_ISSUER)('%s, %s: no warning, save of what only the operator can set', (_name, issuer) => {
  const inspection = inspectName(issuer, undefined);
  const expected = [
    ...(inspection.product.isForEveryone ? ['issuer-for-everyone'] : []),
    ...(issuer.startsWith('http://') && inspection.jwksUri?.startsWith('https') !== true ? ['issuer-without-tls'] : []),
  ];
  expect(listCodes(writeConfiguration(inspection, [ROUTE]))).toEqual(expected);
});

test('several APIs, under one and under several hosts: each route has its own', () => {
  const resource = ['https://a.example/', 'https://b.example/', 'https://b.example/v2'];
  const upstream = ['http://a:1', 'https://b:2/base', 'http://c:3'];
  const read = readInitArguments({ resource, upstream });
  if (!read.ok) throw new Error(read.rejection.what);
  const { routes } = loadValid(writeConfiguration(inspectName('https://i.example', undefined), read.value.routes));
  expect(routes.map(({ host, prefix, ...route }) => [host, prefix, route.public ? '' : route.resource])).toEqual([
    ['a.example', '/', resource[0]],
    ['b.example', '/', resource[1]],
    ['b.example', '/v2', resource[2]],
  ]);
});

test.each([
  ['Entra ID v2', ['scp', 'roles']],
  ['Azure AD B2C', ['scp']],
  ['Zitadel', ['"urn:zitadel:iam:org:project:roles"']],
  ['Keycloak', undefined],
  ['Okta', undefined],
])('%s: scopes are read from %j', (name, paths) => {
  const [issuer = ''] = VENDOR_ISSUERS[name] ?? [];
  const { scopeSource } =
    loadValid(writeConfiguration(inspectName(issuer, undefined), [ROUTE])).issuers.get(issuer) ?? {};
  expect(scopeSource?.paths?.map(({ text }) => text)).toEqual(paths);
});

test('Cognito: client_id as the audience is shown, and not set', () => {
  const [issuer = ''] = VENDOR_ISSUERS['Amazon Cognito'] ?? [];
  expect(writeConfiguration(inspectName(issuer, undefined), [ROUTE])).toContain('\n    # audience_claim: client_id\n');
});

test.each(EVERY_ISSUER)('%s, %s: what it offers in comments loads, too', (_name, issuer) => {
  const text = writeConfiguration(inspectName(issuer, undefined), [ROUTE]);
  const offered = text.replace(/^( {4})# (?=(?:audiences|claims|scopes|audience_claim): )/gm, '$1');
  expect(offered).toContain('\n    scopes: [billing:read]');
  loadValid(offered);
});

test('every line: at most 120 characters', () => {
  for (const [, issuer] of EVERY_ISSUER) {
    for (const line of writeConfiguration(inspectName(issuer, undefined), [ROUTE]).split('\n')) {
      expect(line.length, line).toBeLessThanOrEqual(120);
    }
  }
});

describe('what an issuer says', () => {
  const hostile = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.constantFrom(
      '\n  - x',
      '\r\n',
      '\u2028',
      '\x85',
      '"',
      "'",
      '# x',
      ': y',
      '${file:/etc/passwd}',
      '\x1b[2J',
      '\u202e',
      '&a *a',
      '---',
      '...',
      '%TAG',
    ),
  );

  test('no text of it changes the file', () => {
    const plain = loadValid(writeConfiguration(inspectName('https://i.example', undefined), [ROUTE]));
    fc.assert(
      fc.property(
        fc.array(hostile, { minLength: 1, maxLength: 4 }).map(parts => parts.join('')),
        said => {
          const inspection: Inspection = {
            ...{ issuer: 'https://i.example', product: ANY_PRODUCT, jwksUri: undefined },
            ...{ foundKeys: said, scopes: [said], problem: said },
          };
          const text = writeConfiguration(inspection, [ROUTE]);
          expect(text).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]/);
          expect({ ...loadValid(text), source: plain.source }).toEqual(plain);
        },
      ),
      { numRuns: 300 },
    );
  });
});

test('any string: read back as the same key and value', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme', maxLength: 40 }),
      fc.array(fc.string({ maxLength: 10 })),
      (value, list) => {
        const text = `${writeScalar(value)}: ${writeScalar(value)}\nlist: ${writeList(list)}\n`;
        expect(parse(text, { uniqueKeys: false })).toEqual({ [value]: value, list });
      },
    ),
    { numRuns: 1000 },
  );
});
