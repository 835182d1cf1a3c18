/** Checks a request's head: Host and target (request-target.ts), path, Expect (RFC 9110 section 10.1.1). Its framing was checked as it was read. */
import { deny } from '../denial.js';
import { isName, reduceFields } from '../http/header-list.js';
import { canonicalizePath } from './path.js';
import { readTarget } from './request-target.js';
/** Some servers silently ignore fields after a number of them; Apache httpd refuses more than 100. */
const MOST_FIELDS = 200;
/** Never forwarded, since some servers end the request target there (RFC 9112 section 3). */
const CONTROL_OR_BLANK = /[\x00-\x20\x7f]/;
/**
 * @returns the checked head, or `malformed_request` (not exactly one valid Host, save none in HTTP/1.0; a target that is not in
 *   origin-form nor an absolute-form of the same authority), `expectation_failed` (something else than 100-continue),
 *   `headers_too_large` (more than 200 fields), `ambiguous_path` (a control character or a blank in the target), or `no_route`
 *   for `OPTIONS *`.
 */
export function readRequestHead(request) {
    if (request.fields.length > 2 * MOST_FIELDS)
        return deny('headers_too_large');
    const { host: hosts, authorization } = readFields(request.fields);
    const place = readTarget(request, hosts);
    if (place === undefined)
        return deny('malformed_request');
    if (request.expects === 'unknown')
        return deny('expectation_failed');
    const { authority, host, target } = place;
    if (target === '*')
        return deny('no_route');
    if (CONTROL_OR_BLANK.test(target))
        return deny('ambiguous_path');
    return {
        ok: true,
        method: request.method,
        authority,
        host,
        target,
        ...splitTarget(target),
        authorization,
        hasBody: request.body !== 'none' && request.body !== 0,
        contentLength: typeof request.body === 'number' ? request.body : undefined,
    };
}
function splitTarget(target) {
    const question = target.indexOf('?');
    const end = question === -1 ? target.length : question;
    const sentPath = target.slice(0, end);
    const query = target.slice(end);
    // Servers also differ on a fragment after the query.
    return { path: query.includes('#') ? deny('ambiguous_path') : canonicalizePath(sentPath), sentPath, query };
}
const NONE = [];
function readFields(fields) {
    return reduceFields(fields, addField, { host: NONE, authorization: NONE });
}
function addField(fields, name, value) {
    const field = findField(name);
    if (field)
        fields[field] = [...fields[field], value];
    return fields;
}
function findField(name) {
    if (isName(name, 'host'))
        return 'host';
    return isName(name, 'authorization') ? 'authorization' : undefined;
}
