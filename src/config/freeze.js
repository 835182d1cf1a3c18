/** Freezes a configuration: every request reads it, and nothing may change it. */
/** @returns `value`, frozen with everything in it. Sets and maps cannot be frozen; their types are read-only. */
export function freezeDeep(value) {
    if (typeof value !== 'object' || value === null || Object.isFrozen(value))
        return value;
    const held = value instanceof Map ? [...value.values()] : Object.values(value);
    for (const inner of held)
        freezeDeep(inner);
    return Object.freeze(value);
}
