/** Errors and defaults of routes with `mcp`, beside the codes of check-codes.test.ts. */

import { describe, expect, test } from 'vitest';
import { listCodes, listDiagnostics, load } from '../configuration.ts';

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
    [
      'session_key on a public route',
      'routes: { /a: { public: true, upstream: https://a, mcp: { session_key: 0123456789abcdef0123456789abcdef } } }\n',
      ['public-route-key'],
    ],
    ['session_key of 16 characters', route('mcp: { session_key: 0123456789abcdef }'), ['mcp-session-key']],
    ['session_key of 32 characters', route('mcp: { session_key: 0123456789abcdef0123456789abcdef }'), []],
    ['a public route', 'routes: { /a: { public: true, upstream: https://a, mcp: true } }\n', []],
  ])('%s: %j', (_, yaml, codes) => {
    expect(listCodes(yaml)).toEqual(codes);
  });

  test.each([
    ['mcp: { max_body: 65MiB }', 'routes./a.mcp.max_body: "65MiB" is too large, expected at most 64MiB'],
    ['mcp: { tool: {} }', 'routes./a.mcp.tool: unknown key "tool"'],
    [
      'mcp: { challenge: all }',
      'routes./a.mcp.challenge: "all" is not accepted, expected one of operation, cumulative',
    ],
    ['mcp: false', 'routes./a.mcp: "false" is the default, expected true, a map, or no such key'],
    ['mcp: yes', 'routes./a.mcp: found a string, expected true or a map'],
    [
      'mcp: { session_key: not-16-letters }',
      'routes./a.mcp.session_key: the key is too short, too long, or has another character, expected 16 to 1024 visible ASCII characters',
    ],
    ['mcp: { session_key: "a key with blanks in it, and long" }', 'the key is too short'],
  ])('%s: told at its place', (keys, message) => {
    const diagnostics = listDiagnostics(route(keys));
    expect(diagnostics).toHaveLength(1);
    expect(diagnostics[0]).toContain(message);
    expect(diagnostics[0]).not.toMatch(/letters|blanks/);
  });

  test('session_key: only a key derived from it is kept', () => {
    const result = load(route('mcp: { session_key: 0123456789abcdef0123456789abcdef }'));
    expect(result.ok && result.config.routes[0]?.mcp?.sessionKey).toMatch(/^[0-9a-f]{64}$/);
    expect(JSON.stringify(result)).not.toContain('0123456789abcdef0123');
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
