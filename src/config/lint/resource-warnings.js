/** Warnings about a resource, and about two resources that are easily confused. */
import { hasUpperCaseOrigin, isInClear } from '../values/address/uri.js';
/** Warns about each resource once, at the first route that has it. */
export function warnOfResources(routes, diagnostics) {
    const seen = new Map();
    for (const route of routes) {
        const { resource } = route.found;
        if (resource === undefined || seen.has(resource))
            continue;
        const twin = seen.get(resource.endsWith('/') ? resource.slice(0, -1) : `${resource}/`);
        seen.set(resource, route);
        for (const [code, what] of listWarnings(resource, twin))
            diagnostics.warning([...route.path, 'resource'], code, what);
    }
}
function listWarnings(resource, twin) {
    const slash = `differs only by a trailing slash from the resource of route "${twin?.key}" (line ${twin?.line})`;
    const warnings = [
        [twin !== undefined, 'resource-trailing-slash-twin', slash],
        [hasUpperCaseOrigin(resource), 'resource-uppercase-host', 'upper-case letters in scheme or host'],
        [isInClear(resource), 'resource-without-tls', 'a resource without TLS'],
        [resource.includes('?'), 'resource-with-query', 'a resource with a query'],
        [resource.includes('*'), 'audience-wildcard', 'a * that stands for nothing but itself'],
    ];
    return warnings.flatMap(([applies, code, what]) => (applies ? [[code, what]] : []));
}
