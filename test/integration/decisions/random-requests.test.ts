/** 500 random requests over sockets: what reaches an upstream is what the model says. */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { TokenReason } from '../../../src/token/access-token.ts';
import { SEED } from '../../support/fixed-seed.ts';
import { startGateway } from '../../support/gateway.ts';
import { bearer, request } from '../../support/raw-http.ts';
import { startTokenIssuer, type TokenIssuer } from '../../support/token-issuer.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';
import {
  type Ask,
  AUDIENCES,
  aliasesOf,
  asks,
  buildRoute,
  foresee,
  moveTo,
  pick,
  type RouteFields,
  SCOPES,
  Tally,
  worlds,
} from './model.ts';

const worldsOnSockets = worlds
  .filter(world => world.length > 2)
  .map(world =>
    world.map((fields, index) => ({
      ...fields,
      isPublic: fields.isPublic && index === 0,
      enforcement: index === 1 ? fields.enforcement : ('enforce' as const),
      scopeRules: [{ method: '*', path: '/', scopes: [] }, ...fields.scopeRules.filter(({ method }) => method !== '*')],
    })),
  );

const asksOnSockets = (world: readonly RouteFields[]): fc.Arbitrary<Ask> =>
  fc.record({ ask: asks, fields: pick(...world), kind: fc.nat(9), stray: pick(...AUDIENCES) }).map(each => {
    const { resource, issuers } = each.fields;
    const own = { issuer: issuers[0] ?? 0, isAccessToken: true, audience: [resource], scopes: SCOPES };
    const token = each.kind < 3 ? own : { ...own, audience: [each.stray] };
    // None of these issuers introspects.
    const broken = each.ask.token === 'inactive_token' ? 'malformed_token' : each.ask.token;
    return { ...moveTo(each.fields, each.ask), token: each.kind < 9 ? token : broken };
  });

test('500 random requests over sockets: an enforcing route forwards exactly the tokens for it, to its own upstream', async () => {
  const issuers = await Promise.all([startTokenIssuer(), startTokenIssuer('RS256'), startTokenIssuer()]);
  // The third is down, and belongs to no route.
  if (issuers[2]) issuers[2].jwks = undefined;
  const upstreams = await Promise.all(Array.from({ length: 6 }, (_, index) => startUpstream({ name: `${index}` })));
  const tally = new Tally();
  try {
    for (const [index, world] of fc.sample(worldsOnSockets, { numRuns: 10, seed: SEED }).entries()) {
      const questions = fc.sample(asksOnSockets(world), { numRuns: 50, seed: SEED + index });
      await askWorld(world, questions, issuers, upstreams, tally);
    }
    tally.expectEach(100, ['reached its upstream', 'wrong audience, reached none']);
  } finally {
    await Promise.all([...issuers, ...upstreams].map(each => each.close()));
  }
}, 60_000);

async function askWorld(
  world: readonly RouteFields[],
  questions: readonly Ask[],
  issuers: readonly TokenIssuer[],
  upstreams: readonly Upstream[],
  tally: Tally,
): Promise<void> {
  const names = issuers.map(({ issuer }) => issuer);
  const routes = world.map((fields, index) => buildRoute(fields, names, upstreams[index]?.origin));
  const gateway = await startGateway(describeWorld(world, issuers, upstreams));
  try {
    for (const ask of questions) {
      const { route, reason, refused } = foresee(routes, names, ask);
      const name = crypto.randomUUID();
      const headers = [['Host', ask.host] as const, ['X-Case', name] as const, ...(await credentialsOf(ask, issuers))];
      const answer = await request(gateway.port, { method: ask.method, path: ask.path, headers });
      const reached = upstreams.filter(upstream => upstream.received.some(each => hasCase(each.rawHeaders, name)));
      const expected = refused ? [] : [`${routes.findIndex(each => each.key === route)}`];
      expect({ ask, reached: reached.map(upstream => upstream.name) }).toEqual({ ask, reached: expected });
      if (refused && ask.method !== 'HEAD') expect(JSON.parse(answer.body.toString()).reason).toBe(reason);
      if (!refused) tally.count('reached its upstream');
      else if (reason === 'wrong_audience') tally.count('wrong audience, reached none');
    }
  } finally {
    await gateway.close();
  }
}

const hasCase = (fields: readonly (readonly [string, string])[], name: string) =>
  fields.some(([field, value]) => field.toLowerCase() === 'x-case' && value === name);

const REVOKED = 'taken-back';

/** JSON is YAML. */
function describeWorld(
  world: readonly RouteFields[],
  issuers: readonly TokenIssuer[],
  upstreams: readonly Upstream[],
): string {
  const routes = world.map((fields, index) => {
    const common = { upstream: upstreams[index]?.origin, allow_encoded: fields.allowEncoded };
    const guarded = {
      resource: fields.resource,
      audiences: fields.aliases.map(alias => aliasesOf(fields.resource)[alias]),
      multiple_audiences: fields.multipleAudiences,
      issuers: fields.issuers.map(issuer => issuers[issuer]?.issuer),
      enforcement: fields.enforcement,
      scopes: Object.fromEntries(fields.scopeRules.map(({ method, path, scopes }) => [`${method} ${path}`, scopes])),
    };
    return [`${fields.host ?? ''}${fields.prefix}`, { ...common, ...(fields.isPublic ? { public: true } : guarded) }];
  });
  const trusted = issuers.map(({ issuer, jwksUri }) => [issuer, { jwks_uri: jwksUri }]);
  return `revoked: [{ jti: ${REVOKED} }]\nissuers: ${JSON.stringify(Object.fromEntries(trusted))}\nroutes: ${JSON.stringify(Object.fromEntries(routes))}\n`;
}

type SignedReason = Exclude<
  TokenReason,
  'missing_token' | 'malformed_credentials' | 'malformed_token' | 'inactive_token'
>;

/** A token that does not verify, for each reason; `down` is an issuer whose keys cannot be fetched. */
const BROKEN: Readonly<Record<SignedReason, (issuer: TokenIssuer, down: TokenIssuer) => Promise<string>>> = {
  untrusted_issuer: issuer => issuer.sign({ claims: { iss: 'https://stranger.example' } }),
  keys_unavailable: (_, down) => down.sign(),
  unknown_key: issuer => issuer.sign({ header: { kid: 'unknown' } }),
  bad_signature: async issuer => (await issuer.sign()).replace(/[^.]+$/, 'A'.repeat(86)),
  revoked_token: issuer => issuer.sign({ claims: { jti: REVOKED } }),
  token_expired: issuer => issuer.sign({ claims: { exp: 1 } }),
  token_not_yet_valid: issuer => issuer.sign({ claims: { nbf: 3_900_000_000, exp: 4_000_000_000 } }),
};

/** The Authorization field for `ask.token`. */
async function credentialsOf({ token }: Ask, issuers: readonly TokenIssuer[]): Promise<(readonly [string, string])[]> {
  const [first, , down] = issuers;
  if (!first || !down) throw new Error('three issuers are needed');
  if (token === 'missing_token') return [];
  if (token === 'malformed_credentials') return [['Authorization', 'Bearer']];
  if (token === 'malformed_token' || token === 'inactive_token') return [['Authorization', 'Bearer a.b']];
  if (typeof token === 'string') return [bearer(await BROKEN[token](first, down))];
  const { audience, scopes, isAccessToken } = token;
  const signed = await issuers[token.issuer]?.sign({
    header: isAccessToken ? {} : { typ: 'JWT' },
    claims: { aud: audience.length === 1 ? audience[0] : audience, scope: scopes.join(' ') },
  });
  return [bearer(signed ?? '')];
}
