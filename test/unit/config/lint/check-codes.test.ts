/** Each check code with the shortest YAML that causes it. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { CHECK_CODES, type CheckCode, type OnlineCode } from '../../../../src/config/lint/check-codes.ts';
import { createAuthority } from '../../../support/certificates.ts';
import { listCodes, listDiagnostics } from '../configuration.ts';

const I = 'issuers: { https://i: }\n';
const A = '/a: { resource: https://a/, upstream: https://a, multiple_audiences: only }';
const PUBLIC = 'routes: { /: { public: true, upstream: http://a } }\n';

/** The route `A` with one key more. */
function withKey(key: string): string {
  return A.replace(' }', `, ${key} }`);
}

function exception(until: string, owner = 'team-batch'): string {
  return `{ client_id: batch, reasons: [wrong_audience], owner: ${owner}, until: ${until} }`;
}

function inDays(days: number): string {
  return new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
}

const EXCHANGE = '{ token_endpoint: https://i/t, client_id: c, client_secret: s, resource: https://b/ }';

/** For each code, but one that test/unit/config/include/included-routes.test.ts has, the shortest YAML that causes it, with a » at the place that must be printed. */
const EXAMPLES: Readonly<Record<Exclude<CheckCode, OnlineCode | 'resource-in-two-files'>, string>> = {
  'yaml-syntax': 'routes: {\n»',
  'over-limit': `a: ${'['.repeat(62)}»[\n`,
  'unreadable-file': `listen: »\${file:absent}\n${PUBLIC}`,
  'unset-variable': `listen: »\${PORT}\n${PUBLIC}`,
  'invalid-value': 'routes: { /: { public: true, upstream: »a:80 } }\n',
  'missing-key': 'routes: { »/: { public: true } }\n',
  'unknown-key': `»lisen: :80\n${PUBLIC}`,
  'duplicate-key': 'routes: { /: { public: true, upstream: http://a, »public: true } }\n',
  'public-route-key': 'routes: { /: { public: true, upstream: http://a, »scopes: [x] } }\n',
  'jwks-file': `issuers: { https://i: { jwks_file: »keys.json } }\nroutes: { ${A} }\n`,
  certificate: 'routes: { /: { public: true, upstream: { url: https://a, tls: { ca_file: »audgate.yaml } } } }\n',
  'certificate-expired': `tls: { cert_file: »expired.crt, key_file: expired.key }\n${PUBLIC}`,
  'weak-algorithm': `issuers: { https://i: { algorithms: [»HS256] } }\nroutes: { ${A} }\n`,
  'unknown-issuer': `${I}routes: { ${withKey('issuers: [»https://j]')} }\n`,
  'reserved-header': `${I}routes: { ${withKey('claims_to_headers: { »Host: sub }')} }\n`,
  'reserved-header-rule':
    'routes: { /: { public: true, upstream: http://a, request_headers: { set: { »Host: a } } } }\n',
  'duplicate-route': `${I}routes:\n  x${A}\n  »X${A}\n`,
  'duplicate-route-id': `${I}routes: { ${A}, /b: { public: true, upstream: http://b, id: »/a } }\n`,
  'audience-conflict': `${I}routes:\n  ${A}\n  ${A.replace('/a', '/b').replace('a/', '»a/')}\n`.replace(
    'https://»a/',
    'https://b/, audiences: [»https://a/]',
  ),
  'exception-without-owner': `${I}routes: { ${withKey(`exceptions: [${exception(inDays(30), '»TODO')}]`)} }\n`,
  'exception-on-report': `${I}routes: { ${withKey(`enforcement: report, exceptions: [»${exception(inDays(30))}]`)} }\n`,
  'exception-lapsed': `${I}routes: { ${withKey(`exceptions: [${exception('»2026-01-31')}]`)} }\n`,
  'exception-lapses-soon': `${I}routes: { ${withKey(`exceptions: [${exception(`»${inDays(3)}`)}]`)} }\n`,
  'mcp-token-forwarded': `${I}routes: { ${withKey('mcp: true, upstream_token: »forward').replace('https://a/', 'https://a/a')} }\n`,
  'mcp-sse-prefix': 'routes: { /a: { public: true, upstream: http://a, mcp: { sse: true }, strip_prefix: »true } }\n',
  'address-conflict': `listen: »:9090\n${PUBLIC}`,
  'include-without-match': `include: [»routes.d/*.yaml]\n${PUBLIC}`,
  'public-over-protected': `${I}routes:\n  ${A}\n  »/: { public: true, upstream: http://p }\n`,
  'resource-uppercase-host': `${I}routes: { ${A.replace('https://a/', '»https://A/')} }\n`,
  'resource-trailing-slash-twin': `${I}routes:\n  ${A}\n  ${A.replace('/a', '/b').replace('https://a/', '»https://a')}\n`,
  'resource-without-tls': `${I}routes: { ${A.replace('https', '»http')} }\n`,
  'resource-http-loopback': `tls: { cert_file: a.crt, key_file: a.key }\n${I}routes: { ${A.replace('https://a/', '»http://localhost/')} }\n`,
  'resource-with-query': `${I}routes: { ${A.replace('https://a/', '»https://a/?v=1')} }\n`,
  'audience-for-everyone': `issuers: { https://kc/realms/x: }\nroutes: { ${withKey('audiences: [»account]')} }\n`,
  'audience-wildcard': `${I}routes: { ${withKey('audiences: [»"https://*.a/"]')} }\n`,
  'path-pattern': `${I}routes: { ${withKey('scopes: { GET: [x], »"GET /b/*": [y] }')} }\n`,
  'alias-on-one-route': `${I}routes:\n  ${withKey('audiences: [»6731de76]')}\n  ${A.replace('/a', '/b')}\n`,
  'id-token-accepted': `issuers: { https://i: { token_types: [at+jwt, JWT] } }\nroutes: { ${withKey('audiences: [»6731de76]')} }\n`,
  'audience-is-client': `issuers: { https://i: { audience_claim: »client_id } }\nroutes: { ${A} }\n`,
  'issuer-for-everyone': `issuers: { https://accounts.google.com: }\nroutes: { ${withKey('issuers: »[https://accounts.google.com]')} }\n`,
  'metadata-without-server': `issuers: { stytch.com/project-1: { jwks_uri: https://i/jwks } }\nroutes: { »${A} }\n`,
  'token-forwarded-in-clear': `${I}routes: { ${withKey('upstream_token: »forward').replace('upstream: https', 'upstream: http')} }\n`,
  'report-strips-token': `${I}routes: { ${withKey('enforcement: report, upstream_token: »strip')} }\n`,
  'access-log-not-replayable': `access_log: { omit: [sub, »path] }\n${PUBLIC}`,
  'would-deny-header-on-enforce': `${I}routes: { ${withKey('would_deny_header: »true')} }\n`,
  'allow-encoded': `${I}routes: { ${withKey('allow_encoded: »["%2F"]')} }\n`,
  'lenient-upstream': 'routes: { /: { public: true, upstream: { url: http://a, lenient: »true } } }\n',
  'mcp-on-report': `${I}routes: { ${withKey('mcp: true, enforcement: »report').replace('https://a/', 'https://a/a')} }\n`,
  'mcp-endpoint': `${I}routes: { ${withKey('mcp: true').replace('https://a/', '»https://a/')} }\n`,
  'mcp-session-key': `${I}routes: { ${withKey('mcp: { session_key: »sixteen-letters. }').replace('https://a/', 'https://a/a')} }\n`,
  'mcp-initial-scopes': `${I}routes: { ${withKey('mcp: { tools: { t: [x] }, initial_scopes: »[y] }').replace('https://a/', 'https://a/a')} }\n`,
  'mcp-sse-base-path': 'routes: { /a: { public: true, upstream: »http://a/b, mcp: { sse: true } } }\n',
  'cors-origin-without-tls': `${I}routes: { ${withKey('cors: { origins: [https://b, »http://b] }')} }\n`,
  'issuer-without-tls': `issuers: { »http://i: }\nroutes: { ${A} }\n`,
  'introspection-without-tls': `issuers: { https://i: { introspection: { client_id: a, client_secret: b, endpoint: »http://i/ } } }\nroutes: { ${A} }\n`,
  'exchange-without-tls': `${I}routes: { ${withKey(`upstream_token: exchange, exchange: ${EXCHANGE.replace('https', '»http')}`)} }\n`,
  'exchange-for-itself': `${I}routes: { ${withKey(`upstream_token: exchange, exchange: ${EXCHANGE.replace('https://b/', '»https://a/')}`)} }\n`,
  'issuer-placeholder': `issuers: { »https://login.microsoftonline.com/common/v2.0: }\nroutes: { ${A} }\n`,
  'certificate-expires-soon': `tls: { cert_file: »soon.crt, key_file: soon.key }\n${PUBLIC}`,
  'certificate-not-yet-valid': `tls: { cert_file: »later.crt, key_file: later.key }\n${PUBLIC}`,
  'certificate-never-chosen': `tls:\n  - { cert_file: a.crt, key_file: a.key }\n  - { cert_file: »a.crt, key_file: a.key }\n${PUBLIC}`,
  'certificate-name-twice': `tls:\n  - { cert_file: a.crt, key_file: a.key }\n  - { cert_file: »ab.crt, key_file: ab.key }\n${PUBLIC}`,
  'unused-issuer': `issuers: { https://i: , »https://j: }\nroutes: { ${withKey('issuers: [https://i]')} }\n`,
  'authorizer-without-peers': `authorizer: »:9191\n${PUBLIC}`,
  'authorizer-anyone': `authorizer: { listen: 127.0.0.1:9191, peers: [»0.0.0.0/0] }\n${PUBLIC}`,
  'authorizer-peers-unused': `authorizer: { listen: unix:/run/a.sock, »peers: [10.0.0.1] }\n${PUBLIC}`,
  'authorizer-body-rules': `authorizer: 127.0.0.1:9191\n${I}routes: { /a: { resource: https://a/a, »mcp: { tools: { x: [y] } } } }\n`,
  'admin-open': `admin: »0.0.0.0:9090\n${PUBLIC}`,
  'revoked-nobody': `revoked: [{ iss: »https://other.example }]\n${I}routes: { ${A} }\n`,
  'trusted-proxies-anyone': `trusted_proxies: [»0.0.0.0/0]\n${I}routes: { ${A} }\n`,
};

const folder = mkdtempSync(join(tmpdir(), 'audgate-codes-'));
afterAll(() => rmSync(folder, { recursive: true }));
const authority = createAuthority(folder);
const CERTIFICATES = {
  expired: authority.issueExpired('DNS:a'),
  soon: authority.issueWith({ to: 3 }, 'DNS:a'),
  later: authority.issueWith({ from: 1 }, 'DNS:a'),
  a: authority.issue('DNS:a'),
  ab: authority.issue('DNS:a', 'DNS:b'),
};
const files = Object.fromEntries(
  Object.entries(CERTIFICATES).flatMap(([name, { cert, key }]) => [
    [`${name}.crt`, cert],
    [`${name}.key`, key],
  ]),
);

describe('each code: reported alone, at its place', () => {
  test.each(Object.entries(EXAMPLES))('%s', (code, marked) => {
    const before = marked.slice(0, marked.indexOf('»')).split('\n');
    const yaml = marked.replace('»', '');
    const [printed = '', ...more] = listDiagnostics(yaml, { files });
    expect(more).toEqual([]);
    expect(printed).toMatch(new RegExp(`^${before.length}:${(before.at(-1)?.length ?? 0) + 1}: `));
    expect(listCodes(yaml, { files })).toEqual([code]);
  });
});

test.each(Object.entries(CHECK_CODES))(
  '%s: consequence and remedy are one sentence each',
  (_code, { consequence, remedy }) => {
    for (const sentence of [consequence, remedy]) expect(sentence).toMatch(/^(?:[A-Z][^\n]*[^.\s])\.$/);
    for (const sentence of [consequence, remedy]) expect(sentence).not.toMatch(/\. [A-Z]/);
  },
);
