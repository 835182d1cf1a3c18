/**
 * Request targets that are no path: absolute-form (whose authority may not be the Host's), `*`, authority-form, fragments.
 * Two servers in a row may take the route from different parts of them (RFC 9112 section 3.2).
 *
 * Seen in: http-proxy (rewrites an absolute-form after the check), oauth2-proxy GHSA-pxq7 (a fragment), node:http (accepts
 * `GET *` and non-ASCII targets, measured).
 */

import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RunningGateway, startGateway } from '../support/gateway.ts';
import { parseResponses, sendRaw } from '../support/raw-http.ts';
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
  /: { resource: "https://root.example/", upstream: "${upstream.origin}" }
  /a: { resource: "https://a.example/", upstream: "${upstream.origin}" }
  b.example/a: { resource: "https://b.example/", upstream: "${upstream.origin}" }
`);
  token = await issuer.sign({ claims: { aud: ['https://a.example/', 'https://root.example/'] } });
});

afterAll(async () => {
  await gateway.close();
  await Promise.all([issuer.close(), upstream.close()]);
});

test.each([
  ['GET http://b.example/a', 'malformed_request'],
  ['GET http://a.example:443/a', 'malformed_request'],
  ['GET https://a.example:80/a', 'malformed_request'],
  ['GET http://a.example:080/a', 'malformed_request'],
  ['GET http://a.example:8080/a', 'malformed_request'],
  ['GET http://a.example./a', 'malformed_request'],
  ['GET http://user@a.example/a', 'malformed_request'],
  ['GET http://a.example@b.example/a', 'malformed_request'],
  ['GET http://user:pass@a.example/a', 'malformed_request'],
  ['GET http://b.example\\@a.example/a', 'malformed_request'],
  ['GET http://a.example\\/a', 'malformed_request'],
  ['GET http://a%2eexample/a', 'malformed_request'],
  ['GET http:///a', 'malformed_request'],
  ['GET http:/a', 'malformed_request'],
  ['GET http:a', 'malformed_request'],
  ['GET http://', 'malformed_request'],
  ['GET ftp://a.example/a', 'malformed_request'],
  ['GET file:///a', 'malformed_request'],
  ['GET javascript:alert(1)', 'malformed_request'],
  ['GET ws://a.example/a', 'malformed_request'],
  ['GET http://a.example/a#b', 'malformed_request'],
  ['GET http://a.example#/a', 'malformed_request'],
  ['GET *', 'malformed_request'],
  ['POST *', 'malformed_request'],
  ['HEAD *', ''],
  ['OPTIONS *', 'no_route'],
  ['OPTIONS **', 'malformed_request'],
  ['OPTIONS */a', 'malformed_request'],
  ['GET a.example:80', 'malformed_request'],
  ['GET a', 'malformed_request'],
  ['GET a/b', 'malformed_request'],
  ['GET ?a', 'malformed_request'],
  ['GET .', 'malformed_request'],
  ['GET \\a', 'malformed_request'],
  ['CONNECT a.example:80', 'malformed_request'],
  ['CONNECT /a', 'malformed_request'],
  ['CONNECT 127.0.0.1:22', 'malformed_request'],
  ['GET //b.example/a', 'ambiguous_path'],
  ['GET //a', 'ambiguous_path'],
  ['GET http://a.example//a', 'ambiguous_path'],
  ['GET http://a.example/x/../a', 'ambiguous_path'],
  ['GET http://a.example/%2e%2e/a', 'ambiguous_path'],
  ['GET http://a.example/a%2fb', 'ambiguous_path'],
  ['GET /a#', 'ambiguous_path'],
  ['GET /a#/../b', 'ambiguous_path'],
  ['GET /x#/a', 'ambiguous_path'],
  ['GET /a?b#c', 'ambiguous_path'],
  ['GET /http://b.example/a', 'ambiguous_path'],
])('%s: refused as %j', async (target, reason) => {
  const { status, answered, arrived } = await sendTarget(target);
  expect(arrived).toEqual([]);
  expect(status).toBeGreaterThanOrEqual(400);
  expect(answered).toBe(reason);
});

test.each([
  ['GET http://a.example/a', '/a'],
  ['GET HTTP://A.EXAMPLE/a', '/a'],
  ['GET http://a.example:80/a', '/a'],
  ['GET https://a.example:443/a', '/a'],
  ['GET https://a.example/a/x?y', '/a/x?y'],
  ['GET http://a.example/%61/x', '/a/x'],
  ['GET http://a.example', '/'],
  ['GET http://a.example?x', '/?x'],
  ['OPTIONS http://a.example/a', '/a'],
  ['OPTIONS http://a.example', '/'],
  ['DELETE http://a.example/a', '/a'],
  ['GET /a?u=http://b.example/../#'.slice(0, -1), '/a?u=http://b.example/../'],
  ['GET /?*', '/?*'],
  ['GET /*', '/*'],
  ['GET /http:/b.example', '/http:/b.example'],
])('%s: forwarded in origin-form, as %s', async (target, path) => {
  const { status, arrived } = await sendTarget(target);
  expect(status).toBe(200);
  expect(arrived).toEqual([path]);
});

/** Sends the request line with a token for /a and / of a.example. */
async function sendTarget(target: string) {
  upstream.received.length = 0;
  const head = `${target} HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\nAuthorization: Bearer ${token}\r\n\r\n`;
  const [method = ''] = target.split(' ');
  const [response] = parseResponses(await sendRaw(gateway.port, head), { methods: [method] });
  const body = response?.body.toString() ?? '';
  const answered: string = body === '' ? '' : JSON.parse(body).reason;
  return { status: response?.status ?? 0, answered, arrived: upstream.received.map(({ url }) => url) };
}
