/** One request put to the rooms in the order of `gateway.ts`: the very same functions decide, and no listener is needed. */

import { createAudienceIndex } from '../../../authorization/audience.ts';
import { authorize, type Decision } from '../../../authorization/authorize.ts';
import { createMetadataIndex, findMetadata } from '../../../challenge/metadata.ts';
import type { Config, Issuer } from '../../../config/config.ts';
import { type Denial, deny, type Reason } from '../../../denial.ts';
import { createRouteTable, type Match, matchRequest } from '../../../route/match.ts';
import { type RequestHead, readRequestHead } from '../../../route/request-head.ts';
import { readBearerToken } from '../../../token/bearer.ts';
import { type CompactJws, readCompactJws } from '../../../token/compact-jws.ts';
import type { PublishedKey } from '../../../token/verification-key.ts';
import { TokenVerifier, type Verification } from '../../../token/verifier.ts';
import { countHeadBytes, isHeadTooLarge } from './head-size.ts';
import { type Question, toIncomingHead } from './question.ts';
import { recogniseShape, type TokenShape } from './token-shape.ts';

/** What each room said; `undefined` where the request did not come so far. */
export interface Judgement {
  readonly config: Config;
  readonly question: Question;
  readonly head: RequestHead | Denial;
  /** As `limits.headers` counts them. */
  readonly headBytes: number;
  /** A document of ours that answers before any route; `null`: several, and the Host selects none. */
  readonly metadata?: string | null | undefined;
  readonly match?: Match | Denial;
  readonly credentials?: Credentials;
  readonly decision?: Decision;
  /** What a token that is only out of time would meet next, if it were in time. */
  readonly inTime?: Decision;
}

export interface Credentials {
  readonly presented: Verification;
  /** As it is read before its signature is verified. */
  readonly jws: CompactJws | Denial | undefined;
  readonly issuer: Issuer | undefined;
  /** Of that issuer, as published. */
  readonly keys: readonly PublishedKey[];
  /** Why there are none, in our words. */
  readonly keysError: string | undefined;
  readonly shape: TokenShape;
  /** Unverified; a secret. */
  readonly token: string | undefined;
}

/**
 * @param authorization the value of each Authorization field.
 * @returns what each room says of the request. Keys are fetched as configured.
 */
export async function judge(config: Config, question: Question, authorization: readonly string[]): Promise<Judgement> {
  const incoming = toIncomingHead(question, authorization);
  const headBytes = countHeadBytes(incoming);
  if (isHeadTooLarge(incoming, config.limits.headers)) {
    return { config, question, headBytes, head: deny('headers_too_large') };
  }
  const head = readRequestHead(incoming);
  const asked = { config, question, headBytes, head };
  if (!head.ok) return asked;
  const found = findMetadata(createMetadataIndex(config.routes), head.target, head.authority);
  if (found.kind !== 'none') return { ...asked, metadata: found.kind === 'document' ? found.body : null };
  const match = matchRequest(createRouteTable(config.routes), head);
  if (!match.ok) return { ...asked, match };

  const decide = (presented: Verification) =>
    authorize(createAudienceIndex(config.routes), match, head.method, presented);
  if (match.route.public) {
    return { ...asked, match, decision: decide(deny('missing_token')) };
  }
  const { inTime, ...credentials } = await examine(config, head, question.at);
  const decision = decide(credentials.presented);
  return { ...asked, match, credentials, decision, ...(inTime && { inTime: decide(inTime) }) };
}

/** @returns why the request is refused, or would be; `undefined` for one that every rung forwards. */
export function reasonOf({ head, metadata, match, decision, question }: Judgement): Reason | undefined {
  if (!head.ok) return head.reason;
  if (metadata === null) return 'no_route';
  if (metadata !== undefined) return ['GET', 'HEAD'].includes(question.method) ? undefined : 'method_not_allowed';
  return match?.ok === false ? match.reason : decision?.denial?.reason;
}

type Examination = Credentials & { readonly inTime: Verification | undefined };

async function examine(config: Config, head: RequestHead, now: number): Promise<Examination> {
  const bearer = readBearerToken(head.authorization);
  const jws = bearer.ok ? readCompactJws(bearer.token) : undefined;
  const issuer = jws?.ok && typeof jws.claims['iss'] === 'string' ? config.issuers.get(jws.claims['iss']) : undefined;
  const shape = bearer.ok ? recogniseShape(bearer.token) : 'none';
  const token = bearer.ok ? bearer.token : undefined;
  const known = { jws, issuer, shape, token, keys: [], keysError: undefined, inTime: undefined };
  if (!bearer.ok) return { ...known, presented: bearer };

  // The other issuers are not asked for their keys: one that does not answer has no part in this.
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

/** A millisecond before `exp` every token is in time, unless it never is. */
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
