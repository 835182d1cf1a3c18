/**
 * Separators, terminators and escapes, encoded or raw, that one server reads as structure and another as a letter; bytes that
 * no path may contain.
 *
 * Seen in: Traefik CVE-2025-66490 (`%2F %5C %00 %3B %25 %3F %23`), oauth2-proxy GHSA-pxq7 (a fragment), @fastify/middie
 * CVE-2026-22031 (`//`), http-proxy (rewrites the path after the check).
 */

import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RunningGateway, startGateway } from '../support/gateway.ts';
import { reasonOrTarget } from '../support/outcome.ts';
import { startTokenIssuer, type TokenIssuer } from '../support/token-issuer.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

let issuer: TokenIssuer;
let upstream: Upstream;
let gateway: RunningGateway;
let token: string;

beforeAll(async () => {
  [issuer, upstream] = await Promise.all([startTokenIssuer(), startUpstream()]);
  gateway = await startGateway(`
issuers:
  ${issuer.issuer}: { jwks_uri: "${issuer.jwksUri}" }
routes:
  /a: { resource: "https://a.example/", upstream: "${upstream.origin}" }
  /a/b: { resource: "https://b.example/", upstream: "${upstream.origin}" }
  /cut: { resource: "https://a.example/", upstream: "${upstream.origin}", strip_prefix: true }
`);
  token = await issuer.sign({ claims: { aud: 'https://a.example/' } });
});

afterAll(async () => {
  await gateway.close();
  await Promise.all([issuer.close(), upstream.close()]);
});

const CONTESTED = ['%2F', '%2f', '%5C', '%5c', '%00', '%3B', '%3b', '%25', '%3F', '%3f', '%23'];
const CONTROLS = ['%01', '%08', '%09', '%0a', '%0D', '%0d%0a', '%1B', '%1f', '%7F', '%C2%80', '%c2%85', '%C2%9F'];
const BROKEN = ['%', '%2g', '%g0', '%zz', '%-1', '%u002f', '%%', '%%32f'];
const NOT_UTF8 = ['%FF', '%c3', '%A9', '%C3%28', '%c0%af', '%E0%80%AF', '%ed%a0%80', '%F4%90%80%80', '%E2%82'];
const RAW = ['\\', ';', '//', '///', '#', '#b'];

test.each([...CONTESTED, ...CONTROLS, ...BROKEN, ...NOT_UTF8, ...RAW])(
  '%j anywhere in a path: ambiguous_path',
  async piece => {
    const places = [`/a/x${piece}b`, `/a${piece}b`, `/a/x/${piece}/b`, `/cut/${piece}b`, `/cut${piece}/b`];
    for (const path of places) expect(`${path}: ${await outcomeOf(path)}`).toBe(`${path}: ambiguous_path`);
  },
);

/** node:http refuses some of them by itself; which ones differs between its versions. */
test.each([
  '/a/\xe9',
  '/a/caf\xc3\xa9',
  '/a\xef\xbc\x8fb',
  '/a/\xff',
  '/a/\x80\x2e',
  '/a/x\tb',
  '/a/x ',
  '/a/x\0b',
  '/a/\x01',
  '/a/x\x0bb',
  '/a/\x7f',
  '/a/x\rb',
  '/a/x b',
  '/a/x b HTTP/1.1',
])('a raw control character, space or non-ASCII byte in %j: 400', async path => {
  expect(await outcomeOf(path)).toMatch(/^(?:ambiguous_path|malformed_request)$/);
});

test.each(['//a/x', '//a.example/a/x', '///a', '/%2fa', '/%2Fa/x', '/\\a', '/;/a', '/%00a'])(
  '%j, for which there is no route: ambiguous_path',
  async path => {
    expect(await outcomeOf(path)).toBe('ambiguous_path');
  },
);

test.each([
  ['/a/caf%c3%a9', '/a/caf%C3%A9'],
  ['/a/%E2%82%AC', '/a/%E2%82%AC'],
  ['/a/%F0%9F%98%80', '/a/%F0%9F%98%80'],
  ['/a/x%20y', '/a/x%20y'],
  ['/a/%40me', '/a/%40me'],
  ['/a/x%2by', '/a/x%2By'],
  ['/a/%22%3C%5B%7B%7C', '/a/%22%3C%5B%7B%7C'],
  ["/a/!$&'()*+,=:@-._~", "/a/!$&'()*+,=:@-._~"],
  ['/a/', '/a/'],
  ['/a/x?q=%2F%5C%00%3B%25%3F%23', '/a/x?q=%2F%5C%00%3B%25%3F%23'],
  ['/a/x?q=a//b\\c;d', '/a/x?q=a//b\\c;d'],
  ['/a/x?q=%zz%', '/a/x?q=%zz%'],
  ['/a?', '/a?'],
  ['/a??', '/a??'],
  ['/cut/x%20y', '/x%20y'],
])('%j: forwarded as %j', async (path, target) => {
  expect(await outcomeOf(path)).toBe(`arrives as ${target}`);
});

function outcomeOf(path: string): Promise<string> {
  return reasonOrTarget(gateway.port, upstream, path, token);
}
