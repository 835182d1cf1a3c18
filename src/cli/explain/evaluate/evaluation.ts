/** Evaluates one request with the functions that `gateway.ts` calls, in the same order, without a listener. */

import { createAudienceIndex } from '../../../authorization/audience.ts';
import { authorize, type Decision } from '../../../authorization/authorize.ts';
import { matchSentPath } from '../../../authorizer/sent-path.ts';
import { createMetadataIndex, findMetadata, type PublishedMetadata } from '../../../challenge/metadata.ts';
import { createMetadataReply } from '../../../challenge/metadata-reply.ts';
import type { Config } from '../../../config/config.ts';
import { type Denial, deny, type Reason } from '../../../denial.ts';
import { assumeRequest } from '../../../mcp/mcp-request.ts';
import { createRouteTable, type Match, matchRequest } from '../../../route/match.ts';
import { type RequestHead, readRequestHead } from '../../../route/request-head.ts';
import type { IntrospectingIssuer } from '../../../token/introspection/introspection-request.ts';
import type { Verification } from '../../../token/verifier.ts';
import { hasUpstream } from '../../../upstream/upstreams.ts';
import { type Credentials, readCredentials } from './credentials.ts';
import { countHeadBytes } from './head-size.ts';
import { findAskedIssuer, readGivenAnswer } from './introspected.ts';
import { type RequestSpec, toIncomingHead } from './request-spec.ts';
import type { TokenInput } from './token-file.ts';

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
  /** `undefined` as well where an issuer would be asked about the token. */
  readonly decision?: Decision;
  /** Whom the gateway would ask about the token. */
  readonly asked?: IntrospectingIssuer;
  /** The decision on a token that has expired or is not yet valid, as if it were in time. */
  readonly inTime?: Decision;
}

/**
 * Fetches the keys of the token's issuer as configured.
 *
 * @param input the value of each Authorization field, and what an issuer answered about the token, where that is given instead.
 * @returns the result of each step.
 */
export async function evaluateRequest(config: Config, request: RequestSpec, input: TokenInput): Promise<Evaluation> {
  const incoming = toIncomingHead(request, input.fields);
  const headBytes = countHeadBytes(incoming);
  if (headBytes > config.limits.headers) {
    return { config, request, headBytes, head: deny('headers_too_large') };
  }
  const head = readRequestHead(incoming);
  const known = { config, request, headBytes, head };
  if (!head.ok) return known;
  const metadata = findMetadata(createMetadataIndex(config.routes), head.target, head.authority);
  if (metadata.kind !== 'none') return { ...known, metadata };
  const match = findRouteOf(config, head);
  if (!match.ok) return { ...known, match };
  return { ...known, match, ...(await evaluateToken(config, match, head, { now: request.at, answer: input.answer })) };
}

/** A route without upstream is asked about by another proxy, which forwards the path as it was sent. */
function findRouteOf({ routes }: Config, head: RequestHead) {
  const table = createRouteTable(routes);
  const match = matchRequest(table, head);
  return match.ok && !hasUpstream(match.route) ? matchSentPath(table, head) : match;
}

/** @returns why the request is refused or reported; `undefined` for one that every mode forwards. */
export function reasonOf({ head, metadata, match, decision, request }: Evaluation): Reason | undefined {
  if (!head.ok) return head.reason;
  if (metadata) {
    const reply = createMetadataReply(metadata, request.method, []);
    return 'reason' in reply ? reply.reason : undefined;
  }
  return match?.ok === false ? match.reason : decision?.denial?.reason;
}

interface Given {
  readonly now: number;
  readonly answer: string | undefined;
}

async function evaluateToken(config: Config, match: Match, head: RequestHead, { now, answer }: Given) {
  const { route } = match;
  const index = createAudienceIndex(config.routes);
  const decide = (verification: Verification) =>
    authorize(index, match, head.method, verification, now, assumeRequest());
  if (route.public) return { decision: decide(deny('missing_token')) };
  if (answer !== undefined) {
    const credentials = readGivenAnswer(config, route, answer, now);
    return { credentials, decision: decide(credentials.verification) };
  }
  const { inTime, ...credentials } = await readCredentials(config, head, now);
  const asked = findAskedIssuer(config.issuers, route, credentials);
  const decision = decide(asked ? deny('inactive_token') : credentials.verification);
  // A method that the route does not allow is refused whatever the issuer says of the token.
  if (asked && decision.denial?.reason === 'inactive_token') return { credentials, asked };
  return { credentials, decision, ...(inTime && { inTime: decide(inTime) }) };
}
