/** Which upstreams only public and `report` routes use. A path that servers read differently is forwarded to those, and reported. */
/** Adds those of the upstream of `route`, unless the route is public or on `report` and so protects nothing. */
export function addProtectedPorts(ports, route) {
    if (route.public || route.enforcement === 'report')
        return;
    for (const endpoint of route.upstream.endpoints)
        ports.add(portOf(endpoint));
}
/** @returns whether only public and `report` routes use the upstream of `route`. */
export function isUnprotectedUpstream(ports, route) {
    return route.upstream.endpoints.every(endpoint => !ports.has(portOf(endpoint)));
}
/** `/var/run` is another name of `/run` (Filesystem Hierarchy Standard 3.0 section 5.13). */
function portOf({ socketPath, origin }) {
    if (socketPath !== undefined)
        return socketPath.replace(/^\/var\/run\//, '/run/');
    const { port, protocol } = new URL(origin);
    return port || (protocol === 'https:' ? '443' : '80');
}
