/** What an error of node:http means, which carries the handshakes of WebSockets. */
import { describeFailure } from '../http/client/failure.js';
/**
 * @param hasHead the head of the response has come.
 * @returns the failure of a handshake, or of the response to it.
 */
export function describeHandshakeError(error, stage, hasHead) {
    const failure = describeFailure(error, { stage, hasHead, isUntouched: false });
    const cause = failure.code?.startsWith('HPE_') ? readParserError(failure.code) : failure.cause;
    return { ...failure, cause };
}
/** @param code of node:http's parser. */
function readParserError(code) {
    if (code === 'HPE_HEADER_OVERFLOW')
        return 'response_headers_too_large';
    return code === 'HPE_INVALID_EOF_STATE' ? 'reset' : 'malformed_response';
}
