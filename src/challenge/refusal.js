/** Reason → local reply: status, header fields, and a problem document (RFC 9457) without any text of the request. */
import { FAILURES, REFUSALS } from '../denial.js';
/** @returns the reply to a request that is denied (docs/reference/refusals.md). */
export function createRefusal(reason, { requestId, challenge, allow }) {
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
export function createFailure(reason, requestId) {
    return createProblem(FAILURES[reason], reason, requestId, []);
}
function createProblem({ title, status }, reason, requestId, headers) {
    const body = JSON.stringify({ title, status, reason, request_id: requestId });
    const about = ['Content-Type', 'application/problem+json', 'Content-Length', String(Buffer.byteLength(body))];
    return { status, headers: [...headers, ...about, 'Cache-Control', 'no-store'], body };
}
