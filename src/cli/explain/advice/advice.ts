/**
 * The likely cause of a denial, and what to change: a line of the YAML only where that weakens no check, otherwise something
 * at the client or the issuer.
 */

import type { Reason } from '../../../denial.ts';
import { type Evaluation, reasonOf } from '../evaluate/evaluation.ts';
import { adviseOnAudience } from './audience.ts';
import { adviseOnCredentials, adviseOnMissingToken } from './credentials.ts';
import type { Advice, DeniedRequest } from './denied-request.ts';
import { adviseOnInactive } from './inactive.ts';
import { adviseOnIssuer } from './issuer.ts';
import { adviseOnKeys, adviseOnSignature } from './keys.ts';
import { adviseOnClaim } from './required-claim.ts';
import { adviseOnRevoked } from './revoked.ts';
import { adviseOnMethod, adviseOnPath, adviseOnRoute, adviseOnSize } from './route.ts';
import { adviseOnScope } from './scope.ts';
import { adviseOnForm, adviseOnTime } from './token.ts';
import { adviseOnType } from './type.ts';

/** Advice on a reason of any request, or on one of a request that a protected route denies. */
type Adviser =
  | { readonly onRequest: (evaluation: Evaluation) => Advice }
  | { readonly onDenied: (denied: DeniedRequest) => Advice | undefined };

/** `undefined`: never the reason of an explained request. */
const ADVISERS: Readonly<Record<Reason, Adviser | undefined>> = {
  malformed_request: { onRequest: () => ({ cause: 'the Host is not a valid host name and port' }) },
  headers_too_large: { onRequest: adviseOnSize },
  request_timeout: undefined,
  version_not_supported: undefined,
  expectation_failed: undefined,
  upgrade_required: undefined,
  ambiguous_path: { onRequest: adviseOnPath },
  no_route: { onRequest: adviseOnRoute },
  origin_not_allowed: undefined,
  method_not_allowed: { onDenied: adviseOnMethod },
  missing_token: { onDenied: adviseOnMissingToken },
  malformed_credentials: { onDenied: adviseOnCredentials },
  malformed_token: { onDenied: adviseOnForm },
  untrusted_issuer: { onDenied: adviseOnIssuer },
  keys_unavailable: { onDenied: adviseOnKeys },
  unknown_key: { onDenied: adviseOnKeys },
  bad_signature: { onDenied: adviseOnSignature },
  inactive_token: { onDenied: adviseOnInactive },
  revoked_token: { onDenied: adviseOnRevoked },
  token_expired: { onDenied: adviseOnTime },
  token_not_yet_valid: { onDenied: adviseOnTime },
  wrong_token_type: { onDenied: adviseOnType },
  wrong_audience: { onDenied: adviseOnAudience },
  wrong_claim: { onDenied: adviseOnClaim },
  insufficient_scope: { onDenied: adviseOnScope },
  session_not_found: undefined,
  unsupported_media_type: undefined,
  mcp_header_mismatch: undefined,
  body_too_large: undefined,
  overloaded: undefined,
  exchange_refused: undefined,
  exchange_unavailable: undefined,
  internal: undefined,
};

/** @returns advice; `undefined` for a request that every mode forwards, and where there is nothing to advise. */
export function advise(evaluation: Evaluation): Advice | undefined {
  const reason = reasonOf(evaluation);
  const adviser = reason && ADVISERS[reason];
  if (reason === undefined || adviser === undefined) return undefined;
  if ('onRequest' in adviser) return adviser.onRequest(evaluation);
  const { match, credentials, metadata } = evaluation;
  if (metadata !== undefined) {
    return { cause: 'the protected resource metadata is read with GET (RFC 9728 section 3.1)' };
  }
  if (!match?.ok || match.route.public) return undefined;
  const jws = credentials?.jws?.ok ? credentials.jws : undefined;
  return adviser.onDenied({ evaluation, reason, route: match.route, jws });
}
