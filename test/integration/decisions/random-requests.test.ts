/**
 * The decision compared with a model: naive code, written from docs/reference and not from the source, must decide the same
 * for random routes, tokens and requests. First the decision alone, then over real sockets.
 */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createAudienceIndex } from '../../../src/authorization/audience.ts';
import { authorize } from '../../../src/authorization/authorize.ts';
import type { MultipleAudiences, ProtectedRoute, Route, ScopeRule } from '../../../src/config/config.ts';
import type { ResourceUri } from '../../../src/config/values/address/uri.ts';
import type { Enforcement } from '../../../src/denial.ts';
import { createRouteTable, matchRequest } from '../../../src/route/match.ts';
import { canonicalizePath } from '../../../src/route/path.ts';
import type { AccessToken, TokenReason } from '../../../src/token/access-token.ts';
import { SEED } from '../../support/fixed-seed.ts';
import { startGateway } from '../../support/gateway.ts';
import { bearer, request } from '../../support/raw-http.ts';
import { startTokenIssuer, type TokenIssuer } from '../../support/token-issuer.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';

/** A request. `token`: the claims that matter, or why it does not verify. */
interface Ask {
  readonly host: string;
  readonly path: string;
  readonly method: string;
  readonly token: TokenFacts | TokenReason;
}

interface TokenFacts {
  readonly issuer: number;
  readonly isAccessToken: boolean;
  readonly audience: readonly string[];
  readonly scopes: readonly string[];
}

interface Verdict {
  /** Absent where none was found. */
  readonly route?: string;
  /** Why it is denied, or would be. */
  readonly reason?: string;
  readonly refused: boolean;
  /** With `wrong_audience`. */
  readonly presented?: string;
  /** With `insufficient_scope`. */
  readonly scopes?: readonly string[];
}

// The model. It calls nothing of src.

const isWithin = (path: string, base: string) => base === '/' || `${path}/`.startsWith(`${base}/`);

function foresee(routes: readonly Route[], issuers: readonly string[], ask: Ask): Verdict {
  // An upstream may take %2F for a slash or not: the route must be the same, and the scopes be enough, either way; unless
  // nothing behind that upstream is refused anyway.
  const kept = decodeURIComponent(ask.path.replaceAll('%2F', '%252F'));
  const [route, sameRoute] = [kept, kept.replaceAll('%2F', '/')].map(path => findRoute(routes, ask.host, path));
  const isContested = kept.includes('%2F');
  if (isContested && !(route?.allowEncoded.has('%2F') && route === sameRoute)) {
    const neighbours = routes.filter(each => each.upstream.origin === route?.upstream.origin);
    const refused = !route || neighbours.some(each => !each.public && each.enforcement !== 'report');
    return { ...(route && !refused && { route: route.key }), reason: 'ambiguous_path', refused };
  }
  if (!route) return { reason: 'no_route', refused: true };
  if (route.public) return { route: route.key, refused: false };
  const below = kept.slice(route.prefix === '/' ? 0 : route.prefix.length);
  const rules = [below, below.replaceAll('%2F', '/')].map(path => findRule(route.scopeRules, ask.method, path));
  const scopes = [...new Set(rules.flatMap(rule => rule?.scopes ?? []))];
  const isCovered = rules.every(rule => rule !== undefined);
  const wrong = isCovered ? findWrong(routes, route, scopes, issuers, ask) : { reason: 'method_not_allowed' };
  if (!wrong) return { route: route.key, refused: false };
  const isProven = ['wrong_token_type', 'wrong_audience', 'insufficient_scope'].includes(wrong.reason);
  const refused = route.enforcement === 'enforce' || (route.enforcement === 'verify' && !isProven);
  return { route: route.key, refused, ...wrong };
}

function findRoute(routes: readonly Route[], host: string, path: string): Route | undefined {
  return routes
    .filter(route => (route.host ?? host) === host && isWithin(path, route.prefix))
    .sort(
      (a, b) => Number(a.host === undefined) - Number(b.host === undefined) || b.prefix.length - a.prefix.length,
    )[0];
}

function findRule(rules: readonly ScopeRule[], method: string, path: string): ScopeRule | undefined {
  const spellings = [method, method === 'HEAD' ? 'GET' : method, '*'];
  return rules
    .filter(rule => spellings.includes(rule.method) && isWithin(path, rule.path))
    .sort((a, b) => b.path.length - a.path.length || spellings.indexOf(a.method) - spellings.indexOf(b.method))[0];
}

type Wrong = Omit<Verdict, 'refused'> & { readonly reason: string };

function findWrong(
  routes: readonly Route[],
  route: ProtectedRoute,
  scopes: readonly string[],
  issuers: readonly string[],
  { token }: Ask,
): Wrong | undefined {
  if (typeof token === 'string') return { reason: token };
  if (!route.issuers.has(issuers[token.issuer] ?? '')) return { reason: 'untrusted_issuer' };
  if (!token.isAccessToken) return { reason: 'wrong_token_type' };
  const owners = token.audience.map(
    aud => routes.flatMap(each => (!each.public && each.audiences.has(aud) ? [each.resource] : []))[0],
  );
  const presented = owners.find(owner => owner !== undefined) ?? (owners.length === 0 ? 'missing' : 'foreign');
  if (!token.audience.some(aud => route.audiences.has(aud))) return { reason: 'wrong_audience', presented };
  const hasStranger = route.multipleAudiences === 'known' && owners.includes(undefined);
  const hasCompany = route.multipleAudiences === 'only' && owners.length > 1;
  if (hasStranger || hasCompany) return { reason: 'wrong_audience', presented: 'multiple' };
  const lacks = scopes.some(scope => !token.scopes.includes(scope));
  return lacks ? { reason: 'insufficient_scope', scopes } : undefined;
}

// Small alphabets, so that prefixes nest, audiences collide and rules overlap.

const HOSTS = ['one.example', 'two.example'];
const RESOURCES: readonly ResourceUri[] = ['https://a.example/', 'https://a.example', 'https://b.example/v1'];
const aliasesOf = (resource: string) => [`${resource}#1`, resource.toUpperCase()];
const AUDIENCES = [...RESOURCES, ...RESOURCES.flatMap(aliasesOf), 'https://stranger.example/', ''];
const SCOPES = ['read', 'write', 'admin'];
const METHODS = ['GET', 'HEAD', 'POST', 'DELETE'];
const ISSUERS = ['https://login-0.example', 'https://login-1.example'];
const REASONS: readonly TokenReason[] = [
  ...(['missing_token', 'malformed_credentials', 'malformed_token', 'untrusted_issuer', 'keys_unavailable'] as const),
  ...(['unknown_key', 'bad_signature', 'token_expired', 'token_not_yet_valid'] as const),
];

const pick = <T>(...values: readonly T[]) => fc.constantFrom(...values);
const prefixOf = (depth: number) =>
  fc.array(pick('a', 'b', 'ab', '@c'), { maxLength: depth }).map(segments => `/${segments.join('/')}`);
const scopeList = fc.subarray(SCOPES, { maxLength: 2 });

const scopeRules: fc.Arbitrary<readonly ScopeRule[]> = fc.oneof(
  scopeList.map(scopes => [{ method: '*', path: '/', scopes }]),
  fc.uniqueArray(
    fc.record({ method: pick('*', ...METHODS), path: fc.oneof(prefixOf(2), pick('/a/b')), scopes: scopeList }),
    {
      selector: ({ method, path }) => `${method} ${path}`,
      minLength: 1,
      maxLength: 5,
    },
  ),
);

const routeFields = fc.record({
  host: pick(undefined, undefined, ...HOSTS),
  prefix: prefixOf(3),
  isPublic: fc.nat(8).map(number => number === 8),
  resource: pick(...RESOURCES),
  aliases: fc.subarray([0, 1]),
  multipleAudiences: pick<MultipleAudiences>('any', 'known', 'only'),
  issuers: fc.subarray([0, 1], { minLength: 1 }),
  enforcement: pick<Enforcement>('report', 'verify', 'enforce', 'enforce'),
  allowEncoded: pick<readonly string[]>([], ['%2F'], ['%2F']),
  scopeRules,
});
type RouteFields = typeof routeFields extends fc.Arbitrary<infer Fields> ? Fields : never;

const worlds = fc.uniqueArray(routeFields, {
  selector: ({ host, prefix }) => `${host} ${prefix}`,
  minLength: 2,
  maxLength: 6,
});

const asks: fc.Arbitrary<Ask> = fc.record({
  host: pick(...HOSTS, 'three.example'),
  path: fc
    .tuple(
      fc.array(pick('a', 'b', 'ab', '%61', '@c', '%40c', 'a', 'b', 'a%2Fb', 'a%2Fb'), { maxLength: 5 }),
      pick('', '', '/'),
    )
    .map(([segments, end]) => (segments.length === 0 ? '/' : `/${segments.join('/')}${end}`)),
  method: pick(...METHODS),
  token: fc.oneof({ weight: 8, arbitrary: tokenFacts() }, { weight: 1, arbitrary: pick(...REASONS) }),
});

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

/** `ask`, at a path below the prefix of a route. */
function moveTo({ host, prefix }: RouteFields, ask: Ask): Ask {
  return { ...ask, host: host ?? ask.host, path: `${prefix === '/' ? '' : prefix}${ask.path}` };
}

function tokenFacts(): fc.Arbitrary<TokenFacts> {
  return fc.record({
    issuer: pick(0, 0, 1),
    isAccessToken: fc.nat(9).map(number => number < 9),
    audience: fc.oneof(
      fc.array(pick(...AUDIENCES), { maxLength: 3 }),
      pick(...RESOURCES).map(resource => [resource]),
    ),
    scopes: fc.oneof(fc.constant(SCOPES), fc.subarray(SCOPES)),
  });
}

function buildRoute(fields: RouteFields, issuers: readonly string[], origin = 'http://127.0.0.1:1'): Route {
  const { host, prefix, resource } = fields;
  const common = {
    ...{
      key: `${host ?? ''}${prefix}`,
      name: undefined,
      host,
      prefix,
      stripPrefix: false,
      upstreamToken: 'strip' as const,
      isUpstreamTokenWritten: false,
    },
    upstream: { origin, basePath: '', timeouts: { connect: 5_000, response: 5_000, idle: 5_000 } },
    allowEncoded: new Set(fields.allowEncoded),
    limits: { body: undefined, inFlight: 100 },
  };
  if (fields.isPublic) return { ...common, public: true };
  const route: ProtectedRoute = {
    ...common,
    public: false,
    resource,
    audiences: new Set([resource, ...fields.aliases.map(index => aliasesOf(resource)[index] ?? '')]),
    multipleAudiences: fields.multipleAudiences,
    issuers: new Set(fields.issuers.map(index => issuers[index] ?? '')),
    scopeRules: fields.scopeRules,
    enforcement: fields.enforcement,
    claimsToHeaders: new Map(),
    wouldDenyHeader: false,
    endAtExpiry: undefined,
  };
  return route;
}

/** The decision of the code. */
function decide(routes: readonly Route[], ask: Ask): Verdict {
  const path = canonicalizePath(ask.path);
  const match = matchRequest(createRouteTable(routes), { host: ask.host, path, sentPath: ask.path });
  if (!match.ok) return { reason: match.reason, refused: true };
  const { grant, denial } = authorize(createAudienceIndex(routes), match, ask.method, presentedBy(ask));
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
  return {
    ...{ ok: true, issuer: ISSUERS[token.issuer] ?? '', typeAccepted: token.isAccessToken, audience: token.audience },
    ...{ scopes: new Set(token.scopes), expiresAt: 4e9, notBefore: undefined, issuedAt: undefined, claims: {} },
  };
}

/** How often each outcome occurred: a property test that never reaches a case proves nothing about it. */
class Tally {
  readonly #counts = new Map<string, number>();

  count(...names: readonly (string | undefined)[]): void {
    for (const name of names) if (name !== undefined) this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
  }

  /** Each of `names` occurred more than `times`. */
  expectEach(times: number, names: readonly string[]): void {
    const seldom = names.filter(name => (this.#counts.get(name) ?? 0) <= times);
    expect(seldom.map(name => `${name}: ${this.#counts.get(name) ?? 0}`)).toEqual([]);
  }
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
}, 15_000);

// Over real sockets: most requests match a route, and most tokens verify, half of them for another resource.

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
    return { ...moveTo(each.fields, each.ask), token: each.kind < 9 ? token : each.ask.token };
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
  return `issuers: ${JSON.stringify(Object.fromEntries(trusted))}\nroutes: ${JSON.stringify(Object.fromEntries(routes))}\n`;
}

/** The Authorization field for `ask.token`. */
async function credentialsOf({ token }: Ask, issuers: readonly TokenIssuer[]): Promise<(readonly [string, string])[]> {
  if (token === 'missing_token') return [];
  if (token === 'malformed_credentials') return [['Authorization', 'Bearer']];
  if (token === 'malformed_token') return [['Authorization', 'Bearer a.b']];
  if (typeof token === 'string') return [bearer((await signBroken(token, issuers)) ?? '')];
  const { audience, scopes, isAccessToken } = token;
  const signed = await issuers[token.issuer]?.sign({
    header: isAccessToken ? {} : { typ: 'JWT' },
    claims: { aud: audience.length === 1 ? audience[0] : audience, scope: scopes.join(' ') },
  });
  return [bearer(signed ?? '')];
}

async function signBroken(reason: TokenReason, [issuer, , down]: readonly TokenIssuer[]): Promise<string | undefined> {
  if (reason === 'keys_unavailable') return down?.sign();
  if (reason === 'bad_signature') return `${await issuer?.sign()}`.replace(/[^.]+$/, 'A'.repeat(86));
  if (reason === 'unknown_key') return issuer?.sign({ header: { kid: 'unknown' } });
  if (reason === 'untrusted_issuer') return issuer?.sign({ claims: { iss: 'https://stranger.example' } });
  if (reason === 'token_expired') return issuer?.sign({ claims: { exp: 1 } });
  return issuer?.sign({ claims: { nbf: 3_900_000_000, exp: 4_000_000_000 } });
}
