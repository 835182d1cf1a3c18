/**
 * Dot segments, plain, encoded, or beside something that a server may cut off. Routes are chosen by path, so a path that leaves
 * the prefix after the check bypasses the audience.
 *
 * Seen in: Traefik CVE-2026-40912 and CVE-2026-48020 (after prefix stripping: `/api../x`, `/api%2e/x`), Ory Oathkeeper
 * 2026-03, fastify reply-from, HAProxy (forwards `/a/..%2fb` with a token for /a, measured).
 */

import { posix } from 'node:path';
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
  /b: { resource: "https://b.example/", upstream: "${upstream.origin}" }
  /cut: { resource: "https://a.example/", upstream: "${upstream.origin}/base", strip_prefix: true }
`);
  token = await issuer.sign({ claims: { aud: 'https://a.example/' } });
});

afterAll(async () => {
  await gateway.close();
  await Promise.all([issuer.close(), upstream.close()]);
});

const REFUSED: readonly string[] = [
  '/a/../b',
  '/a/..',
  '/a/../',
  '/a/.',
  '/a/./b',
  '/../b',
  '/./b',
  '/a/x/../../b',
  '/a/x/y/../z',
  '/a/%2e%2e/b',
  '/a/%2E%2E/b',
  '/a/.%2e/b',
  '/a/%2E./b',
  '/a/%2e/b',
  '/%2e%2e/b',
  '/a/..;/b',
  '/a/..;v=1/b',
  '/a/%2e%2e;/b',
  '/a/.;/b',
  '/a/x;../b',
  '/a/..%3b/b',
  '/a/..%2fb',
  '/a/..%2Fb',
  '/a/%2e%2e%2fb',
  '/a%2f..%2fb',
  '/a/..%5cb',
  '/a/..%5Cb',
  '/a/..\\b',
  '/a\\..\\b',
  '/a/..%00/b',
  '/a/..%0a/b',
  '/a/..%0d%0a/b',
  '/a/..%09/b',
  '/a/..%20/b',
  '/a/..%23/b',
  '/a/..%3f/b',
  '/a/..%25/b',
  '/a/%252e%252e/b',
  '/a/%252e%252e%252fb',
  '/a/%25252e%25252e/b',
  '/a/%%32e%%32e/b',
  '/a/%u002e%u002e/b',
  '/a/%c0%ae%c0%ae/b',
  '/a/%c0%2e%c0%2e/b',
  '/a/%e0%80%ae%e0%80%ae/b',
  '/a/%f0%80%80%ae%f0%80%80%ae/b',
  '/a//../b',
  '/cut/../b',
  '/cut/..',
  '/cut/%2e%2e/b',
  '/cut/..%2fb',
  '/cut/..;/b',
  '/cut/./../b',
  '/cut//../b',
];

test.each(REFUSED)('%j: ambiguous_path', async path => {
  expect(await outcomeOf(path)).toBe('ambiguous_path');
});

test.each([
  '/a../b',
  '/a%2e%2e/b',
  '/a./b',
  '/a%2E/b',
  '/cut../b',
  '/cut%2e%2e/b',
  '/cut%2e/b',
  '/cut./b',
  '/cutb',
  '/acut/b',
])('%j: another segment than the prefix, no_route', async path => {
  expect(await outcomeOf(path)).toBe('no_route');
});

/** What is forwarded must be read by every server as a path below the authorised prefix. */
test.each([
  ['/a/..b', '/a/..b'],
  ['/a/b..', '/a/b..'],
  ['/a/...', '/a/...'],
  ['/a/%2e%2e%2e', '/a/...'],
  ['/a/.well-known/x', '/a/.well-known/x'],
  ['/a/%2ewell-known/x', '/a/.well-known/x'],
  ['/a/x.y/z', '/a/x.y/z'],
  ['/a/x?f=../../b', '/a/x?f=../../b'],
  ['/a/x?f=%2e%2e%2fb', '/a/x?f=%2e%2e%2fb'],
  ['/a?/../b', '/a?/../b'],
  ['/cut/..b', '/base/..b'],
  ['/cut/%62', '/base/b'],
  ['/c%75t/x', '/base/x'],
  ['/cut', '/base'],
  ['/cut/', '/base/'],
  ['/cut?/../b', '/base?/../b'],
])('%j: forwarded as %j, below its prefix in every reading', async (path, target) => {
  expect(await outcomeOf(path)).toBe(`arrives as ${target}`);
  const [authorised = ''] = target.split(/(?<=^\/[^/?]*)[/?]/);
  const forwarded = target.replace(/\?.*/, '');
  const readings = [
    new URL(forwarded, 'http://host').pathname,
    posix.normalize(forwarded),
    posix.normalize(decodeURIComponent(forwarded)),
    posix.normalize(
      decodeURIComponent(forwarded)
        .replaceAll('\\', '/')
        .replaceAll(/;[^/]*/g, ''),
    ),
  ];
  for (const reading of readings) expect(`${reading}/`).toMatch(new RegExp(`^${authorised}/`));
});

function outcomeOf(path: string): Promise<string> {
  return reasonOrTarget(gateway.port, upstream, path, token);
}
