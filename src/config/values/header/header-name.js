/** The keys of `claims_to_headers`: names of header fields (RFC 9110 section 5.1) that a claim may set. */
import { accept, reject } from '../parsed-value.js';
import { findReservedField, foldFieldName } from './reserved-fields.js';
export const HEADER_NAME_FORM = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/**
 * @returns `name`; rejects what is no field name, and every spelling of a reserved field. Fields that name the user are
 *   accepted, since claims are meant to set those.
 */
export function parseHeaderName(name) {
    if (!HEADER_NAME_FORM.test(name)) {
        return reject('is not a header field name', { expected: 'a name such as X-User' });
    }
    const reserved = findReservedField(foldFieldName(name));
    if (reserved !== undefined && reserved.group !== 'user') {
        return reject(`is a header field that claims must not set: it ${reserved.reason}`, {
            code: 'reserved-header',
            expected: 'a name of your own such as X-User',
        });
    }
    return accept(name);
}
