/** How a response is framed, and whether its connection goes on (RFC 9112 sections 6 and 9.3). */
import { formatFraming, formatResponseHead } from '../framing/head-text.js';
/**
 * @param request `undefined` where it could not be parsed.
 * @param mustClose the connection closes with this response, whatever the client wants.
 */
export function frameResponse(request, head, mustClose) {
    const isOld = request?.version === '1.0';
    const isUntilClose = isOld && head.body === 'unknown' && hasBody(request, head.status);
    const isLast = mustClose || isUntilClose || !request?.isPersistent;
    const framing = isUntilClose ? 'close' : readFraming(request, head);
    const connection = formatConnection(isLast ? 'close' : isOld ? 'keep-alive' : '', head.offered);
    return { text: formatResponseHead(head, connection, describe(framing, head)), framing, isLast };
}
/** @param offered goes into Upgrade, which Connection has to name (RFC 9110 section 7.8). */
function formatConnection(option, offered) {
    if (offered !== undefined)
        return `Connection: ${option && `${option}, `}Upgrade\r\nUpgrade: ${offered}\r\n`;
    return option && `Connection: ${option}\r\n`;
}
/** A response to HEAD, and a 204 or 304, end with their heads (RFC 9112 section 6.3). */
function hasBody(request, status) {
    return request?.method !== 'HEAD' && status !== 204 && status !== 304;
}
function readFraming(request, { status, body }) {
    if (!hasBody(request, status))
        return 'none';
    // Without a length the client would wait for the end of the connection.
    return body === 'none' ? 0 : body;
}
/** A response without a body may carry Content-Length, except a 204 (RFC 9110 section 8.6). */
function describe(framing, { status, body }) {
    if (framing === 'close')
        return '';
    if (framing !== 'none')
        return formatFraming(framing);
    return typeof body === 'number' && status !== 204 ? formatFraming(body) : '';
}
