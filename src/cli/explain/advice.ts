/** The likely cause of a denial, and what to change: a line of the YAML only where that is safe, else something at the client or the issuer. */

import { adviseOnAudience } from './advice-on-audience.ts';
import { adviseOnScope, adviseOnType } from './advice-on-claims.ts';
import { adviseOnPath, adviseOnRoute, adviseOnSize, allowMethod } from './advice-on-route.ts';
import { adviseOnForm, adviseOnIssuer, adviseOnKeys, adviseOnSignature, adviseOnTime } from './advice-on-token.ts';
import type { Advice, Case } from './case.ts';
import { type Judgement, reasonOf } from './judgement.ts';

/** @returns advice, or `undefined` for a request that every rung forwards. */
export function advise(judgement: Judgement): Advice | undefined {
  const reason = reasonOf(judgement);
  if (reason === undefined) return undefined;
  const { match, credentials } = judgement;
  if (reason === 'no_route') return adviseOnRoute(judgement);
  if (reason === 'ambiguous_path') return adviseOnPath(judgement);
  if (reason === 'headers_too_large') return adviseOnSize(judgement);
  if (reason === 'malformed_request') return { cause: 'the Host is not a valid host name and port' };
  if (!match?.ok || match.route.public) return undefined;
  const jws = credentials?.jws?.ok ? credentials.jws : undefined;
  return adviseOnToken({ judgement, reason, route: match.route, jws });
}

function adviseOnToken(each: Case): Advice | undefined {
  switch (each.reason) {
    case 'method_not_allowed':
      return allowMethod(each);
    case 'missing_token':
      return adviseOnAbsence(each);
    case 'malformed_token':
      return adviseOnForm(each);
    case 'untrusted_issuer':
      return adviseOnIssuer(each);
    case 'keys_unavailable':
    case 'unknown_key':
      return adviseOnKeys(each);
    case 'bad_signature':
      return adviseOnSignature(each);
    case 'token_expired':
    case 'token_not_yet_valid':
      return adviseOnTime(each);
    case 'wrong_token_type':
      return adviseOnType(each);
    case 'wrong_audience':
      return adviseOnAudience(each);
    case 'insufficient_scope':
      return adviseOnScope(each);
    default:
      return undefined;
  }
}

function adviseOnAbsence({ judgement, route }: Case): Advice {
  const isInQuery = /[?&]access_token=/.test(judgement.question.target);
  const cause = isInQuery
    ? 'the token is in the query, where it is never looked for (RFC 6750 section 2.3): it belongs into the Authorization field'
    : 'no token was given: the request is judged as one without Authorization';
  return { cause, remedy: { text: `get a token for ${route.resource} as shown below, and give it with --token-file` } };
}
