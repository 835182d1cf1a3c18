/** What a request asks an MCP server for: from its head, and, where a rule of its route depends on it, from its body. */

import type { BodyMemory } from './body-memory.ts';
import type { Route } from './config/config.ts';
import { type Denial, deny, isRefused } from './denial.ts';
import { refuseUndecided } from './local-replies.ts';
import { type McpFields, readMcpFields } from './mcp/fields.ts';
import { type McpRequest, readMcpBody, readMcpHead, withoutBody } from './mcp/mcp-request.ts';
import type { RequestHead } from './route/request-head.ts';
import type { Transaction } from './transaction.ts';
import { WholeBody } from './whole-body.ts';

/**
 * Refuses what cannot be read; for the reason that was found before, where the request was to be refused in any case.
 *
 * @param memory what the bodies of all requests may have together; that of this one is counted until the transaction has finished.
 * @param timeout milliseconds for the next piece of the body.
 * @param next called once with the request; not where it is refused, nor where the client leaves before.
 */
export function readAsked(
  transaction: Transaction,
  head: RequestHead,
  route: Route,
  memory: BodyMemory,
  timeout: number,
  next: (asked: McpRequest) => undefined,
): undefined {
  const { mcp, limits } = route;
  if (!mcp) throw new Error('the route has no mcp');
  const { request, original, isHandshake } = transaction;
  const { method, hasBody, contentLength } = head;
  const { fields } = original;
  let hasForeignSession = false;
  const conclude = (asked: McpRequest | Denial) =>
    asked.ok ? next({ ...asked, hasForeignSession }) : refuseUndecided(transaction, asked.reason);

  const mcpFields = readMcpFields(fields, mcp.revisions);
  if (!mcpFields.ok) return conclude(mcpFields);
  hasForeignSession = judgeSession(transaction, head, route, mcpFields);
  if (hasForeignSession && isSessionRefused(transaction, route)) return conclude(deny(NOT_FOUND));
  const mcpHead = readMcpHead(mcp, { method, hasBody, isHandshake, fields }, mcpFields);
  if (!mcpHead.ok) return conclude(mcpHead);
  if (!mcpHead.needsBody) return conclude(withoutBody(mcpHead));
  // A rule cannot be judged by a part of a body, nor by none where another proxy has kept it.
  if (!transaction.hasWholeBody) return conclude(deny('body_too_large'));
  const size = Math.min(mcp.maxBody, limits.body ?? Number.POSITIVE_INFINITY);
  transaction.body = new WholeBody(request, { size, timeout }, memory, body =>
    conclude(body.ok ? readMcpBody(mcp, mcpHead, body.bytes) : body),
  );
  transaction.body.start(hasBody ? contentLength : 0);
}

const NOT_FOUND = 'session_not_found';

/** @returns whether the request names a session that is not its sender's. What an upstream hears of the session is set here. */
function judgeSession(transaction: Transaction, head: RequestHead, route: Route, { session }: McpFields): boolean {
  const { sessions, decision } = transaction;
  transaction.session = sessions?.judge(route, decision?.verified, head.authorization, session);
  return transaction.session?.isForeign === true;
}

/** A request that is refused for its token in any case is told what it lacks, by its body. */
function isSessionRefused({ decision }: Transaction, route: Route): boolean {
  const isRefusedBefore = decision !== undefined && 'refused' in decision && decision.refused !== undefined;
  return !isRefusedBefore && !route.public && isRefused(NOT_FOUND, route.enforcement);
}
