/** What a request asks an MCP server for: from its head, and, where a rule of its route depends on it, from its body. */

import type { BodyMemory } from './body-memory.ts';
import type { Mcp } from './config/mcp-config.ts';
import type { Denial } from './denial.ts';
import { type McpRequest, readMcpBody, readMcpHead, withoutBody } from './mcp/mcp-request.ts';
import type { RequestHead } from './route/request-head.ts';
import type { Transaction } from './transaction.ts';
import { WholeBody, type WholeBodyLimits } from './whole-body.ts';

/**
 * @param memory what bodies of all requests may have together; that of this one is counted until the transaction has finished.
 * @param next called once with the request, or with why it cannot be read; not where the client leaves before.
 */
export function readAsked(
  transaction: Transaction,
  head: RequestHead,
  mcp: Mcp,
  limits: WholeBodyLimits,
  memory: BodyMemory,
  next: (asked: McpRequest | Denial) => undefined,
): undefined {
  const { request, isHandshake } = transaction;
  const { method, hasBody } = head;
  const mcpHead = readMcpHead(mcp, { method, hasBody, isHandshake, fields: request.head.fields });
  if (!mcpHead.ok) return next(mcpHead);
  if (!mcpHead.needsBody) return next(withoutBody(mcpHead));
  const size = Math.min(mcp.maxBody, limits.size);
  transaction.body = new WholeBody(request, { ...limits, size }, memory, result =>
    next(result.ok ? readMcpBody(mcp, mcpHead, result.bytes) : result),
  );
  transaction.body.start(head.contentLength ?? (hasBody ? undefined : 0));
}
