/** Evaluates one request with the functions that `gateway.ts` calls, in the same order, without a listener. */

import { createAudienceIndex } from '../../../authorization/audience.ts';
import { authorize, type Decision } from '../../../authorization/authorize.ts';
import { createMetadataIndex, findMetadata, type PublishedMetadata } from '../../../challenge/metadata.ts';
import type { Config, Issuer } from '../../../config/config.ts';
import { type Denial, deny, type Reason } from '../../../denial.ts';
import { createRouteTable, type Match, matchRequest } from '../../../route/match.ts';
import { type RequestHead, readRequestHead } from '../../../route/request-head.ts';
import { readBearerToken } from '../../../token/bearer.ts';
import { type CompactJws, readCompactJws } from '../../../token/jws/compact-jws.ts';
import type { PublishedKey } from '../../../token/keys/verification-key.ts';
import { TokenVerifier, type Verification } from '../../../token/verifier.ts';
import { countHeadBytes, isHeadTooLarge } from './head-size.ts';
import { type RequestSpec, toIncomingHead } from './request-spec.ts';
import { recogniseShape } from './token-shape.ts';
import type { TokenShape } from './token-shapes.ts';

/** The result of each step; `undefined` for a step that the request did not reach. */
export interface Evaluation {
  readonly config: Config;
  readonly request: RequestSpec;
  readonly head: RequestHead | Denial;
  /** As counted for `limits.headers`. */
  readonly headBytes: number;
  readonly metadata?: PublishedMetadata | undefined;
  readonly match?: Match | Denial;
  readonly credentials?: Credentials;
  readonly decision?: Decision;
  /** The decision on a token that has expired or is not yet valid, as if it were in time. */
  readonly inTime?: Decision;
}

export interface Credentials {
  readonly presented: Verification;
  /** As read before its signature is verified. */
  readonly jws: CompactJws | Denial | undefined;
  readonly issuer: Issuer | undefined;
  /** Of that issuer, as published. */
  readonly keys: readonly PublishedKey[];
  /** Why the keys could not be fetched; holds no text of the issuer. */
  readonly keysError: string | undefined;
  readonly shape: TokenShape;
  /** Unverified; a secret. */
  readonly token: string | undefined;
}

/**
 * Fetches the keys of the token's issuer as configured.
 *
 * @param authorization the value of each Authorization field.
 * @returns the result of each step.
 */
export async function evaluateRequest(
  config: Config,
  request: RequestSpec,
  authorization: readonly string[],
): Promise<Evaluation> {
  const incoming = toIncomingHead(request, authorization);
  const headBytes = countHeadBytes(incoming);
  if (isHeadTooLarge(incoming, config.limits.headers)) {
    return { config, request, headBytes, head: deny('headers_too_large') };
  }
  const head = readRequestHead(incoming);
  const known = { config, request, headBytes, head };
  if (!head.ok) return known;
  const metadata = findMetadata(createMetadataIndex(config.routes), head.target, head.authority);
  if (metadata.kind !== 'none') return { ...known, metadata };
  const match = matchRequest(createRouteTable(config.routes), head);
  if (!match.ok) return { ...known, match };

  const decide = (presented: Verification) =>
    authorize(createAudienceIndex(config.routes), match, head.method, presented);
  if (match.route.public) {
    return { ...known, match, decision: decide(deny('missing_token')) };
  }
  const { inTime, ...credentials } = await readCredentials(config, head, request.at);
  const decision = decide(credentials.presented);
  return { ...known, match, credentials, decision, ...(inTime && { inTime: decide(inTime) }) };
}

/** @returns why the request is refused or reported; `undefined` for one that every mode forwards. */
export function reasonOf({ head, metadata, match, decision, request }: Evaluation): Reason | undefined {
  if (!head.ok) return head.reason;
  if (metadata?.kind === 'ambiguous') return 'no_route';
  if (metadata) return ['GET', 'HEAD'].includes(request.method) ? undefined : 'method_not_allowed';
  return match?.ok === false ? match.reason : decision?.denial?.reason;
}

async function readCredentials(
  config: Config,
  head: RequestHead,
  now: number,
): Promise<Credentials & { readonly inTime: Verification | undefined }> {
  const bearer = readBearerToken(head.authorization);
  const jws = bearer.ok ? readCompactJws(bearer.token) : undefined;
  const issuer = jws?.ok && typeof jws.claims['iss'] === 'string' ? config.issuers.get(jws.claims['iss']) : undefined;
  const shape = bearer.ok ? recogniseShape(bearer.token) : 'none';
  const token = bearer.ok ? bearer.token : undefined;
  const known = { jws, issuer, shape, token, keys: [], keysError: undefined, inTime: undefined };
  if (!bearer.ok) return { ...known, presented: bearer };

  // Only the keys of this issuer are fetched: another issuer that is out of reach must not delay or change the result.
  const issuers = new Map(issuer ? [[issuer.issuer, issuer]] : []);
  const verifier = new TokenVerifier(issuers, { onFetch: () => undefined, onCacheLookup: () => undefined });
  try {
    await verifier.start();
    const presented = await verifier.verify(bearer.token, now);
    const inTime = presented.ok ? undefined : await verifyInTime(verifier, bearer.token, presented, jws);
    const keys = issuer ? verifier.keysOf(issuer.issuer) : [];
    return { ...known, presented, inTime, keys, keysError: verifier.status()[0]?.lastError };
  } finally {
    verifier.stop();
  }
}

/** Verifies a token one millisecond before its `exp`, when it is in time unless `nbf` or `iat` lie behind that. */
async function verifyInTime(
  verifier: TokenVerifier,
  token: string,
  { reason }: Denial,
  jws: CompactJws | Denial | undefined,
): Promise<Verification | undefined> {
  if (reason !== 'token_expired' && reason !== 'token_not_yet_valid') return undefined;
  const exp = jws?.ok ? Number(jws.claims['exp']) : Number.NaN;
  const verification = await verifier.verify(token, exp * 1000 - 1);
  return verification.ok ? verification : undefined;
}
