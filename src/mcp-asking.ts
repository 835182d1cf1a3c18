/** What a request asks an MCP server for: from its head, and, where a rule of its route depends on it, from its body. */

import type { BodyMemory } from './body-memory.ts';
import type { Route } from './config/config.ts';
import { type Denial, deny } from './denial.ts';
import type { JudgedRequest } from './judged-request.ts';
import { refuseUndecided } from './local-replies.ts';
import { type McpRequest, readMcpBody, readMcpHead, withoutBody } from './mcp/mcp-request.ts';
import type { RequestHead } from './route/request-head.ts';
import { WholeBody } from './whole-body.ts';

/**
 * Refuses what cannot be read; for the reason that was found before, where the request was to be refused in any case.
 *
 * @param memory what the bodies of all requests may have together; that of this one is counted until the transaction has finished.
 * @param timeout milliseconds for the next piece of the body.
 * @param next called once with the request; not where it is refused, nor where the client leaves before.
 */
export function readAsked(
  transaction: JudgedRequest,
  head: RequestHead,
  { mcp, limits }: Route,
  memory: BodyMemory,
  timeout: number,
  next: (asked: McpRequest) => undefined,
): undefined {
  if (!mcp) throw new Error('the route has no mcp');
  const { request, original, isHandshake } = transaction;
  const { method, hasBody, contentLength } = head;
  const conclude = (asked: McpRequest | Denial) =>
    asked.ok ? next(asked) : refuseUndecided(transaction, asked.reason);

  const mcpHead = readMcpHead(mcp, { method, hasBody, isHandshake, fields: original.fields });
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
