/** Tokens that cannot be read, or that have expired or are not yet valid. */

import { SHAPES, type Shape } from '../evaluate/token-shapes.ts';
import { describeBrokenJws, nameType } from './broken-jws.ts';
import type { Advice, DeniedRequest } from './denied-request.ts';

/** @returns advice on `malformed_token`. */
export function adviseOnForm({ evaluation, route, jws }: DeniedRequest): Advice {
  if (jws) return adviseOnClaims(jws.claims);
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
function adviseOnClaims(claims: Readonly<Record<string, unknown>>): Advice {
  const wrong = ['exp', 'nbf', 'iat'].filter(name => claims[name] !== undefined && typeof claims[name] !== 'number');
  const remedy = { text: AT_ISSUER };
  if (claims['exp'] === undefined) {
    return { cause: 'the token has no exp: it would be good for ever (RFC 9068 section 2.2)', remedy };
  }
  if (wrong.length === 0) {
    const what = Array.isArray(claims['aud']) ? 'has an entry that is no text' : `is ${nameType(claims['aud'])}`;
    return { cause: `aud ${what}, where text or an array of text belongs (RFC 7519 section 4.1.3)`, remedy };
  }
  const types = wrong.map(name => `${name} is ${nameType(claims[name])}`).join(' and ');
  return { cause: `${types}, where a number of seconds belongs (RFC 7519 section 4.1)`, remedy };
}

/** @returns advice on `token_expired` and `token_not_yet_valid`. */
export function adviseOnTime({ reason, jws }: DeniedRequest): Advice {
  const { exp, nbf, iat } = jws?.claims ?? {};
  if (reason === 'token_expired') {
    return {
      cause: 'the client goes on with a token whose time is over, or its clock is behind',
      remedy: { text: 'let the client get a new token before exp; --at TIME explains this one as of another time' },
    };
  }
  const isInMilliseconds = [exp, nbf, iat].some(value => typeof value === 'number' && value > 1e11);
  return {
    cause: isInMilliseconds
      ? 'the times are milliseconds, where seconds belong (RFC 7519 section 2)'
      : "the issuer's clock is ahead of this one, or this one behind",
    remedy: { text: 'set both clocks by NTP; 30 s are tolerated' },
  };
}
