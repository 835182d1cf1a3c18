import { describe, expect, test } from 'vitest';
import { createChallenge } from '../../../src/challenge/challenge.ts';
import { type BearerError, REASONS, type Reason } from '../../../src/denial.ts';
import { protectedRoute } from '../route/example-route.ts';

const route = protectedRoute({ prefix: '/profile', resource: 'https://profile.example/v1' });
const METADATA = 'resource_metadata="https://profile.example/.well-known/oauth-protected-resource/v1"';

describe('the exact WWW-Authenticate value (RFC 6750 section 3, RFC 9728 section 5.1)', () => {
  test.each<[Reason, readonly string[], string]>([
    ['missing_token', [], `Bearer ${METADATA}`],
    ['missing_token', ['a'], `Bearer scope="a", ${METADATA}`],
    ['missing_token', ['a', 'b:c'], `Bearer scope="a b:c", ${METADATA}`],
    [
      'malformed_credentials',
      ['a'],
      `Bearer error="invalid_request", error_description="Exactly one Bearer token is expected in one Authorization field", scope="a", ${METADATA}`,
    ],
    [
      'wrong_audience',
      ['a', 'b'],
      `Bearer error="invalid_token", error_description="The access token is for another resource", scope="a b", ${METADATA}`,
    ],
    [
      'token_expired',
      [],
      `Bearer error="invalid_token", error_description="The access token has expired", ${METADATA}`,
    ],
    ['wrong_claim', ['a', 'b'], `Bearer scope="a b", ${METADATA}`],
    [
      'insufficient_scope',
      ['a', 'b'],
      `Bearer error="insufficient_scope", error_description="The access token does not have the required scope", scope="a b", ${METADATA}`,
    ],
  ])('%s, scopes %j', (reason, scopes, challenge) => {
    expect(createChallenge(reason, route, scopes)).toBe(challenge);
  });

  test('a request without credentials: no error (RFC 6750 section 3.1)', () => {
    expect(createChallenge('missing_token', route, ['a'])).not.toContain('error');
  });
});

/** The `error` of each reason. `null`: a challenge without an error; `undefined`: no challenge. */
const ERROR: Readonly<Record<Reason, BearerError | null | undefined>> = {
  malformed_request: undefined,
  headers_too_large: undefined,
  request_timeout: undefined,
  version_not_supported: undefined,
  expectation_failed: undefined,
  upgrade_required: undefined,
  ambiguous_path: undefined,
  no_route: undefined,
  method_not_allowed: undefined,
  missing_token: null,
  malformed_credentials: 'invalid_request',
  malformed_token: 'invalid_token',
  untrusted_issuer: 'invalid_token',
  keys_unavailable: undefined,
  unknown_key: 'invalid_token',
  inactive_token: 'invalid_token',
  bad_signature: 'invalid_token',
  revoked_token: 'invalid_token',
  token_expired: 'invalid_token',
  token_not_yet_valid: 'invalid_token',
  wrong_token_type: 'invalid_token',
  wrong_audience: 'invalid_token',
  wrong_claim: null,
  insufficient_scope: 'insufficient_scope',
  origin_not_allowed: undefined,
  session_not_found: undefined,
  unsupported_media_type: undefined,
  mcp_header_mismatch: undefined,
  body_too_large: undefined,
  overloaded: undefined,
  exchange_refused: undefined,
  exchange_unavailable: undefined,
  internal: undefined,
};

describe('the error of each reason (RFC 6750 section 3.1)', () => {
  test.each(
    REASONS.flatMap(reason => {
      const error = ERROR[reason];
      return error ? [[reason, error] as const] : [];
    }),
  )('%s: %s', (reason, error) => {
    expect(createChallenge(reason, route, [])).toMatch(
      new RegExp(`^Bearer error="${error}", error_description="[^"]+", `),
    );
  });

  test.each(REASONS.filter(reason => ERROR[reason] === null))('%s: a challenge without an error', reason => {
    expect(createChallenge(reason, route, ['a'])).toBe(`Bearer scope="a", ${METADATA}`);
  });

  test.each(REASONS.filter(reason => ERROR[reason] === undefined))('%s: no challenge', reason => {
    expect(createChallenge(reason, route, ['a'])).toBeUndefined();
  });
});

test('a challenge: a well-formed list of parameters, none twice (RFC 9110 section 11.2)', () => {
  const reasons = REASONS.filter(reason => ERROR[reason] !== undefined);
  // Every character that a scope may have (RFC 6749 section 3.3), commas and equals signs too.
  const scope = Array.from({ length: 0x7e - 0x20 }, (_, index) => String.fromCharCode(0x21 + index))
    .filter(character => character !== '"' && character !== '\\')
    .join('');
  for (const reason of reasons) {
    const challenge = createChallenge(reason, route, [scope, 'a']) ?? '';
    const parameters = [...challenge.slice('Bearer '.length).matchAll(/([a-z_]+)="([^"\\]*)"(?:, |$)/g)];
    expect(`Bearer ${parameters.map(([whole]) => whole).join('')}`).toBe(challenge);
    const names = parameters.map(([, name]) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(parameters.find(([, name]) => name === 'scope')?.[2]).toBe(`${scope} a`);
  }
});
