/** Tokens that cannot be read, or that have expired or are not yet valid. */

import type { Issuer } from '../../../config/config.ts';
import type { Claims } from '../../../config/values/claim-path.ts';
import { readAudiences } from '../../../token/claims.ts';
import { SHAPES, type Shape } from '../evaluate/token-shapes.ts';
import { describeBrokenJws, nameType } from './broken-jws.ts';
import type { Advice, DeniedRequest } from './denied-request.ts';

/** @returns advice on `malformed_token`. */
export function adviseOnForm({ evaluation, route, jws }: DeniedRequest): Advice {
  if (jws) return adviseOnClaims(jws.claims, evaluation.credentials?.issuer);
  const { shape = 'none', token = '' } = evaluation.credentials ?? {};
  const { cause, remedy }: Shape = SHAPES[shape];
  const broken = shape === 'jws' ? describeBrokenJws(token) : undefined;
  const ask = `let the client ask for ${route.resource}, and the issuer answer with signed JWTs`;
  const anew = broken?.includes('header') ? AT_ISSUER : 'take the token anew from the token response';
  const text = typeof remedy === 'string' ? { ask, anew }[remedy] : remedy.text;
  return { cause: broken ? `it has the form of a JWT, but ${broken}` : cause, remedy: { text } };
}

const AT_ISSUER = 'this is to be put right at the issuer';

/** RFC 7519 section 4.1. */
function adviseOnClaims(claims: Claims, issuer: Issuer | undefined): Advice {
  const times = ['exp', 'nbf', 'iat'] as const;
  const wrong = times.filter(name => claims[name] !== undefined && typeof claims[name] !== 'number');
  const remedy = { text: AT_ISSUER };
  if (claims['exp'] === undefined) {
    return { cause: 'the token has no exp: it would be good for ever (RFC 9068 section 2.2)', remedy };
  }
  if (wrong.length > 0) {
    const types = wrong.map(name => `${name} is ${nameType(claims[name])}`).join(' and ');
    return { cause: `${types}, where a number of seconds belongs (RFC 7519 section 4.1)`, remedy };
  }
  const name = readAudiences(claims, 'aud') ? (issuer?.audienceClaim ?? 'aud') : 'aud';
  if (readAudiences(claims, name) !== undefined) return { cause: describeFarTime(claims), remedy };
  const what = Array.isArray(claims[name]) ? 'has an entry that is no text' : `is ${nameType(claims[name])}`;
  return { cause: `${name} ${what}, where text or an array of text belongs (RFC 7519 section 4.1.3)`, remedy };
}

/** A time that no token has, as milliseconds in place of seconds. */
function describeFarTime(claims: Claims): string {
  const far = ['exp', 'nbf', 'iat'].filter(name => Number(claims[name]) > FAR);
  const are = `${far.join(', ') || 'exp'} ${far.length > 1 ? 'are' : 'is'}`;
  return isInMilliseconds(claims)
    ? `${are} in milliseconds, where seconds belong (RFC 7519 section 2): the token would be good for thousands of years`
    : `${are} more than 100 years ahead, which no token means`;
}

/** The year 2100, in seconds. Only for words: the gateway has decided already. */
const FAR = 4.1e9;

/** 1e11 seconds are the year 5138, and 1e11 milliseconds the year 1973. */
function isInMilliseconds(claims: Claims): boolean {
  return ['exp', 'nbf', 'iat'].some(name => typeof claims[name] === 'number' && claims[name] > 1e11);
}

/** @returns advice on `token_expired` and `token_not_yet_valid`. */
export function adviseOnTime({ reason, jws, evaluation }: DeniedRequest): Advice {
  if (reason === 'token_expired') {
    return {
      cause: 'the client goes on with a token whose time is over, or its clock is behind',
      remedy: { text: 'let the client get a new token before exp; --at TIME explains this one as of another time' },
    };
  }
  const { issuer } = evaluation.credentials ?? {};
  const tolerated = (issuer?.leeway ?? 30_000) / 1000;
  return {
    cause: isInMilliseconds(jws?.claims ?? {})
      ? 'the times are milliseconds, where seconds belong (RFC 7519 section 2)'
      : "the issuer's clock is ahead of this one, or this one behind",
    remedy: { text: `set both clocks by NTP; ${tolerated} s are tolerated (leeway)` },
  };
}
