/** Warnings about issuers whose tokens say little about whom they are for, or whose names lead no client anywhere. */
import { isServerUrl } from '../values/address/uri.js';
import { isOpenWithoutScope } from './alias-warnings.js';
import { recogniseProduct } from './identity-products/issuer-product.js';
/** Warns about the issuers of `file`, and about each route that accepts them. */
export function warnOfClaims(file, diagnostics) {
    for (const [name, { audienceClaim }] of file.issuers) {
        if (audienceClaim === 'aud')
            continue;
        const what = 'every token of a client that a route lists as audience is accepted there';
        diagnostics.warning(['issuers', name, 'audience_claim'], 'audience-is-client', what);
    }
    const names = {
        all: file.issuerNames ?? [],
        forEveryone: new Set(file.issuerNames?.filter(name => recogniseProduct(name).isForEveryone)),
        // A name from which keys are discovered is a URL, or an error of its own.
        withoutServer: new Set([...file.issuers.values()]
            .filter(({ issuer, keySource }) => keySource.kind !== 'discovery' && !isServerUrl(issuer))
            .map(({ issuer }) => issuer)),
    };
    for (const route of file.routes) {
        if (route.found.public === true || route.found.resource === undefined)
            continue;
        warnOfEveryone(route, names, diagnostics);
        warnOfServers(route, names, diagnostics);
    }
}
function warnOfEveryone({ found, path }, names, diagnostics) {
    if (names.forEveryone.size === 0)
        return;
    const issuer = (found.issuers ?? names.all).find(name => names.forEveryone.has(name));
    const isOpen = isOpenWithoutScope(found.scopes) && Object.keys(found.claims ?? {}).length === 0;
    if (issuer === undefined || !isOpen)
        return;
    const what = `anybody gets a token of "${issuer}", and this route requires neither scopes nor claims`;
    diagnostics.warning([...path, 'issuers'], 'issuer-for-everyone', what);
}
function warnOfServers({ found, path }, names, diagnostics) {
    if (found.metadata?.authorization_servers !== undefined || names.withoutServer.size === 0)
        return;
    const isNameless = found.issuers === undefined
        ? names.withoutServer.size === names.all.length
        : found.issuers.every(name => names.withoutServer.has(name));
    if (!isNameless)
        return;
    diagnostics.warning(path, 'metadata-without-server', 'no issuer of this route is named by an http(s) URL', 'key');
}
