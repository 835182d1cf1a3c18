/** What each check compared: the facts of the request beside those of the configuration. Decides nothing. */

import { findRequirements, type Requirement } from '../../../authorization/scope.ts';
import type { Config, ProtectedRoute, Route } from '../../../config/config.ts';
import type { Match } from '../../../route/match.ts';
import type { CompactJws } from '../../../token/jws/compact-jws.ts';
import { escapeExactly } from '../../terminal.ts';
import { describeInstant, nameInstant } from '../output/instant.ts';
import { type Difference, findNearestDifference } from './difference.ts';
import { type Judgement, reasonOf } from './evaluation.ts';
import { describeAmbiguity, type PathFault } from './path-fault.ts';
import { SHAPES } from './token-shape.ts';

export const CHECKS = [
  'request',
  'path',
  'route',
  'method',
  'credentials',
  'form',
  'issuer',
  'algorithm',
  'key',
  'signature',
  'claims',
  'time',
  'issuer here',
  'type',
  'audience',
  'scope',
] as const;

export type CheckName = (typeof CHECKS)[number];
export type Fact = string | readonly string[];

/** What a check compared, as far as it is known. */
export interface Facts {
  readonly expected?: Fact | undefined;
  readonly actual?: Fact | undefined;
  readonly note?: string | undefined;
  /** Of a failed comparison, with the most similar value. */
  readonly difference?: Difference | undefined;
  /** Of a failed reading of the path. */
  readonly fault?: PathFault | undefined;
}

/** @returns what the operation needs, asked as `authorize` asks. */
export function requirementOf(match: Match, route: ProtectedRoute, method: string): Requirement {
  return findRequirements(route.scopeRules, method, [match.rest, ...match.otherRests]);
}

/** @returns what is known of one check, reached or not. */
export function gatherFacts(name: CheckName, judgement: Judgement): Facts {
  switch (name) {
    case 'request':
      return describeHead(judgement);
    case 'path':
      return describePath(judgement);
    case 'route':
      return describeRoute(judgement);
    default:
      return gatherOfToken(name, judgement);
  }
}

function describeHead(judgement: Judgement): Facts {
  const { headBytes, config, question } = judgement;
  if (reasonOf(judgement) !== 'headers_too_large') return { actual: `Host ${question.authority}` };
  const note = 'target and header fields; a client sends more of them than Host and Authorization';
  return { actual: `${headBytes} bytes`, expected: `fewer than ${config.limits.headers} (limits.headers)`, note };
}

function describePath(judgement: Judgement): Facts {
  const { head, question } = judgement;
  const raw = question.target.replace(/\?.*$/s, '').replace(/#.*$/s, '#');
  if (reasonOf(judgement) === 'ambiguous_path') {
    const { at, what } = describeAmbiguity(raw, head.ok && head.path.ok ? head.path.contested : []);
    const fault = { at: escapeExactly(raw.slice(0, at)).length, what };
    return { actual: escapeExactly(raw), expected: 'a path that every server reads alike', fault };
  }
  const path = head.ok && head.path.ok ? head.path.text : raw;
  return { actual: raw, ...(path !== raw && { note: `forwarded as ${path}` }) };
}

function describeRoute({ config, match, metadata }: Judgement): Facts {
  if (match?.ok === false && match.reason === 'ambiguous_path') return {};
  if (metadata !== undefined) {
    return { actual: 'none: the protected resource metadata (RFC 9728) is answered before any route' };
  }
  if (match?.ok) return { actual: `"${match.route.key}"`, note: describeWhy(match.route, config) };
  if (match === undefined) return {};
  return { actual: 'none', expected: config.routes.map(route => `"${route.key}"`) };
}

function describeWhy({ host, prefix }: Route, { routes }: Config): string {
  const where = host === undefined ? 'for every host' : `for the host ${host}`;
  const others = routes.filter(route => route.host === host).length - 1;
  const longest = others > 0 ? ', the longest prefix that matches' : '';
  return `${where}; prefix ${prefix}${longest}`;
}

/** What needs a protected route. */
function gatherOfToken(name: CheckName, judgement: Judgement): Facts {
  const { match, credentials, question } = judgement;
  if (!match?.ok) return {};
  const { route } = match;
  if (route.public) return { note: 'a public route: no token is looked at' };
  const { jws, shape = 'none' } = credentials ?? {};
  switch (name) {
    case 'method':
      return describeMethod(route, match, question.method);
    case 'credentials':
      return describeCredentials(judgement);
    case 'form':
      if (shape === 'none') return {};
      return { actual: SHAPES[shape].name, expected: 'a signed JWT (compact JWS, RFC 7515 section 7.1)' };
    case 'scope':
      return compareScopes(match, route, judgement);
    default:
      if (jws?.ok) return gatherOfClaims(name, jws, route, judgement);
      return name === 'audience' ? { expected: [...route.audiences] } : {};
  }
}

function gatherOfClaims(name: CheckName, jws: CompactJws, route: ProtectedRoute, judgement: Judgement): Facts {
  switch (name) {
    case 'issuer':
      return compareIssuer(jws, judgement.config.issuers.keys());
    case 'issuer here':
      return compareIssuer(jws, route.issuers);
    case 'audience':
      return compareAudience(jws, route, judgement);
    default:
      return gatherOfIssuer(name, jws, judgement);
  }
}

/** Of a field that no token could be read from, only what may be shown: its value may be the token. */
function describeCredentials({ head, credentials }: Judgement): Facts {
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
  return {
    actual: iss,
    expected,
    difference: expected.includes(iss) ? undefined : findNearestDifference(iss, expected),
  };
}

function compareAudience(jws: CompactJws, route: ProtectedRoute, judgement: Judgement): Facts {
  const actual = listText(jws.claims['aud']);
  const expected = [...route.audiences];
  const isDecided = reasonOf(judgement) === 'wrong_audience';
  const [only] = actual;
  const difference =
    isDecided && actual.length === 1 && only !== undefined ? findNearestDifference(only, expected) : undefined;
  const rule = route.multipleAudiences === 'any' ? undefined : `multiple_audiences: ${route.multipleAudiences}`;
  return { actual: actual.length === 0 ? 'no aud' : actual, expected, difference, note: rule };
}

function compareScopes(match: Match, route: ProtectedRoute, { question, credentials, decision }: Judgement): Facts {
  const requirement = requirementOf(match, route, question.method);
  const needed = requirement.ok ? requirement.scopes : [];
  const had = decision?.verified ?? (credentials?.presented.ok ? credentials.presented : undefined);
  if (needed.length === 0) return { actual: had ? [...had.scopes] : undefined, note: 'none is needed' };
  const missing = had ? needed.filter(scope => !had.scopes.has(scope)) : [];
  const note = missing.length > 0 ? `missing: ${missing.join(' ')}` : undefined;
  return { actual: had && (had.scopes.size > 0 ? [...had.scopes] : 'none'), expected: needed, note };
}

function gatherOfIssuer(name: CheckName, jws: CompactJws, { credentials, question }: Judgement): Facts {
  const { issuer, keys = [], keysError } = credentials ?? {};
  if (!issuer) return {};
  switch (name) {
    case 'algorithm':
      return { actual: jws.algorithm, expected: [...issuer.algorithms] };
    case 'key':
      return {
        actual: jws.keyId === undefined ? 'no kid: every key is tried' : `kid ${jws.keyId}`,
        expected: keys.flatMap(({ keyId }) => (keyId === undefined ? [] : `kid ${keyId}`)),
        ...(keysError !== undefined && { note: `the keys could not be fetched: ${keysError}` }),
      };
    case 'claims':
      return {
        ...(jws.claims['exp'] === undefined && { actual: 'no exp' }),
        expected: 'exp, nbf and iat as numbers, aud as text or a list of it',
      };
    case 'time':
      return {
        actual: describeTimes(jws, question.at),
        expected: `now ${nameInstant(question.at / 1000)}`,
        note: describeUnit(jws),
      };
    case 'type':
      return { actual: jws.type ?? 'no typ, which counts as JWT', expected: [...issuer.tokenTypes] };
    default:
      return {};
  }
}

function describeTimes({ claims }: CompactJws, now: number): readonly string[] {
  return ['exp', 'nbf', 'iat'].flatMap(name => {
    const value = claims[name];
    return typeof value === 'number' ? [`${name} ${describeInstant(value, now)}`] : [];
  });
}

/** Seconds of today are a thousandth of it; 1e11 is the year 5138. */
function describeUnit({ claims }: CompactJws): string | undefined {
  const names = ['exp', 'nbf', 'iat'].filter(name => Number(claims[name]) > 1e11);
  if (names.length === 0) return undefined;
  return `${names.join(', ')} in milliseconds, where seconds belong (RFC 7519 section 2)`;
}

/** @returns the texts of a claim that is a text or a list. */
export function listText(claim: unknown): readonly string[] {
  const list: readonly unknown[] = Array.isArray(claim) ? claim : [claim];
  return list.filter(value => typeof value === 'string');
}
