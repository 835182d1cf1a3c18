/** How long the issuer says that its key set is fresh (RFC 9111 section 5.2.2). */
const DIRECTIVE = /(?:^|,)[\t ]*([\w-]+)(?:=(?:"([^"]*)"|([^\s,"]*)))?/g;
/**
 * @param headers of the response with the key set.
 * @returns milliseconds; `undefined` where the response says nothing of use: no `max-age` or one of 0, or `no-cache` or
 *   `no-store`, which Keycloak sends with keys that change once in months.
 */
export function readLifetime(headers) {
    const directives = [...(headers.get('cache-control') ?? '').matchAll(DIRECTIVE)].map(([, name = '', quoted, plain]) => ({ name: name.toLowerCase(), value: quoted ?? plain ?? '' }));
    if (directives.some(({ name }) => name === 'no-cache' || name === 'no-store'))
        return undefined;
    const ages = directives.filter(({ name }) => name === 'max-age').map(({ value }) => readSeconds(value));
    const lifetime = Math.min(...ages) - (readSeconds(headers.get('age') ?? '') || 0);
    return lifetime > 0 && Number.isFinite(lifetime) ? lifetime * 1000 : undefined;
}
function readSeconds(text) {
    return /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
}
