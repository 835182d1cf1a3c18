/** 10,000 random requests: the decision of the code is that of the model. */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createAudienceIndex } from '../../../src/authorization/audience.ts';
import { authorize } from '../../../src/authorization/authorize.ts';
import type { Route } from '../../../src/config/config.ts';
import { createRouteTable, matchRequest } from '../../../src/route/match.ts';
import { canonicalizePath } from '../../../src/route/path.ts';
import type { AccessToken, TokenReason } from '../../../src/token/access-token.ts';
import { exampleToken } from '../../unit/token/example-token.ts';
import {
  type Ask,
  asks,
  buildRoute,
  foresee,
  moveTo,
  pick,
  REASONS,
  RESOURCES,
  type RouteFields,
  Tally,
  type Verdict,
  worlds,
} from './model.ts';

const ISSUERS = ['https://login-0.example', 'https://login-1.example'];

/** Half of the requests go to a route, and most of their tokens are for it and by its issuer. */
const approaches = fc.record({ at: fc.nat(9), isToRoute: fc.boolean(), isForRoute: pick(true, true, false) });

type Approach = typeof approaches extends fc.Arbitrary<infer Fields> ? Fields : never;

function approach(world: readonly RouteFields[], ask: Ask, { at, isToRoute, isForRoute }: Approach): Ask {
  const fields = world[at % world.length];
  if (!fields || !isToRoute) return ask;
  const { token } = ask;
  const own = { issuer: fields.issuers[0] ?? 0, audience: [fields.resource] };
  return { ...moveTo(fields, ask), token: typeof token === 'object' && isForRoute ? { ...token, ...own } : token };
}

/** The decision of the code. */
function decide(routes: readonly Route[], ask: Ask): Verdict {
  const path = canonicalizePath(ask.path);
  const match = matchRequest(createRouteTable(routes), { host: ask.host, path, sentPath: ask.path });
  if (!match.ok) return { reason: match.reason, refused: true };
  const { grant, denial } = authorize(createAudienceIndex(routes), match, ask.method, presentedBy(ask), 0);
  return {
    route: match.route.key,
    refused: grant === undefined,
    ...(denial && { reason: denial.reason }),
    ...(denial?.presented !== undefined && { presented: denial.presented }),
    ...(denial?.reason === 'insufficient_scope' && { scopes: denial.scopes }),
  };
}

function presentedBy({ token }: Ask): AccessToken | { readonly ok: false; readonly reason: TokenReason } {
  if (typeof token === 'string') return { ok: false, reason: token };
  const { isAccessToken: typeAccepted, audience, scopes } = token;
  return exampleToken({ issuer: ISSUERS[token.issuer] ?? '', typeAccepted, audience, scopes: new Set(scopes) });
}

test('10,000 random requests: the decision of the code is that of the model', () => {
  const tally = new Tally();
  const agrees = fc.property(worlds, asks, approaches, (world, anyAsk, way) => {
    const ask = approach(world, anyAsk, way);
    const routes = world.map(fields => buildRoute(fields, ISSUERS));
    const foreseen = foresee(routes, ISSUERS, ask);
    expect(decide(routes, ask)).toEqual(foreseen);
    const { reason = 'granted', refused, presented } = foreseen;
    tally.count(reason, `${reason}, ${refused ? 'refused' : 'forwarded'}`, presented && `presented ${presented}`);
  });
  fc.assert(agrees, { numRuns: 10_000 });

  tally.expectEach(200, ['granted', 'no_route', 'ambiguous_path', 'method_not_allowed', 'wrong_audience']);
  tally.expectEach(
    30,
    ['foreign', 'missing', 'multiple', ...RESOURCES].map(presented => `presented ${presented}`),
  );
  const onEitherSide = [
    'method_not_allowed',
    'untrusted_issuer',
    'wrong_token_type',
    'wrong_audience',
    'insufficient_scope',
  ];
  tally.expectEach(
    30,
    onEitherSide.flatMap(reason => [`${reason}, refused`, `${reason}, forwarded`]),
  );
  tally.expectEach(10, REASONS);
}, 60_000);
