/** The form of a request target (RFC 9112 section 3.2), and the host that it and the Host field name (RFC 9110 section 7.2). */
import { isSameAuthority, readHost } from './authority.js';
const ABSOLUTE_FORM = /^(https?):\/\/([^/?#]*)([^#]*)$/i;
/**
 * Absolute-form is reduced to origin-form.
 *
 * @param target as sent.
 * @param hosts the value of each Host field.
 * @returns `undefined` for a target that is neither in origin-form nor in absolute-form of http, nor the `*` of OPTIONS; for more
 *   than one Host, an invalid one, or another one than that of an absolute-form (RFC 9112 section 3.2.2); for none, which only
 *   HTTP/1.0 may leave out.
 */
export function readTarget({ method, target, version }, hosts) {
    const [authority] = hosts;
    if (hosts.length > 1 || (authority === undefined && version !== '1.0'))
        return undefined;
    const host = authority === undefined ? '' : readHost(authority);
    if (host === undefined)
        return undefined;
    if (target.startsWith('/') || (target === '*' && method === 'OPTIONS'))
        return { authority, host, target };
    return readAbsoluteForm(target, authority);
}
function readAbsoluteForm(text, sent) {
    const [, scheme, named = '', rest = ''] = ABSOLUTE_FORM.exec(text) ?? [];
    const host = scheme && readHost(named);
    if (!scheme || host === undefined)
        return undefined;
    if (sent !== undefined && !isSameAuthority(scheme, named, sent))
        return undefined;
    return { authority: sent ?? named, host, target: rest.startsWith('/') ? rest : `/${rest}` };
}
