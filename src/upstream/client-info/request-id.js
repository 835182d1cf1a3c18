/** X-Request-Id: the id by which one request is found in every log on the way. */
import { randomUUID } from 'node:crypto';
import { valuesOf } from '../../http/header-list.js';
/** The field that the upstream and the client get. */
export const REQUEST_ID_FIELD = 'X-Request-Id';
const READABLE = /^[A-Za-z0-9._-]{1,128}$/;
/**
 * @param fields of the request; of a trusted proxy its X-Request-Id is continued where it is the only one, and 1 to 128 of
 *   letters, digits, `.`, `_` and `-`. What anybody else sends is ignored.
 */
export function readRequestId(isFromTrustedProxy, fields) {
    if (!isFromTrustedProxy)
        return randomUUID();
    const [sent = '', ...further] = valuesOf(fields, 'x-request-id');
    return further.length === 0 && READABLE.test(sent) ? sent : randomUUID();
}
