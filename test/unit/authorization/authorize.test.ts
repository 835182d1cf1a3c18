import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { createAudienceIndex } from '../../../src/authorization/audience.ts';
import { authorize } from '../../../src/authorization/authorize.ts';
import type { ProtectedRoute, Route } from '../../../src/config/config.ts';
import { loadConfig } from '../../../src/config/load.ts';
import {
  type Denial,
  deny,
  ENFORCEMENTS,
  type Enforcement,
  REFUSALS,
  type Reason,
  type ReasonAt,
} from '../../../src/denial.ts';
import { createRouteTable, type Match, matchRoute } from '../../../src/route/match.ts';
import { canonicalizePath } from '../../../src/route/path.ts';
import type { AccessToken, TokenReason } from '../../../src/token/access-token.ts';
import { protectedRoute, publicRoute } from '../route/example-route.ts';
import { exampleToken } from '../token/example-token.ts';

const PROFILE = 'https://profile.example/';
const BILLING = 'https://billing.example/';

const profile = protectedRoute({
  prefix: '/profile',
  resource: PROFILE,
  scopeRules: [
    { method: 'GET', path: '/', scopes: ['profile:read'] },
    { method: 'POST', path: '/', scopes: ['profile:read', 'profile:write'] },
  ],
});
const billing = protectedRoute({ prefix: '/billing', resource: BILLING });
const INDEX = createAudienceIndex([profile, billing]);
const GOOD = exampleToken({ audience: [PROFILE], scopes: new Set(['profile:read', 'other']) });

const held = (list: readonly string[] = []) => ({ scopes: new Set(list), allScopes: new Set(list) });

const matchOf = (route: Route, rest = '', otherRests: readonly string[] = []): Match => ({
  ok: true,
  route,
  path: `${route.prefix}${rest}`,
  rest,
  otherRests,
});
const decide = (route: Route, presented: AccessToken | Denial<TokenReason>, method = 'GET') =>
  authorize(INDEX, matchOf(route), method, presented, 0);
const on = (enforcement: Enforcement): ProtectedRoute => ({ ...profile, enforcement });

describe('a protected route on enforce', () => {
  test('a token with everything: granted, with its identity', () => {
    const decision = decide(profile, GOOD);
    expect(decision).toMatchObject({ denial: undefined, verified: GOOD, grant: { identity: GOOD } });
    expect(decision.grant?.match).toEqual(matchOf(profile));
  });

  const NO_MCP = { furtherScopes: [], message: undefined };
  const needs = { scopes: ['profile:read'], presented: undefined, allow: [], ...NO_MCP };
  test.each<[string, AccessToken | Denial<TokenReason>, string, object]>([
    ['another issuer than the route’s', { ...GOOD, issuer: 'https://other.example' }, 'untrusted_issuer', needs],
    ['an issuer that differs by a slash', { ...GOOD, issuer: 'https://login.example/' }, 'untrusted_issuer', needs],
    ['another type', { ...GOOD, typeAccepted: false }, 'wrong_token_type', needs],
    ['a sibling’s audience', { ...GOOD, audience: [BILLING] }, 'wrong_audience', { ...needs, presented: BILLING }],
    ['a foreign audience', { ...GOOD, audience: ['x'] }, 'wrong_audience', { ...needs, presented: 'foreign' }],
    ['no audience', { ...GOOD, audience: [] }, 'wrong_audience', { ...needs, presented: 'missing' }],
    ['no scope', { ...GOOD, ...held() }, 'insufficient_scope', needs],
    ['another case of the scope', { ...GOOD, ...held(['Profile:read']) }, 'insufficient_scope', needs],
    ['a scope that begins alike', { ...GOOD, ...held(['profile:readonly']) }, 'insufficient_scope', needs],
    ['all scopes in one', { ...GOOD, ...held(['profile:read profile:write']) }, 'insufficient_scope', needs],
    ['no token', deny('missing_token'), 'missing_token', needs],
  ])('%s', (_, presented, reason, needed) => {
    const decision = decide(profile, presented);
    expect(decision.grant).toBeUndefined();
    expect(decision.denial).toEqual({ ok: false, reason, ...needed });
  });

  test('one of two scopes: denied, naming both scopes (RFC 6750 section 3.1)', () => {
    expect(decide(profile, GOOD, 'POST').denial).toMatchObject({
      reason: 'insufficient_scope',
      scopes: ['profile:read', 'profile:write'],
    });
    const both = { ...GOOD, ...held(['profile:write', 'profile:read']) };
    expect(decide(profile, both, 'POST').denial).toBeUndefined();
  });

  test('a method that no rule covers: denied, with the allowed methods', () => {
    expect(decide(profile, GOOD, 'DELETE').denial).toEqual({
      ok: false,
      reason: 'method_not_allowed',
      allow: ['GET', 'HEAD', 'POST'],
      ...NO_MCP,
      scopes: [],
      presented: undefined,
    });
  });
});

/** The reasons that `authorize` decides, or takes from the verifier. */
type DecidedReason = ReasonAt<'method' | 'credentials' | 'token' | 'type' | 'audience' | 'scope'>;
type Defect = readonly [presented: AccessToken | Denial<TokenReason>, method: string];

/** Requests with one defect each, by the reason that it is denied for. */
const DEFECTS: Readonly<Record<DecidedReason, readonly Defect[]>> = {
  method_not_allowed: [[GOOD, 'DELETE']],
  missing_token: [[deny('missing_token'), 'GET']],
  malformed_credentials: [[deny('malformed_credentials'), 'GET']],
  malformed_token: [[deny('malformed_token'), 'GET']],
  untrusted_issuer: [
    [deny('untrusted_issuer'), 'GET'],
    [{ ...GOOD, issuer: 'https://other.example' }, 'GET'],
  ],
  keys_unavailable: [[deny('keys_unavailable'), 'GET']],
  unknown_key: [[deny('unknown_key'), 'GET']],
  inactive_token: [[deny('inactive_token'), 'GET']],
  bad_signature: [[deny('bad_signature'), 'GET']],
  revoked_token: [[deny('revoked_token'), 'GET']],
  token_expired: [[deny('token_expired'), 'GET']],
  token_not_yet_valid: [[deny('token_not_yet_valid'), 'GET']],
  wrong_token_type: [[{ ...GOOD, typeAccepted: false }, 'GET']],
  wrong_audience: [[{ ...GOOD, audience: [BILLING] }, 'GET']],
  insufficient_scope: [[{ ...GOOD, ...held() }, 'GET']],
};
const WRONG = Object.entries(DEFECTS).flatMap(([reason, defects]) =>
  defects.map(([presented, method]) => [reason as DecidedReason, presented, method] as const),
);
const ONLY_ENFORCED: readonly DecidedReason[] = ['wrong_token_type', 'wrong_audience', 'insufficient_scope'];

describe('enforcement modes', () => {
  test.each(WRONG)('%s on report: reported and forwarded, but for a revocation', (reason, presented, method) => {
    const decision = decide(on('report'), presented, method);
    expect(decision.denial?.reason).toBe(reason);
    expect(decision.grant !== undefined).toBe(reason !== 'revoked_token');
  });

  test.each(WRONG)(
    '%s on verify: refused where the token did not verify, otherwise reported',
    (reason, presented, method) => {
      const decision = decide(on('verify'), presented, method);
      expect(decision.denial?.reason).toBe(reason);
      expect(decision.grant !== undefined).toBe(ONLY_ENFORCED.includes(reason));
    },
  );

  test.each(WRONG)('%s on enforce: refused', (reason, presented, method) => {
    const decision = decide(on('enforce'), presented, method);
    expect(decision.denial?.reason).toBe(reason);
    expect(decision.grant).toBeUndefined();
  });

  test.each<Enforcement>(['report', 'verify', 'enforce'])('a valid token on %s: forwarded, nothing reported', mode => {
    expect(decide(on(mode), GOOD)).toMatchObject({ denial: undefined, grant: { identity: GOOD } });
  });
});

describe('the identity of a denied request: only from a token that verified', () => {
  test.each(WRONG)('%s', (reason, presented, method) => {
    const decision = decide(on('report'), presented, method);
    const verified = presented.ok && reason !== 'untrusted_issuer' ? presented : undefined;
    expect(decision.grant?.identity).toBe(verified);
    expect(decision.verified).toBe(verified);
    expect(decide(on('enforce'), presented, method).verified).toBe(verified);
  });
});

describe('a public route', () => {
  const open = publicRoute({ prefix: '/status' });
  test.each(WRONG)('%s: forwarded, without an identity', (_, presented, method) => {
    expect(decide(open, presented, method)).toMatchObject({ denial: undefined, verified: undefined });
    expect(decide(open, presented, method).grant).toMatchObject({ identity: undefined });
  });
});

describe('several defects: the first reason decides', () => {
  const everythingWrong = exampleToken({
    issuer: 'https://other.example',
    typeAccepted: false,
    audience: [BILLING],
    ...held(),
  });
  const repairs: readonly (readonly [Reason, AccessToken, string])[] = [
    ['method_not_allowed', everythingWrong, 'DELETE'],
    ['untrusted_issuer', everythingWrong, 'GET'],
    ['wrong_token_type', { ...everythingWrong, issuer: GOOD.issuer }, 'GET'],
    ['wrong_audience', { ...everythingWrong, issuer: GOOD.issuer, typeAccepted: true }, 'GET'],
    ['insufficient_scope', { ...GOOD, ...held() }, 'GET'],
  ];
  test.each(repairs)('%s, with every later defect', (reason, presented, method) => {
    for (const mode of ENFORCEMENTS) {
      expect(decide(on(mode), presented, method).denial?.reason).toBe(reason);
    }
  });

  test('a method that is not allowed, without a token: method_not_allowed', () => {
    expect(decide(profile, deny('missing_token'), 'DELETE').denial?.reason).toBe('method_not_allowed');
  });
});

describe('a denial that is refused, behind one that is only reported: refused', () => {
  const changed: (() => void)[] = [];
  afterEach(() => {
    for (const restore of changed.splice(0)) restore();
  });

  /** No reason of today is refused from a more permissive mode than one before it, so a row of the table is changed. */
  function refuseFrom(reason: Reason, mode: Enforcement): void {
    const row: { refusedFrom: Enforcement } = REFUSALS[reason];
    const { refusedFrom } = row;
    changed.push(() => {
      row.refusedFrom = refusedFrom;
    });
    row.refusedFrom = mode;
  }

  const foreign = exampleToken({
    issuer: 'https://other.example',
    typeAccepted: false,
    audience: [BILLING],
    ...held(),
  });
  test.each<[Reason, Reason, AccessToken | Denial<TokenReason>, string]>([
    ['token_expired', 'method_not_allowed', deny('token_expired'), 'DELETE'],
    ['wrong_token_type', 'method_not_allowed', foreign, 'DELETE'],
    ['wrong_token_type', 'untrusted_issuer', foreign, 'GET'],
    ['wrong_audience', 'untrusted_issuer', foreign, 'GET'],
    ['wrong_audience', 'wrong_token_type', { ...GOOD, typeAccepted: false, audience: [] }, 'GET'],
    ['insufficient_scope', 'untrusted_issuer', foreign, 'GET'],
    ['insufficient_scope', 'wrong_audience', { ...GOOD, audience: [BILLING], ...held() }, 'GET'],
  ])('%s behind %s', (later, earlier, presented, method) => {
    expect(decide(on('report'), presented, method).denial?.reason).toBe(earlier);
    expect(decide(on('report'), presented, method).grant).toBeDefined();
    refuseFrom(later, 'report');
    expect(decide(on('report'), presented, method).denial?.reason).toBe(later);
    expect(decide(on('report'), presented, method).grant).toBeUndefined();
    expect(decide(on('enforce'), presented, method).denial?.reason).toBe(earlier);
  });

  test('token_expired behind ambiguous_path', () => {
    const match = { ...matchOf(on('report')), isAmbiguous: true } as const;
    expect(authorize(INDEX, match, 'GET', deny('token_expired'), 0).denial?.reason).toBe('ambiguous_path');
    refuseFrom('token_expired', 'report');
    expect(authorize(INDEX, match, 'GET', deny('token_expired'), 0)).toMatchObject({
      grant: undefined,
      denial: { reason: 'token_expired' },
    });
  });
});

describe('a path with several readings: the scopes of all readings', () => {
  const route: ProtectedRoute = {
    ...profile,
    scopeRules: [
      { method: 'GET', path: '/', scopes: ['read'] },
      { method: 'GET', path: '/admin', scopes: ['admin'] },
      { method: 'DELETE', path: '/admin', scopes: ['admin'] },
    ],
  };
  const decideRests = (method: string, scopes: readonly string[], rest: string, ...otherRests: readonly string[]) => {
    const token = { ...GOOD, ...held(scopes) };
    return authorize(INDEX, matchOf(route, rest, otherRests), method, token, 0).denial;
  };

  test('a scope of one reading is missing: denied, naming all', () => {
    const needs = { reason: 'insufficient_scope', scopes: ['read', 'admin'] };
    expect(decideRests('GET', ['read'], '/x%2Fadmin', '/admin')).toMatchObject(needs);
    expect(decideRests('GET', ['admin'], '/x%2Fadmin', '/admin')).toMatchObject(needs);
    expect(decideRests('GET', ['admin', 'read'], '/x%2Fadmin', '/admin')).toBeUndefined();
    expect(decideRests('GET', ['read'], '/x%2Fb', '/x/b')).toBeUndefined();
  });

  test('a method that one reading does not allow: denied', () => {
    const refused = { reason: 'method_not_allowed' };
    expect(decideRests('DELETE', ['admin'], '/admin%2Fx', '/admin/x')).toMatchObject(refused);
    expect(decideRests('DELETE', ['admin'], '/admin', '/x')).toMatchObject(refused);
    expect(decideRests('DELETE', ['admin'], '/admin', '/admin/x')).toBeUndefined();
  });
});

describe('scope rules from the YAML, on the path as matched', () => {
  const routes = load(`
issuers:
  https://login.example: {}
routes:
  /api:
    resource: https://api.example/
    upstream: http://127.0.0.1:1
    scopes:
      GET: [read]
      GET /plain: [plain]
      GET /@me: [me]
      GET /caf%C3%A9: [cafe]
      GET /a%20b: [space]
      GET /x%40y: [at]
`);
  const table = createRouteTable(routes);
  const index = createAudienceIndex(routes);
  test.each([
    ['/api/other', 'read'],
    ['/api/plain', 'plain'],
    ['/api/plain/7', 'plain'],
    ['/api/%70lain', 'plain'],
    ['/api/@me', 'me'],
    ['/api/%40me', 'me'],
    ['/api/caf%C3%A9', 'cafe'],
    ['/api/caf%c3%a9/7', 'cafe'],
    ['/api/a%20b', 'space'],
    ['/api/x@y', 'at'],
    ['/api/x%40y', 'at'],
  ])('GET %s: needs %s', (raw, scope) => {
    const path = canonicalizePath(raw);
    if (!path.ok) throw new Error(path.reason);
    const match = matchRoute(table, 'any.example', path);
    if (!match.ok) throw new Error(match.reason);
    expect(authorize(index, match, 'GET', deny('missing_token'), 0).denial?.scopes).toEqual([scope]);
  });
});

function load(yaml: string): readonly Route[] {
  const folder = mkdtempSync(join(tmpdir(), 'audgate-scopes-'));
  try {
    writeFileSync(join(folder, 'audgate.yaml'), yaml);
    const loaded = loadConfig(join(folder, 'audgate.yaml'), {});
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.diagnostics));
    return loaded.config.routes;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
