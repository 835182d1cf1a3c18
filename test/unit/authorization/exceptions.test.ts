/** What exceptions of a route excuse, as tables and over random tokens. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createAudienceIndex } from '../../../src/authorization/audience.ts';
import { authorize } from '../../../src/authorization/authorize.ts';
import type { ProtectedRoute } from '../../../src/config/config.ts';
import type { Exception } from '../../../src/config/exceptions/exception.ts';
import {
  deny,
  ENFORCEMENTS,
  EXCUSABLE_REASONS,
  type ExcusableReason,
  isRefused,
  REASONS,
} from '../../../src/denial.ts';
import type { AccessToken, TokenDenial, TokenReason } from '../../../src/token/access-token.ts';
import { protectedRoute } from '../route/example-route.ts';
import { exampleToken } from '../token/example-token.ts';

const LAPSE = Date.parse('2027-02-01');
const OWN = 'https://api.example/';
const SIBLING = 'https://sibling.example/';
const sibling = protectedRoute({ prefix: '/sibling', resource: SIBLING });

function exception(fields: Partial<Exception> = {}): Exception {
  return {
    clientId: 'batch',
    issuer: undefined,
    reasons: new Set(['wrong_audience']),
    presented: undefined,
    until: '2027-01-31',
    lapsesAt: LAPSE,
    owner: 'team-batch',
    ...fields,
  };
}

const byClient = (list: readonly Exception[]) =>
  new Map(list.map(({ clientId }) => [clientId, list.filter(each => each.clientId === clientId)]));

const routeWith = (exceptions: readonly Exception[], fields: Partial<ProtectedRoute> = {}) =>
  protectedRoute({
    prefix: '/',
    scopeRules: [{ method: 'GET', path: '/', scopes: ['read'] }],
    requiredClaims: [{ path: { text: 'tid', steps: ['tid'] }, values: new Set(['one']) }],
    issuers: new Set(['https://login.example', 'https://other.example']),
    exceptions: byClient(exceptions),
    ...fields,
  });

const scopes = (...names: readonly string[]) => ({ scopes: new Set(names), allScopes: new Set(names) });
const tokenOf = (client: string | undefined, fields: Partial<AccessToken> = {}, claims: object = {}) =>
  exampleToken({
    ...scopes('read'),
    claims: { ...(client !== undefined && { client_id: client }), tid: 'one', ...claims },
    ...fields,
  });

function decide(route: ProtectedRoute, token: AccessToken | TokenDenial, now = LAPSE - 1, method = 'GET') {
  const match = { ok: true, route, path: '/', rest: '', otherRests: [] } as const;
  return authorize(createAudienceIndex([route, sibling]), match, method, token, now);
}

/** `forwarded`, `reported: REASON by CLIENT` or `refused: REASON`. */
function verdict(...asked: Parameters<typeof decide>): string {
  const decision = decide(...asked);
  if (!decision.grant) return `refused: ${decision.denial?.reason}`;
  if (decision.denial === undefined) return 'forwarded';
  const [excused] = 'excused' in decision ? decision.excused : [];
  return `reported: ${decision.denial.reason}${excused ? ` by ${excused.exception.clientId}` : ''}`;
}

test('the reasons that can be excused: those that only enforce refuses', () => {
  const onlyEnforce = REASONS.filter(reason => isRefused(reason, 'enforce') && !isRefused(reason, 'verify'));
  expect(EXCUSABLE_REASONS).toEqual(onlyEnforce);
});

describe('one exception', () => {
  const wrong = { audience: [SIBLING] };
  test.each<[string, Partial<Exception>, AccessToken, string]>([
    ['its client and reason', {}, tokenOf('batch', wrong), 'reported: wrong_audience by batch'],
    ['its client, with nothing wrong', {}, tokenOf('batch'), 'forwarded'],
    ['another client', {}, tokenOf('web', wrong), 'refused: wrong_audience'],
    ['another case of the client', {}, tokenOf('Batch', wrong), 'refused: wrong_audience'],
    ['no client', {}, tokenOf(undefined, wrong), 'refused: wrong_audience'],
    ['a client_id that is a list', {}, tokenOf('', wrong, { client_id: ['batch'] }), 'refused: wrong_audience'],
    ['an empty client_id before azp', {}, tokenOf('', wrong, { azp: 'batch' }), 'refused: wrong_audience'],
    ['the client in azp', {}, tokenOf(undefined, wrong, { azp: 'batch' }), 'reported: wrong_audience by batch'],
    [
      'the client in azp behind another client_id',
      {},
      tokenOf('web', wrong, { azp: 'batch' }),
      'refused: wrong_audience',
    ],
    ['its issuer', { issuer: 'https://login.example' }, tokenOf('batch', wrong), 'reported: wrong_audience by batch'],
    ['another issuer', { issuer: 'https://other.example' }, tokenOf('batch', wrong), 'refused: wrong_audience'],
    [
      'an issuer that the route does not trust',
      {},
      tokenOf('batch', { ...wrong, issuer: 'https://x' }),
      'refused: untrusted_issuer',
    ],
    ['its presented', { presented: SIBLING }, tokenOf('batch', wrong), 'reported: wrong_audience by batch'],
    ['another presented', { presented: 'foreign' }, tokenOf('batch', wrong), 'refused: wrong_audience'],
    [
      'presented, on another reason',
      { presented: 'foreign', reasons: new Set(['wrong_audience', 'insufficient_scope']) },
      tokenOf('batch', scopes()),
      'reported: insufficient_scope by batch',
    ],
    ['a scope as well', {}, tokenOf('batch', { ...wrong, ...scopes() }), 'refused: insufficient_scope'],
    ['a claim as well', {}, tokenOf('batch', wrong, { tid: 'two' }), 'refused: wrong_claim'],
    ['a type before it', {}, tokenOf('batch', { ...wrong, typeAccepted: false }), 'refused: wrong_token_type'],
  ])('%s', (_, fields, token, expected) => {
    expect(verdict(routeWith([exception(fields)]), token)).toBe(expected);
  });

  test('the last day: still counts; the first millisecond of the next: refused', () => {
    const route = routeWith([exception()]);
    expect(verdict(route, tokenOf('batch', wrong), LAPSE - 1)).toBe('reported: wrong_audience by batch');
    expect(verdict(route, tokenOf('batch', wrong), LAPSE)).toBe('refused: wrong_audience');
  });

  test('a method that the route does not have: refused', () => {
    expect(verdict(routeWith([exception()]), tokenOf('batch', wrong), LAPSE - 1, 'PUT')).toBe(
      'refused: method_not_allowed',
    );
  });
});

describe('several exceptions of one client', () => {
  const later = exception({ until: '2027-03-31', lapsesAt: LAPSE + 1_000, owner: 'other' });

  test('the one that lapses last counts, whichever is written first', () => {
    for (const list of [
      [exception(), later],
      [later, exception()],
    ]) {
      const decision = decide(routeWith(list), tokenOf('batch', { audience: [SIBLING] }));
      expect('excused' in decision && decision.excused.map(({ exception: { owner } }) => owner)).toEqual(['other']);
      expect(decision.grant?.lapsesAt).toBe(LAPSE + 1_000);
      expect(verdict(routeWith(list), tokenOf('batch', { audience: [SIBLING] }), LAPSE)).toContain('reported');
    }
  });

  test('each for a reason: all are excused, and the grant lasts until the first lapses', () => {
    const scope = exception({ reasons: new Set(['insufficient_scope']), lapsesAt: LAPSE + 1_000 });
    const route = routeWith([exception(), scope]);
    const token = tokenOf('batch', { audience: ['x'], ...scopes() });
    const decision = decide(route, token);
    expect('excused' in decision && decision.excused.map(({ reason }) => reason)).toEqual([
      'wrong_audience',
      'insufficient_scope',
    ]);
    expect(decision.grant).toMatchObject({ reported: 'wrong_audience', lapsesAt: LAPSE, identity: token });
    expect(verdict(route, token, LAPSE)).toBe('refused: wrong_audience');
  });
});

describe('modes', () => {
  const token = tokenOf('batch', { audience: [SIBLING] });
  test.each(ENFORCEMENTS)('%s', enforcement => {
    const decision = decide(routeWith([exception()], { enforcement }), token);
    const excused = 'excused' in decision ? decision.excused.length : undefined;
    expect({ reported: decision.grant?.reported, excused }).toEqual({
      reported: 'wrong_audience',
      excused: enforcement === 'report' ? 0 : 1,
    });
    // What the mode lets through as well does not end with the exception.
    expect(decision.grant?.lapsesAt).toBe(enforcement === 'enforce' ? LAPSE : undefined);
  });
});

test('an expired token of an excused type: refused for its time', () => {
  const route = routeWith([exception({ reasons: new Set(['wrong_token_type']) })]);
  const expired = tokenOf('batch', { kind: 'id_token' });
  expect(verdict(route, { ...deny('token_expired'), kind: 'id_token', verified: expired })).toBe(
    'refused: token_expired',
  );
  expect(verdict(route, { ...deny('token_expired'), kind: 'id_token', verified: tokenOf('web') })).toBe(
    'refused: wrong_token_type',
  );
  expect(verdict(route, expired)).toBe('reported: wrong_token_type by batch');
});

describe('random tokens and exceptions', () => {
  const reasonSets = fc.subarray([...EXCUSABLE_REASONS], { minLength: 1 });
  const exceptions = fc.array(
    fc.record({
      clientId: fc.constantFrom('batch', 'web', ''),
      issuer: fc.constantFrom(undefined, undefined, 'https://login.example', 'https://other.example'),
      reasons: reasonSets.map(list => new Set<ExcusableReason>(list)),
      presented: fc.constantFrom(undefined, undefined, 'foreign', 'missing', SIBLING),
      until: fc.constant('2027-01-31'),
      lapsesAt: fc.constantFrom(LAPSE - 1_000, LAPSE, LAPSE + 1_000),
      owner: fc.constant('team'),
    }),
    { maxLength: 4 },
  );
  const verifiedTokens = fc
    .record({
      client: fc.constantFrom('batch', 'web', '', undefined),
      issuer: fc.constantFrom('https://login.example', 'https://login.example', 'https://x'),
      typeAccepted: fc.boolean(),
      kind: fc.constantFrom(undefined, undefined, 'id_token'),
      audience: fc.constantFrom([OWN], [SIBLING], ['x'], [], [OWN, 'x']),
      tid: fc.constantFrom('one', 'one', 'two'),
      held: fc.constantFrom(['read'], ['read'], []),
    })
    .map(({ client, tid, held, ...fields }) => tokenOf(client, { ...fields, ...scopes(...held) }, { tid }));
  const denials = fc
    .tuple(
      fc.constantFrom<TokenReason>(
        'missing_token',
        'bad_signature',
        'token_expired',
        'inactive_token',
        'untrusted_issuer',
      ),
      verifiedTokens,
    )
    .map(([reason, token]) => ({
      ...deny(reason),
      kind: token.kind,
      ...(reason === 'token_expired' && { expired: token }),
    }));
  const times = fc.constantFrom(LAPSE - 2_000, LAPSE - 1, LAPSE, LAPSE + 2_000);
  const runs = { numRuns: 5_000 };

  test('a token that did not verify: never let through', () => {
    let excusable = 0;
    const property = fc.property(
      exceptions,
      denials,
      times,
      fc.constantFrom('verify', 'enforce'),
      (list, denial, now, enforcement) => {
        const route = routeWith(list, { enforcement: enforcement as 'verify' | 'enforce' });
        if (list.length > 0 && denial.kind !== undefined) excusable += 1;
        expect(decide(route, denial, now).grant).toBeUndefined();
      },
    );
    fc.assert(property, runs);
    expect(excusable).toBeGreaterThan(500);
  });

  /** Naive, from the reference: everything that is wrong must be excused by itself. */
  function foresee(list: readonly Exception[], token: AccessToken, now: number): 'granted' | 'refused' {
    if (token.issuer === 'https://x') return 'refused';
    const presented = token.audience.includes(OWN) ? undefined : (token.audience[0] ?? 'missing');
    const wrong: [ExcusableReason, boolean][] = [
      ['wrong_token_type', token.kind !== undefined || !token.typeAccepted],
      ['wrong_audience', presented !== undefined],
      ['wrong_claim', token.claims['tid'] !== 'one'],
      ['insufficient_scope', token.scopes.size === 0],
    ];
    const client = token.claims['client_id'];
    const isExcused = (reason: ExcusableReason) =>
      list.some(
        each =>
          client !== '' &&
          each.clientId === client &&
          (each.issuer ?? token.issuer) === token.issuer &&
          each.reasons.has(reason) &&
          now < each.lapsesAt &&
          (reason !== 'wrong_audience' ||
            [undefined, presented === 'x' ? 'foreign' : presented].includes(each.presented)),
      );
    return wrong.every(([reason, isWrong]) => !isWrong || isExcused(reason)) ? 'granted' : 'refused';
  }

  test('a token that verified: let through exactly where every denial is excused', () => {
    const seen = { granted: 0, refused: 0, excused: 0 };
    const property = fc.property(exceptions, verifiedTokens, times, (list, token, now) => {
      const decision = decide(routeWith(list), token, now);
      const is = decision.grant ? 'granted' : 'refused';
      seen[is] += 1;
      if (decision.grant?.reported) seen.excused += 1;
      expect(is).toBe(foresee(list, token, now));
      if (!decision.grant) return;
      const { excused } = decision as Extract<typeof decision, { excused: unknown }>;
      expect(decision.grant.reported).toBe(excused[0]?.reason);
      for (const { exception: each } of excused) expect(each.lapsesAt).toBeGreaterThan(now);
    });
    fc.assert(property, runs);
    for (const count of Object.values(seen)) expect(count).toBeGreaterThan(100);
  });
});
