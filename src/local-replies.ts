/** The replies of the gateway's own, and what each of them leaves in the record of its request. */

import type { AuthorizationDenial } from './authorization/denials.ts';
import { createChallenge } from './challenge/challenge.ts';
import type { PublishedMetadata } from './challenge/metadata.ts';
import { createMetadataFields, createMetadataReply, METADATA_METHODS } from './challenge/metadata-reply.ts';
import { createFailure, createRefusal } from './challenge/refusal.ts';
import type { Route } from './config/config.ts';
import type { Cors } from './config/cors-config.ts';
import { createCorsFields, createPreflightReply, isPreflight } from './cors/cors.ts';
import type { Reason } from './denial.ts';
import type { JudgedRequest } from './judged-request.ts';
import type { RpcError } from './mcp/rpc-error.ts';
import type { RouteLimits } from './route-limits.ts';
import type { Transaction } from './transaction.ts';
import type { ForwardEnd } from './upstream/response-handler.ts';

/** Of a refusal: `scopes` goes into WWW-Authenticate, `allow` into Allow. */
export interface RefusalFields extends Pick<AuthorizationDenial, 'scopes' | 'furtherScopes' | 'allow'> {
  /** For clients of MCP, beside the problem document. */
  readonly rpcError?: RpcError;
}

const NO_FIELDS: RefusalFields = { scopes: [], furtherScopes: [], allow: [] };

/** Refuses the request, with the challenge of its route where the reason has one. */
export function refuse(
  transaction: JudgedRequest,
  reason: Reason,
  { scopes, furtherScopes, allow, rpcError }: RefusalFields = NO_FIELDS,
): undefined {
  transaction.refusedFor = reason;
  // What is wrong with a head may hide where it ends: what follows is no request.
  if (!transaction.head) transaction.request.closeAfter();
  const route = transaction.match?.route;
  const challenge = route && !route.public ? createChallenge(reason, route, scopes, furtherScopes) : undefined;
  transaction.reply(createRefusal(reason, { requestId: transaction.requestId, challenge, allow, rpcError }));
}

/** Refuses what is undecided, for `reason`, or for what was found before where that is refused whatever is read. */
export function refuseUndecided(transaction: JudgedRequest, reason: Reason, rpcError?: RpcError): undefined {
  const { decision } = transaction;
  const first = decision && 'refused' in decision ? decision.refused : undefined;
  refuse(transaction, first?.reason ?? reason, first ?? { ...NO_FIELDS, ...(rpcError && { rpcError }) });
}

/** Counts the request for the limits of its route. @returns whether it is within them. It is refused otherwise. */
export function admit(limits: RouteLimits, transaction: JudgedRequest, route: Route): boolean {
  const { isInFlight, head } = transaction;
  const exceeded = isInFlight ? undefined : limits.enter(route, head?.contentLength);
  if (exceeded) refuseUndecided(transaction, exceeded);
  else transaction.isInFlight = true;
  return exceeded === undefined;
}

/** Refuses a request that was granted, and whose token was revoked before there was a response. */
function refuseRevoked(transaction: JudgedRequest): undefined {
  const scopes = transaction.decision?.grant?.scopes ?? [];
  refuse(transaction, 'revoked_token', { ...NO_FIELDS, scopes });
}

/** Refuses a request that was granted, and whose token has expired, or whose exception has lapsed, before there was a response. */
function refuseExpired(transaction: JudgedRequest): undefined {
  const { grant, excused = [] } = transaction.decision ?? {};
  const { scopes = [], lapsesAt = Number.POSITIVE_INFINITY, identity } = grant ?? {};
  const lapsed = excused.find(({ exception }) => exception.lapsesAt === lapsesAt);
  const isLapsed = lapsed !== undefined && identity !== undefined && lapsesAt < identity.validUntil * 1000;
  refuse(transaction, isLapsed ? lapsed.reason : 'token_expired', { ...NO_FIELDS, scopes });
}

/** Replies where a request that was forwarded has ended without a response for the client. */
export function replyToEnd(transaction: Transaction, end: ForwardEnd): undefined {
  switch (end) {
    case 'complete':
    case 'client_gone':
      return;
    case 'expired':
    case 'revoked':
      if (transaction.request.status !== undefined) return;
      return end === 'expired' ? refuseExpired(transaction) : refuseRevoked(transaction);
    case 'body_too_large':
    case 'request_timeout':
    case 'malformed_request':
      return refuse(transaction, end);
    default:
      transaction.failure = end;
      transaction.reply(createFailure(end.reason, transaction.requestId));
  }
}

/** Answers a request for a metadata document, which needs no route and no token. */
export function publish(transaction: JudgedRequest, metadata: PublishedMetadata): undefined {
  const { method, fields } = transaction.request.head;
  transaction.responseFields.push(...createMetadataFields(metadata));
  const reply = createMetadataReply(metadata, method, fields);
  if ('reason' in reply) refuse(transaction, reply.reason, { ...NO_FIELDS, allow: METADATA_METHODS });
  else transaction.reply(reply);
}

/**
 * Adds the CORS fields to every response of this request, and answers it if it is a preflight. The handshake of a WebSocket gets none:
 * browsers do no CORS there.
 *
 * @returns whether it was answered.
 */
export function applyCors(transaction: JudgedRequest, cors: Cors): boolean {
  if (transaction.isHandshake) return false;
  const { method, fields } = transaction.request.head;
  transaction.responseFields.push(...createCorsFields(cors, fields));
  if (!isPreflight(method, fields)) return false;
  transaction.reply(createPreflightReply(cors, fields));
  return true;
}
