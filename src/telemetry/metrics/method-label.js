/** The label `method`: a method of the IANA HTTP Method Registry (RFC 9110 section 18.2), else `OTHER`, so that it is bounded. */
const REGISTERED = new Set(('ACL BASELINE-CONTROL BIND CHECKIN CHECKOUT CONNECT COPY DELETE GET HEAD LABEL LINK LOCK MERGE MKACTIVITY ' +
    'MKCALENDAR MKCOL MKREDIRECTREF MKWORKSPACE MOVE OPTIONS ORDERPATCH PATCH POST PRI PROPFIND PROPPATCH PUT QUERY ' +
    'REBIND REPORT SEARCH TRACE UNBIND UNCHECKOUT UNLINK UNLOCK UPDATE UPDATEREDIRECTREF VERSION-CONTROL').split(' '));
/** @returns `method`, or `OTHER` for one that is not registered. */
export function methodLabel(method) {
    return REGISTERED.has(method) ? method : 'OTHER';
}
