/** The likely cause of a denial, and what to change: a line of the YAML only where that is safe, else something at the client or the issuer. */

import { type Judgement, reasonOf } from '../evaluate/evaluation.ts';
import { adviseOnAudience } from './audience.ts';
import type { Advice, Case } from './case.ts';
import { adviseOnAbsence, adviseOnCredentials } from './credentials.ts';
import { adviseOnIssuer } from './issuer.ts';
import { adviseOnPath, adviseOnRoute, adviseOnSize, allowMethod } from './route.ts';
import { adviseOnScope } from './scope.ts';
import { adviseOnForm, adviseOnKeys, adviseOnSignature, adviseOnTime } from './token.ts';
import { adviseOnType } from './type.ts';

/** @returns advice, or `undefined` for a request that every rung forwards. */
export function advise(judgement: Judgement): Advice | undefined {
  const reason = reasonOf(judgement);
  if (reason === undefined) return undefined;
  const { match, credentials } = judgement;
  if (reason === 'no_route') return adviseOnRoute(judgement);
  if (reason === 'ambiguous_path') return adviseOnPath(judgement);
  if (reason === 'headers_too_large') return adviseOnSize(judgement);
  if (reason === 'malformed_request') return { cause: 'the Host is not a valid host name and port' };
  if (judgement.metadata !== undefined)
    return { cause: 'the protected resource metadata is read with GET (RFC 9728 section 3.1)' };
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
    case 'malformed_credentials':
      return adviseOnCredentials(each);
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
