/** The facts of the checks on a protected route: method, credentials, audience, scope, and the claims of the token. */

import { readRequiredClaim } from '../../../authorization/required-claims.ts';
import { findRequirements, type Requirement, readHeldScopes } from '../../../authorization/scope.ts';
import type { Issuer, ProtectedRoute } from '../../../config/config.ts';
import type { Claims } from '../../../config/values/claim-path.ts';
import type { Match } from '../../../route/match.ts';
import { readAudiences } from '../../../token/claims.ts';
import type { CompactJws } from '../../../token/jws/compact-jws.ts';
import { type Evaluation, reasonOf } from '../evaluate/evaluation.ts';
import { SHAPES } from '../evaluate/token-shapes.ts';
import { findNearestDifference } from './difference.ts';
import { type CheckName, type Facts, listTexts } from './facts.ts';
import { readIssuerFacts } from './issuer-facts.ts';

type TokenCheck = Exclude<CheckName, 'request' | 'path' | 'route'>;

/** @returns what the operation requires; calls what `authorize` calls. */
export function requirementOf(match: Match, route: ProtectedRoute, method: string): Requirement {
  return findRequirements(route.scopeRules, method, [match.rest, ...match.otherRests]);
}

/** @returns what is known of one check, also where the request did not reach it. */
export function readTokenFacts(name: TokenCheck, evaluation: Evaluation): Facts {
  const { match, credentials, request } = evaluation;
  if (!match?.ok) return {};
  const { route } = match;
  if (route.public) return { note: 'a public route: no token is looked at' };
  const { jws, shape = 'none' } = credentials ?? {};
  switch (name) {
    case 'method':
      return describeMethod(route, match, request.method);
    case 'credentials':
      return describeCredentials(evaluation);
    case 'form':
      if (shape === 'none') return {};
      return { actual: SHAPES[shape].name, expected: describeForms(evaluation) };
    case 'active':
      return { ...(evaluation.asked && { note: `to be asked: ${evaluation.asked.introspection.endpoint}` }) };
    case 'kind':
      return describeKind(evaluation);
    case 'required claims':
      return compareRequiredClaims(route, jws?.ok ? jws.claims : undefined);
    case 'scope':
      return compareScopes(match, route, evaluation);
    default:
      if (jws?.ok) return compareClaims(name, jws, route, evaluation);
      return name === 'audience' ? { expected: [...route.audiences] } : {};
  }
}

function describeForms({ asked, credentials }: Evaluation): string {
  const isIntrospected = asked !== undefined || credentials?.shape === 'answer';
  return isIntrospected ? 'a token that its issuer is asked about' : 'a signed JWT (compact JWS, RFC 7515 section 7.1)';
}

function compareClaims(
  name: Exclude<TokenCheck, 'method' | 'credentials' | 'form' | 'active' | 'kind' | 'required claims' | 'scope'>,
  jws: CompactJws,
  route: ProtectedRoute,
  evaluation: Evaluation,
): Facts {
  switch (name) {
    case 'issuer':
      return compareIssuer(jws, evaluation.config.issuers.keys());
    case 'issuer here':
      return compareIssuer(jws, route.issuers);
    case 'audience':
      return compareAudience(jws, route, evaluation);
    default:
      return readIssuerFacts(name, jws, evaluation);
  }
}

/** A field value without a Bearer token is not shown: it may be the token itself. */
function describeCredentials({ head, credentials }: Evaluation): Facts {
  const fields = head.ok ? head.authorization.length : 0;
  const actual =
    ['no Authorization field', 'one Authorization field without a Bearer token'][fields] ??
    `${fields} Authorization fields`;
  return { actual: credentials?.token === undefined ? actual : 'one Bearer token', expected: 'one Bearer token' };
}

function describeMethod(route: ProtectedRoute, match: Match, method: string): Facts {
  const requirement = requirementOf(match, route, method);
  return { actual: method, expected: requirement.ok ? undefined : requirement.allow };
}

function compareIssuer({ claims }: CompactJws, issuers: Iterable<string>): Facts {
  const iss = claims['iss'];
  const expected = [...issuers];
  if (typeof iss !== 'string') return { actual: iss === undefined ? 'no iss' : 'an iss that is no string', expected };
  const difference = expected.includes(iss) ? undefined : findNearestDifference(iss, expected);
  return { actual: iss, expected, difference };
}

/** @returns every audience of a token: of the issuer's `audience_claim`, then `aud` where it has both. */
export function listAudiences(claims: Claims, name: Issuer['audienceClaim'] = 'aud'): readonly string[] {
  const { audience, secondAudience = [] } = readAudiences(claims, name) ?? { audience: listTexts(claims[name]) };
  return [...audience, ...secondAudience];
}

function compareAudience(jws: CompactJws, route: ProtectedRoute, evaluation: Evaluation): Facts {
  const name = evaluation.credentials?.issuer?.audienceClaim ?? 'aud';
  const read = readAudiences(jws.claims, name);
  const actual = listAudiences(jws.claims, name);
  const expected = [...route.audiences];
  const [only] = actual;
  const isCompared = reasonOf(evaluation) === 'wrong_audience' && actual.length === 1 && only !== undefined;
  const difference = isCompared ? findNearestDifference(only, expected) : undefined;
  const notes = [
    ...(name === 'aud'
      ? []
      : [`audience_claim: ${name}${read?.secondAudience ? ', and aud beside it must fit as well' : ''}`]),
    ...(route.multipleAudiences === 'any' ? [] : [`multiple_audiences: ${route.multipleAudiences}`]),
  ];
  const note = notes.length === 0 ? undefined : notes.join('; ');
  return { actual: actual.length === 0 ? `no ${name}` : actual, expected, difference, note };
}

function compareScopes(match: Match, route: ProtectedRoute, { request, credentials, decision }: Evaluation): Facts {
  const requirement = requirementOf(match, route, request.method);
  const needed = requirement.ok ? requirement.scopes : [];
  const token = decision?.verified ?? (credentials?.verification.ok ? credentials.verification : undefined);
  const held = token && readHeldScopes(route, token);
  const rules = describeMcpRules(route, request.method);
  if (needed.length === 0) {
    return { actual: held ? [...held.own] : undefined, note: ['none is needed', ...rules].join('; ') };
  }
  const missing = held ? needed.filter(scope => !held.all.has(scope)) : [];
  const implied = held ? [...held.all].filter(scope => !held.own.has(scope)) : [];
  const notes = [
    ...(missing.length > 0 ? [`missing: ${missing.join(' ')}`] : []),
    ...(implied.length > 0 ? [`included by scope_implies: ${implied.join(' ')}`] : []),
    ...(route.scopePaths
      ? [`read from ${route.scopePaths.map(({ text }) => text).join(', ')}, the scope_claim of the route`]
      : []),
    ...rules,
  ];
  const note = notes.length === 0 ? undefined : notes.join('; ');
  return { actual: held && (held.own.size > 0 ? [...held.own] : 'none'), expected: needed, note };
}

/** A URL and a method do not say what the body asks for. */
function describeMcpRules({ mcp }: ProtectedRoute, method: string): string[] {
  if (!mcp?.hasRules || method !== 'POST') return [];
  return ['the body decides whether a rule under mcp needs more, by the tool, prompt or resource that it names'];
}

/** @returns the kind of a token that names itself no access token, once its signature verified. */
export function foreignKindOf({ credentials }: Evaluation): string | undefined {
  return credentials?.verification.kind;
}

function describeKind(evaluation: Evaluation): Facts {
  const kind = foreignKindOf(evaluation);
  return kind === undefined ? {} : { actual: kind, expected: 'an access token' };
}

function compareRequiredClaims({ requiredClaims }: ProtectedRoute, claims: Claims | undefined): Facts {
  if (requiredClaims.length === 0) return { note: 'none is required' };
  const expected = requiredClaims.map(
    ({ path, values }) => `${path.text}: ${[...values].map(formatClaim).join(' or ')}`,
  );
  const actual =
    claims && requiredClaims.map(each => `${each.path.text}: ${formatClaim(readRequiredClaim(claims, each))}`);
  return { actual, expected };
}

/** As JSON, which shows the type; of an object only that it is one. */
function formatClaim(value: unknown): string {
  if (value === undefined) return 'absent';
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? 'an object' : JSON.stringify(value);
}
