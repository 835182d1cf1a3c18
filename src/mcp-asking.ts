/** What a request asks an MCP server for: from its head, and, where a rule of its route depends on it, from its body. */

import type { BodyMemory } from './body-memory.ts';
import type { Route } from './config/config.ts';
import type { Reason } from './denial.ts';
import { refuseUndecided } from './local-replies.ts';
import { type McpRequest, readMcpBody, readMcpHead, withoutBody } from './mcp/mcp-request.ts';
import { type RpcError, readMessageId } from './mcp/rpc-error.ts';
import { createRevisionError } from './mcp/unsupported-revision.ts';
import type { RequestHead } from './route/request-head.ts';
import type { Transaction } from './transaction.ts';
import { type BodyResult, WholeBody } from './whole-body.ts';

/** Bytes of a body that is read for no more than the id of its message, which the client awaits in the refusal. */
const MOST_FOR_ID = 64 * 1024;

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
  { mcp, limits }: Route,
  memory: BodyMemory,
  timeout: number,
  next: (asked: McpRequest) => undefined,
): undefined {
  if (!mcp) throw new Error('the route has no mcp');
  const { request, isHandshake } = transaction;
  const { method, hasBody } = head;
  const refuse = (reason: Reason, rpcError?: RpcError) => refuseUndecided(transaction, reason, rpcError);
  const read = (size: number, onEnd: (body: BodyResult) => undefined): undefined => {
    const most = Math.min(size, limits.body ?? Number.POSITIVE_INFINITY);
    transaction.body = new WholeBody(request, { size: most, timeout }, memory, onEnd);
    transaction.body.start(hasBody ? head.contentLength : 0);
  };

  const mcpHead = readMcpHead(mcp, { method, hasBody, isHandshake, fields: request.head.fields });
  if (!mcpHead.ok) {
    if (!('supported' in mcpHead)) return refuse(mcpHead.reason);
    return read(MOST_FOR_ID, body => refuse(mcpHead.reason, createRevisionError(mcpHead, bytesOf(body))));
  }
  if (!mcpHead.needsBody) return next(withoutBody(mcpHead));
  return read(mcp.maxBody, body => {
    const asked = body.ok ? readMcpBody(mcp, mcpHead, body.bytes) : body;
    if (asked.ok) return next(asked);
    const isMismatch = body.ok && asked.reason === 'mcp_header_mismatch';
    return refuse(asked.reason, isMismatch ? { id: readMessageId(body.bytes) } : undefined);
  });
}

function bytesOf(body: BodyResult): Buffer | undefined {
  return body.ok ? body.bytes : undefined;
}
