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
}

/** @returns the reply to a request that is denied (docs/reference/refusals.md). */
export function createRefusal(reason: Reason, { requestId, challenge, allow }: RefusalDetails): LocalReply {
  const refusal = REFUSALS[reason];
  const headers = [
    ...(challenge === undefined ? [] : ['WWW-Authenticate', challenge]),
    ...(reason === 'method_not_allowed' ? ['Allow', (allow ?? []).join(', ')] : []),
    ...('retryAfter' in refusal ? ['Retry-After', String(refusal.retryAfter)] : []),
    ...('fields' in refusal ? refusal.fields : []),
  ];
  const reply = createProblem(refusal, reason, requestId, headers);
  return 'protocol' in refusal ? { ...reply, protocol: refusal.protocol } : reply;
}

/** @returns the reply to a request that was allowed and got no usable response from its upstream. */
export function createFailure(reason: FailureReason, requestId: string): LocalReply {
  return createProblem(FAILURES[reason], reason, requestId, []);
}

function createProblem(
  { title, status }: { readonly title: string; readonly status: number },
  reason: Reason | FailureReason,
  requestId: string,
  headers: HeaderList,
): LocalReply {
  const body = JSON.stringify({ title, status, reason, request_id: requestId });
  const about = ['Content-Type', 'application/problem+json', 'Content-Length', String(Buffer.byteLength(body))];
  return { status, headers: [...headers, ...about, 'Cache-Control', 'no-store'], body };
}
