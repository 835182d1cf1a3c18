/** Filters of the latest denials, as query parameters: those of a cell of the matrix, or of a client. */
/** Links to it are relative, since a proxy may serve the status page below a path of its own. */
export const DENIALS_PATH = '/denials';
const NAMES = ['route', 'presented', 'client', 'issuer'];
/** @returns the link to the denials of `filter`. */
export function linkDenials(filter) {
    const given = NAMES.flatMap(name => (filter[name] === undefined ? [] : [[name, filter[name]]]));
    // A lone surrogate becomes U+FFFD, so that link finds nothing.
    return `.${DENIALS_PATH}?${new URLSearchParams(given)}`;
}
/** @param target path and query of a request. @returns the filter in its query. */
export function readFilter(target) {
    const query = new URLSearchParams(target.includes('?') ? target.slice(target.indexOf('?')) : '');
    return Object.fromEntries(NAMES.flatMap(name => (query.has(name) ? [[name, query.get(name) ?? '']] : [])));
}
/** @returns the denials that match every part of `filter`. */
export function filterDenials(denials, filter) {
    const { route, presented, client, issuer } = filter;
    return denials.filter(denial => (route === undefined || denial.route === route) &&
        (presented === undefined || denial.presented === presented) &&
        (client === undefined || denial.clientId === client) &&
        (issuer === undefined || denial.issuer === issuer));
}
