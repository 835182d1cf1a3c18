/** Warnings about public routes that contain protected ones. */
/** Cannot be a host name, since it is a space. */
const ALL = ' ';
/**
 * Warns about each public route that contains protected ones: a request for a protected path with one wrong letter matches the
 * public route and needs no token. The tree keeps the cost at the number of segments, not of pairs of routes.
 */
export function warnOfShadows(routes, diagnostics) {
    const root = createBranch();
    const branches = new Map();
    for (const route of routes)
        if (route.found.public === true && route.target)
            branches.set(route, insert(root, route));
    if (branches.size === 0)
        return;
    for (const route of routes)
        if (route.found.public === false)
            count(root, route);
    for (const [route, branch] of branches)
        warnOfShadow(route, branch, diagnostics);
}
function warnOfShadow(route, { contained: byHost }, diagnostics) {
    const host = route.target?.host;
    // A route for one host contains those of this host and of every host; a route for every host contains all.
    const contained = (host === undefined ? [ALL] : [host, '']).flatMap(name => byHost.get(name) ?? []);
    const [one, other] = contained;
    if (one === undefined)
        return;
    const first = other !== undefined && other.first.line < one.first.line ? other.first : one.first;
    const more = contained.reduce((sum, { count }) => sum + count, 0) - 1;
    const what = `this public route contains the protected route "${first.key}" (line ${first.line})`;
    diagnostics.warning(route.path, 'public-over-protected', more > 0 ? `${what} and ${more} more` : what, 'key');
}
function insert(root, route) {
    let branch = root;
    for (const segment of segmentsOf(route)) {
        const child = branch.children.get(segment) ?? createBranch();
        branch.children.set(segment, child);
        branch = child;
    }
    return branch;
}
function count(root, route) {
    if (!route.target)
        return;
    add(root, route);
    let branch = root;
    for (const segment of segmentsOf(route)) {
        branch = branch.children.get(segment);
        if (!branch)
            return;
        add(branch, route);
    }
}
function add({ contained: byHost }, route) {
    for (const name of [ALL, route.target?.host ?? '']) {
        const known = byHost.get(name);
        if (known)
            known.count += 1;
        else
            byHost.set(name, { count: 1, first: route });
    }
}
function createBranch() {
    return { children: new Map(), contained: new Map() };
}
function segmentsOf({ target }) {
    return target === undefined || target.prefix === '/' ? [] : target.prefix.slice(1).split('/');
}
