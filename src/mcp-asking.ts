/** What a request asks an MCP server for: from its head, and, where a rule of its route depends on it, from its body. */

import type { BodyMemories, BodyMemory } from './body-memory.ts';
import type { Route } from './config/config.ts';
import { isRefused, type Reason } from './denial.ts';
import type { JudgedRequest } from './judged-request.ts';
import { refuseUndecided } from './local-replies.ts';
import { type McpFields, readMcpFields } from './mcp/fields.ts';
import { type McpRequest, readMcpBody, readMcpHead, withoutBody } from './mcp/mcp-request.ts';
import { type RpcError, readMessageId } from './mcp/rpc-error.ts';
import { createRevisionError } from './mcp/unsupported-revision.ts';
import type { RequestHead } from './route/request-head.ts';
import { type BodyResult, WholeBody } from './whole-body.ts';

/** Bytes of a body that is read for no more than the id of its message, which the client awaits in the refusal. */
const MOST_FOR_ID = 64 * 1024;

/**
 * Refuses what cannot be read; for the reason that was found before, where the request was to be refused in any case.
 *
 * @param memories what the bodies of all requests may have together; that of this one is counted until there is a response, or the
 *   transaction has finished.
 * @param timeout milliseconds for the next piece of the body.
 * @param next called once with the request; not where it is refused, nor where the client leaves before.
 */
export function readAsked(
  transaction: JudgedRequest,
  head: RequestHead,
  route: Route,
  memories: BodyMemories,
  timeout: number,
  next: (asked: McpRequest) => undefined,
): undefined {
  const { mcp, limits } = route;
  if (!mcp) throw new Error('the route has no mcp');
  const { original, isHandshake, hasWholeBody } = transaction;
  const { method, hasBody } = head;
  const { fields } = original;
  const refuse = (reason: Reason, rpcError?: RpcError) => refuseUndecided(transaction, reason, rpcError);
  const read = (size: number, memory: BodyMemory, onEnd: (body: BodyResult) => undefined): undefined => {
    const most = Math.min(size, limits.body ?? Number.POSITIVE_INFINITY);
    transaction.body = new WholeBody(transaction.request, { size: most, timeout }, memory, onEnd);
    transaction.body.start(hasBody ? head.contentLength : 0);
  };

  const mcpFields = readMcpFields(fields, mcp.revisions);
  if (!mcpFields.ok) {
    if (!('supported' in mcpFields)) return refuse(mcpFields.reason);
    if (!hasWholeBody) return refuse(mcpFields.reason, createRevisionError(mcpFields, undefined));
    return read(MOST_FOR_ID, memories.refused, body =>
      refuse(mcpFields.reason, createRevisionError(mcpFields, bytesOf(body))),
    );
  }
  const hasForeignSession = judgeSession(transaction, head, route, mcpFields);
  if (hasForeignSession && isSessionRefused(transaction, route)) return refuse(NOT_FOUND);
  const mcpHead = readMcpHead(mcp, { method, hasBody, isHandshake, fields }, mcpFields);
  if (!mcpHead.ok) return refuse(mcpHead.reason);
  if (!mcpHead.needsBody) return next({ ...withoutBody(mcpHead), hasForeignSession });
  // A rule cannot be judged by a part of a body, nor by none where another proxy has kept it.
  if (!hasWholeBody) return refuse('body_too_large');
  return read(mcp.maxBody, memories.judged, body => {
    const asked = body.ok ? readMcpBody(mcp, mcpHead, body.bytes) : body;
    if (asked.ok) return next({ ...asked, hasForeignSession });
    const isMismatch = body.ok && asked.reason === 'mcp_header_mismatch';
    return refuse(asked.reason, isMismatch ? { id: readMessageId(body.bytes) } : undefined);
  });
}

function bytesOf(body: BodyResult): Buffer | undefined {
  return body.ok ? body.bytes : undefined;
}

const NOT_FOUND = 'session_not_found';

/** @returns whether the request names a session that is not its sender's. What an upstream hears of the session is set here. */
function judgeSession(transaction: JudgedRequest, head: RequestHead, route: Route, { session }: McpFields): boolean {
  const { sessions, decision } = transaction;
  transaction.session = sessions?.judge(route, decision?.verified, head.authorization, session);
  return transaction.session?.isForeign === true;
}

/** A request that is refused for its token in any case is told what it lacks, by its body. */
function isSessionRefused({ decision }: JudgedRequest, route: Route): boolean {
  const isRefusedBefore = decision !== undefined && 'refused' in decision && decision.refused !== undefined;
  return !isRefusedBefore && !route.public && isRefused(NOT_FOUND, route.enforcement);
}
