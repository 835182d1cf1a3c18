/** `cors` of a route, checked and with every default: which web pages may read its responses. */
const ALWAYS_ALLOWED = ['Authorization', 'Content-Type'];
const ALWAYS_EXPOSED = ['WWW-Authenticate', 'X-Request-Id'];
/** @param rules of the route; a public one has none. */
export function buildCors(settings, rules) {
    if (settings === undefined)
        return undefined;
    return {
        origins: new Set(settings.origins),
        methods: settings.methods ?? listMethods(rules),
        headers: joinNames(ALWAYS_ALLOWED, settings.headers),
        expose: joinNames(ALWAYS_EXPOSED, settings.expose),
        credentials: settings.credentials,
        maxAge: settings.max_age,
    };
}
/** Of all paths: a page is then refused with a 405 that it can read, and not by its browser. */
function listMethods(rules) {
    const methods = rules.flatMap(({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
    return methods.length === 0 || methods.includes('*') ? ['*'] : [...new Set(methods)];
}
/** Names are compared without case (RFC 9110 section 5.1). */
function joinNames(always, further) {
    const byName = new Map([...always, ...further].map(name => [name.toLowerCase(), name]));
    return [...byName.values()];
}
