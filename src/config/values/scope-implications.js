/** `scope_implies`: which scopes a scope includes, directly and by way of those that it includes. */
/** @param direct as the YAML has it. */
export function closeImplications(direct) {
    const includes = new Map(Object.entries(direct));
    const closed = new Map();
    const cycles = [];
    for (const scope of includes.keys()) {
        const reached = reach(scope, includes);
        if (reached.has(scope))
            cycles.push(scope);
        closed.set(scope, [...reached]);
    }
    return { closed, cycles };
}
/** Ends with a cycle, too: each scope is visited once. */
function reach(scope, includes) {
    const reached = new Set();
    const open = [...(includes.get(scope) ?? [])];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
        if (reached.has(next))
            continue;
        reached.add(next);
        open.push(...(includes.get(next) ?? []));
    }
    return reached;
}
