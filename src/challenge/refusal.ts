/** Reason → local reply: status, header fields, and a problem document (RFC 9457) without any text of the request. */

import { FAILURES, type FailureReason, REFUSALS, type Reason } from '../denial.ts';
import type { HeaderList } from '../http/header-list.ts';

export interface LocalReply {
  readonly status: number;
  /** The value of Upgrade (RFC 9110 section 15.5.22). */
  readonly protocol?: string | undefined;
  readonly headers: HeaderList;
  readonly body: string;
}

export interface RefusalDetails {
  readonly requestId: string;
  /** `WWW-Authenticate`. */
  readonly challenge?: string | undefined;
  /** `Allow` (RFC 9110 section 10.2.1). */
  readonly allow?: readonly string[] | undefined;
  /** Members of a JSON-RPC error response, beside those of the problem document; of a header mismatch only the id. */
  readonly rpcError?: { readonly id: string | number | null } | undefined;
}

/** @returns the reply to a request that is denied (docs/reference/refusals.md). */
export function createRefusal(reason: Reason, { requestId, challenge, allow, rpcError }: RefusalDetails): LocalReply {
  const refusal = REFUSALS[reason];
  const headers = [
    ...(challenge === undefined ? [] : ['WWW-Authenticate', challenge]),
    ...(reason === 'method_not_allowed' ? ['Allow', (allow ?? []).join(', ')] : []),
    ...('retryAfter' in refusal ? ['Retry-After', String(refusal.retryAfter)] : []),
    ...('fields' in refusal ? refusal.fields : []),
  ];
  if (reason === 'mcp_header_mismatch') return createHeaderMismatch(refusal.title, headers, rpcError?.id);
  const reply = createProblem(refusal, reason, requestId, headers, rpcError);
  return 'protocol' in refusal ? { ...reply, protocol: refusal.protocol } : reply;
}

/** @returns the reply to a request that was allowed and got no usable response from its upstream. */
export function createFailure(reason: FailureReason, requestId: string): LocalReply {
  return createProblem(FAILURES[reason], reason, requestId, []);
}

/** HeaderMismatch of MCP (2026-07-28, Server Validation). Clients read the code. */
function createHeaderMismatch(message: string, headers: HeaderList, id: string | number | null = null): LocalReply {
  const body = JSON.stringify({ jsonrpc: '2.0', id, error: { code: -32_020, message } });
  return {
    status: REFUSALS.mcp_header_mismatch.status,
    headers: [...headers, ...describeBody('application/json', body)],
    body,
  };
}

function createProblem(
  { title, status }: { readonly title: string; readonly status: number },
  reason: Reason | FailureReason,
  requestId: string,
  headers: HeaderList,
  rpcError?: object,
): LocalReply {
  const members = rpcError && { jsonrpc: '2.0', ...rpcError };
  const body = JSON.stringify({ title, status, reason, request_id: requestId, ...members });
  return { status, headers: [...headers, ...describeBody('application/problem+json', body)], body };
}

function describeBody(type: string, body: string): HeaderList {
  return ['Content-Type', type, 'Content-Length', String(Buffer.byteLength(body)), 'Cache-Control', 'no-store'];
}
