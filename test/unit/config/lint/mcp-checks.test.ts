/** Errors and defaults of routes with `mcp`, beside the codes of check-codes.test.ts. */

import { describe, expect, test } from 'vitest';
import { listCodes, load } from '../configuration.ts';

const route = (keys: string, issuer = 'https://i: {}') =>
  `issuers: { ${issuer} }\nroutes: { /a: { resource: https://a/a, upstream: https://a, ${keys} } }\n`;
const NAMELESS = 'stytch.com/project-1: { jwks_uri: https://i/jwks }';

describe('mcp of a route', () => {
  test.each([
    ['forward_token: true', route('mcp: true, forward_token: true'), ['mcp-token-forwarded']],
    ['no issuer with a URL', route('mcp: true', NAMELESS), ['missing-key']],
    [
      'no issuer with a URL, and a server',
      route('mcp: true, metadata: { authorization_servers: [https://s] }', NAMELESS),
      [],
    ],
    ['an unknown revision', route('mcp: { revisions: [2025-06-19] }'), ['invalid-value']],
    ['a body too large', route('mcp: { max_body: 65MiB }'), ['invalid-value']],
    ['sse and strip_prefix', route('mcp: { sse: true }, strip_prefix: true'), ['mcp-sse-prefix']],
    [
      'sse and an endpoint below a path',
      route('mcp: { sse: true }').replace('upstream: https://a', 'upstream: [https://a, https://b/v2]'),
      ['mcp-sse-base-path'],
    ],
    ['sse, and the path of the route', route('mcp: { sse: true }, strip_prefix: false'), []],
    ['strip_prefix without sse', route('mcp: true, strip_prefix: true'), []],
    ['after_expiry of no time', route('mcp: true, timeouts: { after_expiry: 0s }'), ['invalid-value']],
    ['the host of another', route('mcp: true').replace('/a:', 'b/a:'), ['mcp-endpoint']],
    [
      'rules on a public route',
      'routes: { /a: { public: true, upstream: https://a, mcp: { tools: { t: [x] } } } }\n',
      ['public-route-key'],
    ],
    ['a public route', 'routes: { /a: { public: true, upstream: https://a, mcp: true } }\n', []],
  ])('%s: %j', (_, yaml, codes) => {
    expect(listCodes(yaml)).toEqual(codes);
  });

  test('defaults: an MCP server works for minutes, and gets no token on report either', () => {
    const result = load(route('mcp: true, enforcement: report'));
    const [built] = result.ok ? result.config.routes : [];
    expect(built?.upstream.timeouts).toEqual({
      ...{ connect: 5_000, response: 600_000, idle: 3_600_000 },
      afterExpiry: 300_000,
    });
    expect(built?.upstreamToken).toBe('strip');
    expect(built?.mcp).toMatchObject({ hasRules: false, maxBody: 4 * 1024 * 1024, challenge: 'operation', sse: false });
  });
});
