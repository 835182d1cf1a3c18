/** `scope_implies`: which scopes a scope includes, directly and by way of those that it includes. */

export interface ClosedImplications {
  /** Scope → every scope that it includes, not itself. */
  readonly closed: ReadonlyMap<string, readonly string[]>;
  /** Scopes that include themselves. */
  readonly cycles: readonly string[];
}

/** @param direct as the YAML has it. */
export function closeImplications(direct: Readonly<Record<string, readonly string[]>>): ClosedImplications {
  const includes = new Map(Object.entries(direct));
  const closed = new Map<string, readonly string[]>();
  const cycles: string[] = [];
  for (const scope of includes.keys()) {
    const reached = reach(scope, includes);
    if (reached.has(scope)) cycles.push(scope);
    closed.set(scope, [...reached]);
  }
  return { closed, cycles };
}

/** Ends with a cycle, too: each scope is visited once. */
function reach(scope: string, includes: ReadonlyMap<string, readonly string[]>): ReadonlySet<string> {
  const reached = new Set<string>();
  const open = [...(includes.get(scope) ?? [])];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (reached.has(next)) continue;
    reached.add(next);
    open.push(...(includes.get(next) ?? []));
  }
  return reached;
}
