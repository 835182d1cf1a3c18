/** A model of the decision, and random routes, tokens and requests. The model is naive code, written from docs/reference and not from the source: it calls nothing of src. */

import fc from 'fast-check';
import { expect } from 'vitest';
import type { MultipleAudiences, ProtectedRoute, Route, ScopeRule } from '../../../src/config/config.ts';
import type { ResourceUri } from '../../../src/config/values/address/uri.ts';
import type { Enforcement } from '../../../src/denial.ts';
import type { TokenReason } from '../../../src/token/access-token.ts';
import { endpointAt, USUAL_CONNECTIONS, USUAL_FIELDS } from '../../unit/route/example-route.ts';

/** A request. `token`: the claims that matter, or why it does not verify. */
export interface Ask {
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

export interface Verdict {
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

const isWithin = (path: string, base: string) => base === '/' || `${path}/`.startsWith(`${base}/`);

export function foresee(routes: readonly Route[], issuers: readonly string[], ask: Ask): Verdict {
  // An upstream may take %2F for a slash or not: the route must be the same, and the scopes be enough, either way; unless
  // nothing behind that upstream is refused anyway.
  const kept = decodeURIComponent(ask.path.replaceAll('%2F', '%252F'));
  const [route, sameRoute] = [kept, kept.replaceAll('%2F', '/')].map(path => findRoute(routes, ask.host, path));
  const isContested = kept.includes('%2F');
  if (isContested && !(route?.allowEncoded.has('%2F') && route === sameRoute)) {
    const neighbours = routes.filter(
      each => each.upstream.endpoints[0]?.origin === route?.upstream.endpoints[0]?.origin,
    );
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
  if (!refused && ask.token === 'revoked_token') return { route: route.key, refused: true, reason: ask.token };
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

const HOSTS = ['one.example', 'two.example'];

export const RESOURCES: readonly ResourceUri[] = ['https://a.example/', 'https://a.example', 'https://b.example/v1'];

export const aliasesOf = (resource: string) => [`${resource}#1`, resource.toUpperCase()];

export const AUDIENCES = [...RESOURCES, ...RESOURCES.flatMap(aliasesOf), 'https://stranger.example/', ''];

export const SCOPES = ['read', 'write', 'admin'];

const METHODS = ['GET', 'HEAD', 'POST', 'DELETE'];

export const REASONS = Object.keys({
  missing_token: true,
  malformed_credentials: true,
  malformed_token: true,
  untrusted_issuer: true,
  keys_unavailable: true,
  unknown_key: true,
  bad_signature: true,
  inactive_token: true,
  revoked_token: true,
  token_expired: true,
  token_not_yet_valid: true,
} satisfies Record<TokenReason, true>) as readonly TokenReason[];

export const pick = <T>(...values: readonly T[]) => fc.constantFrom(...values);

const prefixOf = (depth: number) =>
  fc.array(pick('a', 'b', 'ab', '@c'), { maxLength: depth }).map(segments => `/${segments.join('/')}`);

const scopeList = fc.subarray(SCOPES, { maxLength: 2 });

export const scopeRules: fc.Arbitrary<readonly ScopeRule[]> = fc.oneof(
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

export type RouteFields = typeof routeFields extends fc.Arbitrary<infer Fields> ? Fields : never;

export const worlds = fc.uniqueArray(routeFields, {
  selector: ({ host, prefix }) => `${host} ${prefix}`,
  minLength: 2,
  maxLength: 6,
});

export const asks: fc.Arbitrary<Ask> = fc.record({
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

/** `ask`, at a path below the prefix of a route. */
export function moveTo({ host, prefix }: RouteFields, ask: Ask): Ask {
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

export function buildRoute(fields: RouteFields, issuers: readonly string[], origin = 'http://127.0.0.1:1'): Route {
  const { host, prefix, resource } = fields;
  const common = {
    ...{
      key: `${host ?? ''}${prefix}`,
      id: `${host ?? ''}${prefix}`,
      name: undefined,
      host,
      prefix,
      stripPrefix: false,
      ...USUAL_FIELDS,
      upstreamToken: 'strip' as const,
      isUpstreamTokenWritten: false,
    },
    upstream: {
      endpoints: [endpointAt(origin)],
      timeouts: { connect: 5_000, response: 5_000, idle: 5_000, afterExpiry: 5_000 },
      ...USUAL_CONNECTIONS,
    },
    allowEncoded: new Set(fields.allowEncoded),
    cors: undefined,
    limits: { body: undefined, inFlight: 100 },
    mcp: undefined,
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
    scopePaths: undefined,
    requiredClaims: [],
    metadata: { scopes: undefined, authorizationServers: undefined },
    enforcement: fields.enforcement,
    claimsToHeaders: new Map(),
    exceptions: new Map(),
    wouldDenyHeader: false,
    exchange: undefined,
    endAtExpiry: undefined,
  };
  return route;
}

/** How often each outcome occurred: a property test that never reaches a case proves nothing about it. */
export class Tally {
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
